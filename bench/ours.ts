import { type OidcLogout, oidcLogout, type OidcLogoutOptions } from '../dist/index.js';
import { connectRedis } from './redis-client.ts';
import type { Settings } from './settings.ts';

export const POST_LOGOUT_REDIRECT_URI = 'https://app.example.com/logged-out';

/** What this package is in every group: as its users install it, on Redis. */
export function createOurs(
  { issuer, clientId, audience, algorithm, redis }: Settings,
  options: Partial<OidcLogoutOptions> = {},
): OidcLogout {
  return oidcLogout({
    provider: {
      issuer,
      clientId,
      postLogoutRedirectUri: POST_LOGOUT_REDIRECT_URI,
      algorithms: [algorithm],
    },
    audience,
    redis: connectRedis(redis),
    ...options,
  });
}
