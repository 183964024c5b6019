// Compiled by `npm run typecheck` and never run: what must compile, and what must not.
import express from 'express';
import { Cluster, Redis } from 'ioredis';
import type { JWTPayload } from 'jose';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import {
  type AccessTokenOptions,
  clientRegistration,
  type ClientMetadata,
  type EndCause,
  type GuardedRequest,
  oidcLogout,
  type OidcLogoutOptions,
  type PostLogout,
  type ProviderOptions,
  type RedisClient,
  type RequestAuth,
  type ReturningRequest,
  type Store,
  type StoreUpdate,
} from '../lib/index.ts';

const provider = { issuer: 'https://op.example.com', clientId: 'web' } as const;

export const clients: OidcLogoutOptions[] = [
  { provider, redis: new Redis() },
  { provider, redis: new Redis({ protocol: 3, replyMapping: 'resp3' }) },
  { provider, redis: new Cluster([]) },
  { provider, redis: new Redis5() },
  { provider, redis: new Cluster5([]) },
];

/** Each is what the option takes, of both versions of ioredis. */
export const redisClients: RedisClient[] = [
  new Redis(),
  new Cluster([]),
  new Redis5(),
  new Cluster5([]),
];

export const encryption: OidcLogoutOptions = {
  provider: {
    ...provider,
    logoutTokenAlgorithms: ['PS256'],
    idTokenEncryption: { alg: 'RSA-OAEP-256', jwks: { keys: [{ kty: 'RSA' }] } },
  },
  logoutTokenMaxAge: 60,
};

export const wrong: OidcLogoutOptions[] = [
  // @ts-expect-error: provider is required
  {},
  // @ts-expect-error: clientId is required
  { provider: { issuer: 'https://op.example.com' } },
  // @ts-expect-error: the option is clientId
  { provider: { ...provider, clientID: 'web' } },
  // @ts-expect-error: a Redis URL is no client
  { provider, redis: 'redis://localhost' },
  // @ts-expect-error: milliseconds are a number
  { provider, storeTimeout: '500ms' },
  // @ts-expect-error: one of two words
  { provider, onStoreError: 'ignore' },
  // @ts-expect-error: seconds are a number
  { provider, logoutTokenMaxAge: '5m' },
  // @ts-expect-error: algorithms are named by text
  { provider: { ...provider, logoutTokenAlgorithms: [256] } },
  // @ts-expect-error: keys are required
  { provider: { ...provider, idTokenEncryption: { alg: 'dir' } } },
  {
    provider: {
      ...provider,
      // @ts-expect-error: the option is enc
      idTokenEncryption: { alg: 'dir', encryption: 'A256GCM', jwks: { keys: [] } },
    },
  },
];

const misspelled = { maxstaleness: 1 };

export const wrongWithin: OidcLogoutOptions[] = [
  // @ts-expect-error: an object is wanted
  { provider, durability: true },
  // @ts-expect-error: an object is wanted
  { provider, nearCache: 5 },
  // @ts-expect-error: the option is maxStaleness
  { provider, nearCache: misspelled },
];

const guardOptions = { scopes: 'admin' };

export const wrongCalls = [
  // @ts-expect-error: the options are an object
  () => oidcLogout({ provider }).guard('admin'),
  // @ts-expect-error: the option is scope
  () => oidcLogout({ provider }).guard(guardOptions),
  // @ts-expect-error: the options are an object
  () => oidcLogout({ provider }).logout(() => undefined),
];

declare const privateKey: CryptoKey;

export const authentications: ProviderOptions[] = [
  { ...provider, clientSecret: 'secret' },
  { ...provider, clientSecret: 'secret', clientAuthentication: { method: 'client_secret_basic' } },
  { ...provider, clientSecret: 'secret', clientAuthentication: { method: 'client_secret_post' } },
  { ...provider, clientAuthentication: { method: 'private_key_jwt', privateKey, kid: 'key-1' } },
  // The secret may be the key of ID Tokens too.
  {
    ...provider,
    clientSecret: 'secret',
    clientAuthentication: { method: 'private_key_jwt', privateKey },
  },
  { ...provider, clientAuthentication: { method: 'tls_client_auth', fetch } },
  { ...provider, clientAuthentication: { method: 'none' } },
  { ...provider, clientSecret: undefined, clientAuthentication: undefined },
];

