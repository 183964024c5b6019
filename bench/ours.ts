import { randomBytes } from 'node:crypto';
import express, { type Express } from 'express';
import { Redis } from 'ioredis';
import {
  type OidcLogout,
  oidcLogout,
  type OidcLogoutOptions,
  type TokenResponse,
} from '../dist/index.js';
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

/** An app with a logout, a guarded API, and a login. */
export function createApp(oidc: OidcLogout): Express {
  return express()
    .use('/logout', oidc.logout())
    .use('/api', oidc.guard(), (_req, res) => void res.json({ ok: true }))
    .post('/save', express.json(), async (req, res) => {
      await oidc.sessions.save(req.body as TokenResponse);
      res.sendStatus(204);
    });
}
