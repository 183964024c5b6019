import type { RequestHandler } from 'express';
import jwksRsa from 'jwks-rsa';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Settings } from '../settings.ts';
import type { Variant } from '../variant.ts';
import { guardedApp } from './guarded-app.ts';
import { createRevocationLookup } from './revoked.ts';

function createStrategy({ issuer, audience, algorithm, redis }: Settings): Strategy {
  const isRevoked = createRevocationLookup(redis);
  return new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri: `${issuer}/jwks`, cache: true }),
      issuer,
      audience,
      algorithms: [algorithm],
    },
    (payload: { jti: string; sub: string }, done) => {
      isRevoked(payload.jti).then((revoked) => {
        done(null, revoked ? false : payload);
      }, done);
    },
  );
}

const passportJwt: Variant = (settings) => {
  passport.use(createStrategy(settings));
  return guardedApp(passport.authenticate('jwt', { session: false }) as RequestHandler);
};

export default passportJwt;
