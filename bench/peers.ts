import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';
import { expressjwt } from 'express-jwt';
import { auth as bearerAuth } from 'express-oauth2-jwt-bearer';
import { auth, type SessionStore, type SessionStorePayload } from 'express-openid-connect';
import { Redis } from 'ioredis';
import jwksRsa from 'jwks-rsa';
import { AUDIENCE, CLIENT_ID } from '../spec/support/provider.ts';
import type { Settings } from './group.ts';
import type { Algorithm } from './provider.ts';

type IsRevoked = (jti: string | undefined) => Promise<boolean>;

export function bearerGuard(
  { issuer }: Settings,
  tokenSigningAlg: Algorithm,
  isRevoked: IsRevoked,
): RequestHandler[] {
  const refuseRevoked: RequestHandler = async (req, res, next) => {
    if (await isRevoked(req.auth?.payload.jti)) res.status(401).json({ error: 'invalid_token' });
    else next();
  };
  const rules = { issuer, jwksUri: `${issuer}/jwks`, audience: AUDIENCE, tokenSigningAlg };
  return [bearerAuth({ ...rules, dpop: { enabled: false } }), refuseRevoked];
}

export function expressJwtGuard(
  { issuer }: Settings,
  algorithm: Algorithm,
  isRevoked: IsRevoked,
): RequestHandler[] {
  const handler = expressjwt({
    secret: jwksRsa.expressJwtSecret({ jwksUri: `${issuer}/jwks`, cache: true }),
    issuer,
    audience: AUDIENCE,
    algorithms: [algorithm],
    isRevoked: (_req, token) => isRevoked((token?.payload as { jti?: string } | undefined)?.jti),
  });
  return [handler];
}

/** Express-openid-connect, which receives Logout Tokens at `/backchannel-logout`. */
export function expressOpenidConnect({ issuer, redisPath }: Settings): RequestHandler {
  return auth({
    issuerBaseURL: issuer,
    baseURL: 'https://app.example.com',
    clientID: CLIENT_ID,
    secret: randomBytes(32).toString('base64url'),
    authRequired: false,
    backchannelLogout: { store: createStore(new Redis(redisPath)) },
  });
}

type Entry = Pick<SessionStorePayload, 'cookie'>;

function createStore(redis: Redis): SessionStore<Entry> {
  const keyOf = (id: string) => `ended:${id}`;
  return {
    get(id, callback) {
      redis.get(keyOf(id)).then((found) => {
        callback(null, found === null ? null : (JSON.parse(found) as SessionStorePayload<Entry>));
      }, callback);
    },
    set(id, entry, callback = () => undefined) {
      const stored = redis.set(keyOf(id), JSON.stringify(entry), 'PX', entry.cookie.maxAge);
      stored.then(() => {
        callback();
      }, callback);
    },
    destroy(id, callback = () => undefined) {
      redis.del(keyOf(id)).then(() => {
        callback();
      }, callback);
    },
  };
}
