import { randomUUID } from 'node:crypto';
import {
  createSigner,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../spec/support/provider.ts';

export type Algorithm = 'RS256' | 'ES256';

export type Signers = Readonly<Record<Algorithm, Signer>>;

/** A provider on loopback: its metadata, its keys, and what signs with them. */
export async function startProvider() {
  const server = await startProviderServer();
  const { issuer } = server;
  const signers: Signers = {
    RS256: await createSigner(issuer, { alg: 'RS256', kid: 'rsa' }),
    ES256: await createSigner(issuer, { alg: 'ES256', kid: 'ec' }),
  };
  server.answer = serveMetadata(issuer, [signers.RS256.jwk, signers.ES256.jwk], {
    authorization_endpoint: `${issuer}/authorize`,
    response_types_supported: ['id_token'],
    id_token_signing_alg_values_supported: Object.keys(signers),
  });
  return { issuer, signers, close: () => server.close() };
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

/** Signs the tokens of so many logins, each of a session of its own, and of a user of its own. */
export function createLogins(
  signer: Signer,
  count: number,
  { sub, scope = 'read write' }: { readonly sub?: string; readonly scope?: string } = {},
): Promise<Tokens[]> {
  const logins = Array.from({ length: count }, async () => {
    const owner = { sub: sub ?? randomUUID(), sid: randomUUID() };
    return {
      access_token: await signer.accessToken({ ...owner, jti: randomUUID(), scope }),
      id_token: await signer.idToken(owner),
      refresh_token: randomUUID(),
    };
  });
  return Promise.all(logins);
}
