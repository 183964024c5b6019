import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { createKeyPair } from './key-pair.ts';

export type Claims = Record<string, unknown>;

/** Signs tokens of one issuer with one real key. */
export interface Signer {
  readonly issuer: string;
  readonly jwk: Record<string, unknown>;
  sign(claims: Claims, header?: Partial<JWTHeaderParameters>): Promise<string>;
  accessToken(claims?: Claims): Promise<string>;
  idToken(claims?: Claims): Promise<string>;
  /** A Logout Token of its session; a claim given as `undefined` is left out. */
  logoutToken(claims?: Claims, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

export const AUDIENCE = 'https://api.example.com';
export const CLIENT_ID = 'web';
export const LOGOUT_EVENT = { 'http://schemas.openid.net/event/backchannel-logout': {} };

export async function createSigner(
  issuer = 'https://op.example.com',
  { alg = 'RS256', kid = 'key-1' } = {},
): Promise<Signer> {
  const { privateKey, publicKey } = await createKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  let serial = 0;

  async function sign(claims: Claims, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: issuer, iat: now, exp: now + 3600, ...claims })
      .setProtectedHeader({ alg, kid, ...header })
      .sign(privateKey, { crit: { x: true } });
  }

  return {
    issuer,
    jwk,
    sign,
    accessToken: (claims = {}) => {
      const standard = { aud: AUDIENCE, sub: 'alice', sid: 'sid-1', client_id: CLIENT_ID };
      return sign({ ...standard, jti: `jti-${++serial}`, ...claims }, { typ: 'at+jwt' });
    },
    idToken: (claims = {}) =>
      sign({ aud: CLIENT_ID, sub: 'alice', sid: 'sid-1', nonce: `n-${++serial}`, ...claims }),
    logoutToken: (claims = {}, header = {}) => {
      const jti = `logout-${++serial}`;
      const standard = { aud: CLIENT_ID, sub: 'alice', sid: 'sid-1', jti, events: LOGOUT_EVENT };
      return sign({ ...standard, ...claims }, { typ: 'logout+jwt', ...header });
    },
  };
}

/** A real HTTP server on loopback for what a provider serves; its answers can be changed at any time. */
export interface ProviderServer {
  readonly issuer: string;
  /** The paths that were asked for. */
  readonly requests: string[];
  answer: RequestListener;
  close(): Promise<void>;
}

export async function startProviderServer(): Promise<ProviderServer> {
  const server = createServer((req, res) => {
    provider.requests.push(req.url ?? '');
    provider.answer(req, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const provider: ProviderServer = {
    issuer: `http://127.0.0.1:${port}`,
    requests: [],
    answer: (_req, res) => res.writeHead(404).end(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return provider;
}

/** The usual answers of a provider: its metadata and its keys. */
export function serveMetadata(
  issuer: string,
  keys: readonly object[],
  metadata: Record<string, unknown> = {},
): RequestListener {
  const documents: Record<string, unknown> = {
    '/.well-known/openid-configuration': {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      end_session_endpoint: `${issuer}/logout`,
      ...metadata,
    },
    '/jwks': { keys },
  };
  return (req, res) => {
    const document = documents[req.url ?? ''];
    res.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(document ?? {}));
  };
}
