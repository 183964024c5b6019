// Compiled against the packed package, and by `npm run typecheck`; never run.
import express from 'express';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import type { TokenEndpointResponse } from 'openid-client';
import {
  type GuardedRequest,
  HttpError,
  InvalidTokenError,
  type InvalidTokenCause,
  type OidcLogout,
  oidcLogout,
  OidcLogoutError,
  type OidcLogoutOptions,
  type RequestAuth,
  SessionEndedError,
  type Store,
  type StoreChange,
  type StoreSubscriber,
  StoreUnavailableError,
  type StoreUpdate,
} from 'express-oidc-logout';

const provider = { issuer: 'https://op.example.com', clientId: 'web' };

export class OwnStore implements Store {
  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return Promise.resolve(keys.map((key) => key));
  }
  update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    const { result, writes, messages }: StoreUpdate<Result> = change(
      keys.map(() => null),
      1.7e9,
    );
    for (const { key, value, ttl } of writes) {
      console.log(key.trim(), value?.trim(), ttl?.toFixed());
    }
    for (const message of messages) console.log(message.trim());
    return Promise.resolve(result);
  }
  subscribe(subscriber: StoreSubscriber): () => void {
    subscriber.live();
    return () => {
      subscriber.lost();
    };
  }
}

const every: Required<OidcLogoutOptions> = {
  provider: [
    {
      ...provider,
      clientSecret: undefined,
      postLogoutRedirectUri: ['https://app.example.com/', 'com.example.app:/logged-out'],
      algorithms: ['RS256', 'ES256'],
      logoutTokenTypes: ['at+jwt'],
      accessTokens: { clients: ['web'], withoutAudience: true },
      idTokenHint: 'auto',
      maxRedirectLength: 8000,
      logoutHint: ({ subject, sid }) => subject ?? sid,
      uiLocales: ['fr-CA', 'fr'],
      endSessionParameters: { federated: 'true' },
      endSession: 'standard',
      introspection: 'opaque',
      discovery: false,
      metadata: {
        end_session_endpoint: 'https://op.example.com/logout',
        revocation_endpoint: 'https://op.example.com/revoke',
        introspection_endpoint: 'https://op.example.com/introspect',
      },
      jwks: { keys: [] },
    },
  ],
  redis: new Redis(),
  keyPrefix: 'app:',
  nearCache: { maxStaleness: 5 },
  durability: { replicas: 1, timeout: 0.1 },
  store: new OwnStore(),
  onStoreLoss: 'refuse',
  encryptionKey: new Uint8Array(32),
  audience: ['https://api.example.com'],
  strict: true,
  clockTolerance: 5,
  expiredTokenGrace: 1,
  maxTokenLifetime: 1,
  maxSessionLifetime: 1,
  retryWindow: 0,
  logoutTokenMaxAge: 300,
  bodyLimit: 1,
  errorFormat: 'elasticsearch',
  includeClientId: false,
  onStoreError: 'allow',
  revocation: 'never',
  revocationTimeout: 1,
  revocationDelay: 0,
  tokenCacheSize: 1,
  storeTimeout: 1,
  providerTimeout: 1,
  allowInsecureRequests: false,
};
oidcLogout({ ...every, store: undefined });
oidcLogout({ provider, redis: new Cluster(['127.0.0.1']) });
oidcLogout({ provider, redis: new Redis5() });

// @ts-expect-error: no provider
oidcLogout({});
// @ts-expect-error: a misspelled option
oidcLogout({ provider, audiance: 'api' });
// @ts-expect-error: a misspelled option of a provider
oidcLogout({ provider: { ...provider, clientID: 'web' } });
// @ts-expect-error: no issuer
oidcLogout({ provider: { clientId: 'web' } });
// @ts-expect-error: no number
oidcLogout({ provider, retryWindow: '60' });
// @ts-expect-error: no such choice
oidcLogout({ provider, onStoreError: 'ignore' });
// @ts-expect-error: an address is no client
oidcLogout({ provider, redis: 'redis://127.0.0.1' });
oidcLogout({
  provider: {
    ...provider,
    clientSecret: 's',
    clientAuthentication: { method: 'client_secret_post' },
  },
});
oidcLogout({
  provider: { ...provider, clientAuthentication: { method: 'tls_client_auth', fetch } },
});
// @ts-expect-error: no secret
oidcLogout({ provider: { ...provider, clientAuthentication: { method: 'client_secret_post' } } });
// @ts-expect-error: no private key
oidcLogout({ provider: { ...provider, clientAuthentication: { method: 'private_key_jwt' } } });
// @ts-expect-error: no such dialect
oidcLogout({ provider: { ...provider, endSession: 'google' } });
// @ts-expect-error: a store that only reads
oidcLogout({ provider, store: { read: () => Promise.resolve([]) } });