export const wrongAuthentications: ProviderOptions[] = [
  // @ts-expect-error: a secret in the header needs a secret
  { ...provider, clientAuthentication: { method: 'client_secret_basic' } },
  // @ts-expect-error: a secret in the body needs a secret
  { ...provider, clientAuthentication: { method: 'client_secret_post' } },
  // @ts-expect-error: a public client has no secret
  { ...provider, clientSecret: 'secret', clientAuthentication: { method: 'none' } },
  // @ts-expect-error: a JWT needs a key
  { ...provider, clientAuthentication: { method: 'private_key_jwt' } },
  // @ts-expect-error: a key is no text
  { ...provider, clientAuthentication: { method: 'private_key_jwt', privateKey: 'PEM' } },
  // @ts-expect-error: a certificate is presented by a fetch of the app
  { ...provider, clientAuthentication: { method: 'tls_client_auth' } },
  // @ts-expect-error: a certificate is no key
  { ...provider, clientAuthentication: { method: 'tls_client_auth', fetch, privateKey } },
  // @ts-expect-error: a public client has no key
  { ...provider, clientAuthentication: { method: 'none', privateKey } },
  // @ts-expect-error: there is no such method
  { ...provider, clientSecret: 'secret', clientAuthentication: { method: 'client_secret_jwt' } },
];

export const endSession: OidcLogoutOptions = {
  provider: {
    ...provider,
    idTokenHint: 'always',
    maxRedirectLength: 4000,
    logoutHint: ({ issuer, subject, sid }) => subject ?? sid ?? issuer,
    uiLocales: ['fr-CA', 'fr'],
    endSessionParameters: { federated: 'true' },
    endSession: 'auth0',
    introspection: 'opaque',
  },
  revocation: 'refresh-token',
  revocationTimeout: 0.5,
};

export const severalClients: OidcLogoutOptions = {
  provider: [
    { ...provider, accessTokens: { clients: 'web', withoutSubject: true } },
    { ...provider, clientId: 'mobile', logoutTokenTypes: ['at+jwt'] },
  ],
};

export const accessTokens: AccessTokenOptions[] = [
  { clients: ['web'], withoutAudience: true, withoutSubject: true, likeIdTokens: false },
  // @ts-expect-error: clients are texts
  { clients: true },
  // @ts-expect-error: yes or no
  { withoutAudience: 'yes' },
  // @ts-expect-error: there is no such option
  { withoutScope: true },
];

export const logoutHints: OidcLogoutOptions[] = [
  { provider: { ...provider, logoutHint: () => null } },
  { provider: { ...provider, logoutHint: ({ sid }) => Promise.resolve(sid) } },
  {
    provider: {
      ...provider,
      idTokenHint: 'required',
      logoutHint: ({ idTokenClaims }) => String(idTokenClaims?.login_hint),
      postLogoutRedirectUri: ['https://a.example/out', 'com.example.app:/logged-out'],
    },
  },
];

export const wrongEndSession: OidcLogoutOptions[] = [
  // @ts-expect-error: one of three words
  { provider: { ...provider, idTokenHint: true } },
  // @ts-expect-error: bytes are a number
  { provider: { ...provider, maxRedirectLength: '8kB' } },
  // @ts-expect-error: a hint is told by a function
  { provider: { ...provider, logoutHint: 'alice' } },
  // @ts-expect-error: a hint is a text
  { provider: { ...provider, logoutHint: () => 1 } },
  // @ts-expect-error: parameters are texts
  { provider: { ...provider, endSessionParameters: { federated: true } } },
  // @ts-expect-error: Google has nothing of its own
  { provider: { ...provider, endSession: 'google' } },
  // @ts-expect-error: one of three words
  { provider: { ...provider, introspection: true } },
  // @ts-expect-error: one of three words
  { provider, revocation: true },
  // @ts-expect-error: milliseconds are a number
  { provider, revocationTimeout: '1s' },
];

const store: Store = {
  read: (keys) => Promise.resolve(keys.map((_key, index) => [null, undefined, 'text'][index])),
  update: (_keys, change) => Promise.resolve(change([], 0).result),
  subscribe: (subscriber) => {
    subscriber.live();
    subscriber.hear('message');
    return () => {
      subscriber.lost();
    };
  },
};
export const own: OidcLogoutOptions = {
  provider,
  store,
  onStoreLoss: 'refuse',
  revocationDelay: 0,
};

// @ts-expect-error: a store of the app needs subscribe too
export const incomplete: Store = {} as Omit<Store, 'subscribe'>;
export const update: StoreUpdate<0> = {
  result: 0,
  // @ts-expect-error: what is written for ever says so
  writes: [{ key: 'a', value: 'b' }],
  messages: [],
};

