import type { RequestHandler } from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import type { RedisAddress } from '../settings.ts';
import type { Variant } from '../variant.ts';
import { guardedApp } from './guarded-app.ts';
import { createRevocationLookup } from './revoked.ts';

function refuseRevoked(redis: RedisAddress): RequestHandler {
  const isRevoked = createRevocationLookup(redis);
  return async (req, res, next) => {
    if (await isRevoked(req.auth?.payload.jti)) res.status(401).json({ error: 'invalid_token' });
    else next();
  };
}

const bearer: Variant = ({ issuer, audience, algorithm, redis }) =>
  guardedApp(
    auth({
      issuer,
      jwksUri: `${issuer}/jwks`,
      audience,
      tokenSigningAlg: algorithm,
      dpop: { enabled: false },
    }),
    refuseRevoked(redis),
  );

export default bearer;
