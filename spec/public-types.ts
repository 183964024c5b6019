// Compiled by `npm run typecheck` and never run: what must compile, and what must not.
import express from 'express';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import {
  type ClientMetadata,
  type EndCause,
  oidcLogout,
  type OidcLogoutOptions,
  type PostLogout,
  type RedisClient,
  type RequestAuth,
  type SessionStore,
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

type OldStore = Omit<SessionStore, 'add' | 'take'>;
// @ts-expect-error: a store of the app needs add and take too
export const incomplete: SessionStore = {} as OldStore;

const oidc = oidcLogout({ provider, audience: ['api'] });

oidc.on('invalidated', ({ kind, sid }) => [kind.length, sid?.length]);
// @ts-expect-error: there is no such event
oidc.on('log-out', () => undefined);
// @ts-expect-error: events carry no tokens
oidc.on('logout', ({ token }) => token as unknown);
// @ts-expect-error: the option is scope
oidc.guard({ scopes: 'read' });
// @ts-expect-error: a session is named by sid or sub
void oidc.sessions.end({ issuer: provider.issuer });

oidc.on('session-ended', ({ issuer, subject, sid, cause }) => {
  const why: EndCause = cause;
  // @ts-expect-error: a subject may be absent
  const whose: string = subject;
  return [issuer, whose, sid?.length, why];
});
// @ts-expect-error: events carry no tokens
oidc.on('session-ended', ({ access_token }) => access_token as unknown);
// @ts-expect-error: one of four causes
oidc.on('session-ended', ({ cause }) => cause === 'timeout');
// @ts-expect-error: the option is returnTo
oidc.logout({ returnTO: () => '/' });
// @ts-expect-error: returnTo is a function of the request
oidc.logout({ returnTo: '/shop' });
// @ts-expect-error: a place is a text
oidc.logout({ returnTo: () => new URL('https://app.example.com') });
oidc.logout({ returnTo: (req) => req.get('Return-To'), allowedReturnTo: ['https://a.example'] });
// @ts-expect-error: it has no options
oidc.backChannelLogout({});
// @ts-expect-error: it has no options
oidc.frontChannelLogout({});
// @ts-expect-error: it has no options
oidc.postLogoutCallback({});

export const metadata: ClientMetadata = oidc.clientMetadata('https://app.example.com', {
  issuer: provider.issuer,
  backChannelLogout: '/bc',
  frontChannelLogout: null,
});
// @ts-expect-error: a URI may be absent
export const uri: string = metadata.backchannel_logout_uri;
// @ts-expect-error: the base URL is a text
oidc.clientMetadata(new URL('https://app.example.com'));
// @ts-expect-error: the option is backChannelLogout
oidc.clientMetadata('https://app.example.com', { backchannelLogout: '/a' });

export const closed: Promise<void> = oidc.close();

const app = express();
app.use('/logged-out', oidc.postLogoutCallback(), (req, res) => {
  const postLogout: PostLogout | undefined = req.postLogout;
  // @ts-expect-error: one of four outcomes
  if (postLogout?.outcome === 'ok') return;
  // @ts-expect-error: there may be no place to return to
  res.redirect(postLogout?.returnTo);
  res.redirect(postLogout?.returnTo ?? '/');
});
app.use('/api', oidc.guard({ scope: ['read', 'write'] }), (req) => {
  const auth: RequestAuth | undefined = req.auth;
  // @ts-expect-error: claims are read-only for whoever has not verified them
  req.auth.token = 'other';
  return auth?.payload.sub;
});