export const wrongStores: OidcLogoutOptions[] = [
  // @ts-expect-error: there is one store
  { provider, invalidationList: store },
  // @ts-expect-error: there is one store
  { provider, sessionStore: store },
  // @ts-expect-error: one of two words
  { provider, onStoreLoss: 'ignore' },
  // @ts-expect-error: seconds are a number
  { provider, revocationDelay: '5s' },
];

const oidc = oidcLogout({ provider, audience: ['api'] });

oidc.on('invalidated', ({ kind, sid }) => [kind.length, sid?.length]);
oidc.on('invalidated', ({ kind }) => Promise.resolve(kind));
oidc.on('token-refused', ({ reason, found }) => [reason === 'wrong-audience', found?.length]);
oidc.on('token-refused', ({ endpoint }) => endpoint === 'front-channel-logout');
// @ts-expect-error: there is no such reason
oidc.on('token-refused', ({ reason }) => reason === 'not-authentic');
// @ts-expect-error: there is no such event
oidc.on('log-out', () => undefined);
// @ts-expect-error: events carry no tokens
oidc.on('logout', ({ token }) => token as unknown);
// @ts-expect-error: the option is scope
oidc.guard({ scopes: 'read' });
// @ts-expect-error: a session is named by sid or sub
void oidc.sessions.end({ issuer: provider.issuer });

declare const payload: JWTPayload & { iss: string; sub: string };
export const active: Promise<boolean>[] = [
  oidc.sessions.isActive({ iss: provider.issuer, sub: 'alice', sid: 's', iat: 1, auth_time: 1 }),
  oidc.sessions.isActive(payload),
  // @ts-expect-error: the user is needed
  oidc.sessions.isActive({ iss: provider.issuer }),
];

oidc.on('revocation', ({ kind, outcome, reason, issuer, subject, sid }) => {
  const kinds: 'access-token' | 'refresh-token' = kind;
  const outcomes: 'revoked' | 'unsupported' | 'skipped' | 'failed' = outcome;
  // @ts-expect-error: only a failure has a reason
  const why: string = reason;
  return [kinds, outcomes, why, issuer, subject?.length, sid?.length];
});
// @ts-expect-error: events carry no tokens
oidc.on('revocation', ({ token }) => token as unknown);
oidc.on('session-ended', ({ issuer, subject, sid, cause, revokesOfflineAccess }) => {
  const why: EndCause = cause;
  const isOffline: boolean = revokesOfflineAccess;
  // @ts-expect-error: a subject may be absent
  const whose: string = subject;
  return [issuer, whose, sid?.length, why, isOffline];
});
// @ts-expect-error: events carry no tokens
oidc.on('session-ended', ({ access_token }) => access_token as unknown);
// @ts-expect-error: one of five causes
oidc.on('session-ended', ({ cause }) => cause === 'timeout');
oidc.on('logout-token-delayed', ({ outcome, reason, issuer, sid }) => {
  const outcomes: 'kept' | 'took-effect' | 'refused' | 'lost' = outcome;
  return [outcomes, reason?.length, issuer?.length, sid?.length];
});
// @ts-expect-error: the option is returnTo
oidc.logout({ returnTO: () => '/' });
// @ts-expect-error: returnTo is a function of the request
oidc.logout({ returnTo: '/shop' });
// @ts-expect-error: a place is a text
oidc.logout({ returnTo: () => new URL('https://app.example.com') });
oidc.logout({ returnTo: (req) => req.get('Return-To'), allowedReturnTo: ['https://a.example'] });
oidc.logout({ returnTo: () => null });
oidc.logout({ returnTo: () => Promise.resolve('/shop') });
oidc.logout({ returnTo: () => Promise.resolve(undefined) });
// @ts-expect-error: a place is a text, later too
oidc.logout({ returnTo: () => Promise.resolve(1) });
oidc.logout({ tokens: () => ({ access_token: 'a', refresh_token: null }), form: true });
oidc.logout({ tokens: () => undefined });
oidc.logout({ tokens: () => Promise.resolve(null) });
oidc.logout({ tokens: () => ({ refresh_token: 'r' }) });
oidc.logout({ postLogoutRedirectUri: ({ hostname }) => `https://${hostname}/logged-out` });
oidc.logout({ postLogoutRedirectUri: () => Promise.resolve(null) });
// @ts-expect-error: the choice is a function of the request
oidc.logout({ postLogoutRedirectUri: 'https://app.example.com/logged-out' });
oidc.logout({
  localOnly: ({ query }) => query.only === 'here',
  trustedOrigins: 'https://a.example',
});
oidc.logout({ localOnly: () => Promise.resolve(true), trustedOrigins: ['https://a.example'] });
// @ts-expect-error: yes or no
oidc.logout({ localOnly: () => 'yes' });
// @ts-expect-error: tokens are found by a function
oidc.logout({ tokens: { access_token: 'a' } });
// @ts-expect-error: yes or no
oidc.logout({ form: 'yes' });
oidc.guard({ token: (req) => req.get('X-Token'), scope: 'read' });
oidc.guard({ token: () => null, errors: 'next' });
oidc.guard({ token: () => Promise.resolve('a') });
oidc.guard({ token: () => Promise.resolve(null) });
// @ts-expect-error: a token is a text, later too
oidc.guard({ token: () => Promise.resolve(1) });
// @ts-expect-error: a token is a text
oidc.guard({ token: () => ({ access_token: 'a' }) });
// @ts-expect-error: a token is found by a function
oidc.guard({ token: 'a' });
// @ts-expect-error: it has no options
oidc.backChannelLogout({});
oidc.frontChannelLogout({ tokens: (req) => ({ access_token: req.get('X-Token') }) });
// @ts-expect-error: the option is tokens
oidc.frontChannelLogout({ token: () => undefined });
// @ts-expect-error: it has no options
oidc.postLogoutCallback({});