const oidc: OidcLogout = oidcLogout({ provider });
const app = express();
app.use('/logout', oidc.logout());
app.use('/api', oidc.guard({ scope: ['read'] }), (req: GuardedRequest, res) => {
  const auth: RequestAuth | undefined = req.auth;
  res.json({ sub: auth?.payload.sub, type: auth?.header?.typ, token: auth?.token });
  // @ts-expect-error: no request has it for certain
  res.json(req.auth.token);
});
// @ts-expect-error: an unknown option of a guard
oidc.guard({ scopes: 'read' });
app.use('/own-api', oidc.guard({ token: (req) => req.get('X-Token') }));
app.use('/own-logout', oidc.logout({ tokens: () => ({ access_token: 'a' }), form: true }));
oidc.logout({ tokens: () => ({ refresh_token: 'r' }) });
app.post('/logout', async (req, res) => {
  const url: string | null = await oidc.endSessionUrl(req, res, {
    idToken: 'a.b.c',
    returnTo: '/',
  });
  // @ts-expect-error: an unknown option
  await oidc.endSessionUrl(req, res, { id_token: 'a.b.c' });
  res.redirect(url ?? '/');
});

export async function use(tokens: TokenEndpointResponse): Promise<void> {
  await oidc.sessions.save(tokens);
  await oidc.sessions.rotate(tokens, { access_token: 'a', expires_in: 60 });
  await oidc.sessions.end({ issuer: provider.issuer, sid: 'sid' });
  await oidc.sessions.end({ issuer: provider.issuer, sub: 'sub' });
  // @ts-expect-error: neither sid nor sub
  await oidc.sessions.end({ issuer: provider.issuer });
  // @ts-expect-error: no tokens
  await oidc.sessions.save({});
  // @ts-expect-error: the class of it is not exported
  console.log(oidc.Sessions);
  await oidc.close();
}

oidc
  .on('logout', ({ issuer, subject, sid, repeated }) => {
    const told: [string, string | undefined, string | undefined, boolean] = [
      issuer,
      subject,
      sid,
      repeated,
    ];
    console.log(told);
  })
  .on('revocation', ({ kind, outcome, reason }) => {
    const told: [
      'access-token' | 'refresh-token',
      'revoked' | 'unsupported' | 'skipped' | 'failed',
    ] = [kind, outcome];
    console.log(told, reason?.trim());
  })
  .on('invalidated', ({ kind }) => {
    const kinds: 'access-token' | 'refresh-token' | 'session' | 'subject' = kind;
    console.log(kinds);
  });
// @ts-expect-error: no such event
oidc.on('logged-out', () => undefined);
// @ts-expect-error: no event carries a token
oidc.on('logout', ({ token }) => token);

export function explain(error: unknown): string | number {
  if (error instanceof InvalidTokenError) {
    const code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN' = error.code;
    const reason: InvalidTokenCause = error.reason;
    return [code, reason, error.headers['WWW-Authenticate']].join(' ');
  }
  if (error instanceof StoreUnavailableError) return error.reason;
  if (error instanceof SessionEndedError) {
    return error.code satisfies 'ERR_OIDC_LOGOUT_SESSION_ENDED';
  }
  if (error instanceof HttpError) return error.expose ? error.message : error.statusCode;
  return error instanceof OidcLogoutError ? error.code : 'unknown';
}
// @ts-expect-error: a base class
new OidcLogoutError();
