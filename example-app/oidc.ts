import type { Redis } from 'ioredis';
import { type ClientCredentials, type OidcLogout, oidcLogout } from '../lib/index.ts'; // from 'express-oidc-logout'
import { adviceOn } from './advice.ts';
import type { ClientSettings } from './client-settings.ts';
import { SettingError } from './setting-error.ts';

/**
 * The library, set up for this app; what goes wrong in it is told on the console.
 *
 * @throws {@link SettingError} when the library refuses what is set.
 */
export function createOidc(
  client: ClientSettings,
  baseUrl: string,
  redis: Redis | undefined,
): OidcLogout {
  try {
    return tellFailures(setUp(client, baseUrl, redis));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new SettingError(`The settings do not fit: ${cause.message}`, { cause });
  }
}

function setUp(client: ClientSettings, baseUrl: string, redis: Redis | undefined): OidcLogout {
  const { issuer, clientId, algorithms, audience, allowHttp } = client;
  return oidcLogout({
    provider: {
      issuer,
      clientId,
      ...credentialsOf(client),
      algorithms,
      postLogoutRedirectUri: `${baseUrl}/logged-out`,
    },
    audience,
    redis,
    errorFormat: 'elasticsearch',
    allowInsecureRequests: allowHttp,
  });
}

function tellFailures(oidc: OidcLogout): OidcLogout {
  return oidc
    .on('token-refused', (refusal) => {
      const advice = adviceOn('access token', refusal);
      if (advice !== undefined) console.error(advice);
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

function credentialsOf({ clientSecret, clientAuth }: ClientSettings): ClientCredentials {
  if (clientSecret === undefined || clientAuth === undefined) return { clientSecret };
  return { clientSecret, clientAuthentication: { method: clientAuth } };
}