export const metadata: ClientMetadata = oidc.clientMetadata('https://app.example.com', {
  issuer: provider.issuer,
  clientId: provider.clientId,
  backChannelLogout: '/bc',
  frontChannelLogout: null,
});
// @ts-expect-error: a URI may be absent
export const uri: string = metadata.backchannel_logout_uri;
// @ts-expect-error: the base URL is a text
oidc.clientMetadata(new URL('https://app.example.com'));
// @ts-expect-error: the option is backChannelLogout
oidc.clientMetadata('https://app.example.com', { backchannelLogout: '/a' });

export const registered: ClientMetadata = clientRegistration({
  baseUrl: 'https://app.example.com',
  postLogoutRedirectUri: 'https://app.example.com/logged-out',
  algorithms: ['ES256'],
  authenticationMethod: 'none',
  frontChannelLogout: true,
});
// @ts-expect-error: the base URL is missing
clientRegistration({});
// @ts-expect-error: the front channel has a path, or the usual one
oidc.clientMetadata('https://app.example.com', { frontChannelLogout: false });
oidcLogout({ provider: { ...provider, metadata: { end_session_endpoint: null } } });
oidcLogout({
  provider: {
    ...provider,
    discovery: false,
    jwks: { keys: [] },
    metadata: { end_session_endpoint: null, mtls_endpoint_aliases: null },
  },
});
// @ts-expect-error: yes or no
oidcLogout({ provider: { ...provider, discovery: null } });

export const ready: Promise<void> = oidc.ready();
export const closed: Promise<void> = oidc.close();

const app = express();
app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
  const postLogout: PostLogout | undefined = req.postLogout;
  // @ts-expect-error: one of four outcomes
  if (postLogout?.outcome === 'ok') return;
  // @ts-expect-error: there may be no place to return to
  res.redirect(postLogout?.returnTo);
  res.redirect(postLogout?.returnTo ?? '/');
});
app.post('/own-logout', (req, res, next) => {
  const session = { issuer: provider.issuer, idToken: 'a.b.c', subject: 'alice', returnTo: '/bye' };
  oidc.endSessionUrl(req, res, session).then((url) => {
    // @ts-expect-error: there may be no such URL
    res.redirect(url);
    res.redirect(url ?? '/');
  }, next);
  void oidc.endSessionUrl(req, res);
  // @ts-expect-error: the option is idToken
  void oidc.endSessionUrl(req, res, { id_token: 'a.b.c' });
  // @ts-expect-error: the cookie needs a response
  void oidc.endSessionUrl(req);
});
app.use('/api', oidc.guard({ scope: ['read', 'write'] }), (req: GuardedRequest) => {
  const auth: RequestAuth | undefined = req.auth;
  // @ts-expect-error: claims are read-only for whoever has not verified them
  req.auth.token = 'other';
  return auth?.payload.sub;
});
app.get('/orders/:id', oidc.guard(), (req) => req.params.id satisfies string);
