import type { RequestHandler } from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Settings } from '../settings.ts';
import type { Variant } from '../variant.ts';
import { guardedApp } from './guarded-app.ts';
import { createRevocationLookup } from './revoked.ts';

function handWrittenGuard({ issuer, audience, algorithm, redis }: Settings): RequestHandler {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const isRevoked = createRevocationLookup(redis);
  const rules = { issuer, audience, algorithms: [algorithm] };

  return async (req, res, next) => {
    const [, token = ''] = req.headers.authorization?.split(' ') ?? [];
    const { payload } = await jwtVerify(token, keys, rules);
    if (await isRevoked(payload.jti)) res.status(401).json({ error: 'invalid_token' });
    else next();
  };
}

const handWritten: Variant = (settings) => guardedApp(handWrittenGuard(settings));

export default handWritten;
