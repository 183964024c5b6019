import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { type OidcLogout, oidcLogout, type OidcLogoutOptions } from '../dist/index.js';
import { AUDIENCE, CLIENT_ID } from '../spec/support/provider.ts';
import type { Settings } from './group.ts';
import type { Algorithm } from './provider.ts';

export const POST_LOGOUT_REDIRECT_URI = 'https://app.example.com/logged-out';

export const ENCRYPTED = { encryptionKey: randomBytes(32) };

export function createOurs(
  { issuer, redisPath }: Settings,
  algorithm: Algorithm,
  options: Partial<OidcLogoutOptions> = {},
): OidcLogout {
  return oidcLogout({
    provider: {
      issuer,
      clientId: CLIENT_ID,
      postLogoutRedirectUri: POST_LOGOUT_REDIRECT_URI,
      algorithms: [algorithm],
    },
    audience: AUDIENCE,
    redis: new Redis(redisPath),
    ...options,
  });
}
