import type { Redis } from 'ioredis';
import { type OidcLogout, oidcLogout } from '../lib/index.ts'; // from 'express-oidc-logout'
import type { ClientSettings } from './settings.ts';

/** The library, set up for this app; what goes wrong in it is told on the console. */
export function createOidc(
  client: ClientSettings,
  baseUrl: string,
  redis: Redis | undefined,
): OidcLogout {
  const { issuer, clientId, clientSecret, audience, allowHttp } = client;
  return oidcLogout({
    provider: {
      ...{ issuer, clientId, clientSecret },
      postLogoutRedirectUri: `${baseUrl}/logged-out`,
    },
    audience,
    redis,
    errorFormat: 'elasticsearch',
    allowInsecureRequests: allowHttp,
  })
    .on('store-error', ({ operation, reason }) => {
      console.error(`The store failed: ${operation}: ${reason}`);
    })
    .on('revocation', ({ kind, outcome, reason }) => {
      if (outcome === 'failed') console.error(`The provider did not revoke: ${kind}: ${reason}`);
    })
    .on('provider-error', ({ operation, reason }) => {
      console.error(`The provider failed: ${operation}: ${reason}`);
    });
}
