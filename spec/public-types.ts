// Compiled by `npm run typecheck` and never run: what must compile, and what must not.
import express from 'express';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { oidcLogout, type OidcLogoutOptions, type RequestAuth } from '../lib/index.ts';

const provider = { issuer: 'https://op.example.com', clientId: 'web' } as const;

export const clients: OidcLogoutOptions[] = [
  { provider, redis: new Redis() },
  { provider, redis: new Redis({ protocol: 3, replyMapping: 'resp3' }) },
  { provider, redis: new Cluster([]) },
  { provider, redis: new Redis5() },
  { provider, redis: new Cluster5([]) },
];

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
];

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

const app = express();
app.use('/api', oidc.guard({ scope: ['read', 'write'] }), (req) => {
  const auth: RequestAuth | undefined = req.auth;
  // @ts-expect-error: claims are read-only for whoever has not verified them
  req.auth.token = 'other';
  return auth?.payload.sub;
});
