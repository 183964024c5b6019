import { createServer } from 'node:http';
import { exportJWK } from 'jose';
import type { Configuration } from 'oidc-provider';
// Not from the main entry, for the reason told in example-app/provider.ts.
import { Provider } from 'oidc-provider/lib/provider.js';
import { closeServer, listen } from '../../example-app/listening.ts';
import { createMemoryAdapters } from '../../example-app/provider/memory-adapter.ts';
import { createKeyPair } from './key-pair.ts';

/** Of all that this package works with. */
export const ALL: Configuration['features'] = {
  backchannelLogout: { enabled: true },
  introspection: { enabled: true },
  revocation: { enabled: true },
  rpInitiatedLogout: { enabled: true },
};

/** Starts an oidc-provider with these features; answers its issuer and how to stop it. */
export async function startOidcProvider(features: Configuration['features'], alg = 'RS256') {
  const server = createServer();
  const issuer = `http://127.0.0.1:${await listen(server, 0)}`;
  const { privateKey } = await createKeyPair(alg);
  const provider = new Provider(issuer, {
    adapter: createMemoryAdapters(),
    cookies: { keys: ['key'] },
    enabledJWA: { idTokenSigningAlgValues: [alg as 'RS256'] },
    clientDefaults: { id_token_signed_response_alg: alg as 'RS256' },
    features: { devInteractions: { enabled: false }, ...features },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg, use: 'sig' }] },
  });
  const answer = provider.callback();
  server.on('request', (req, res) => void answer(req, res));
  return { issuer, close: () => closeServer(server) };
}
