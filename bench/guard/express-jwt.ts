import { expressjwt } from 'express-jwt';
import jwksRsa from 'jwks-rsa';
import type { Variant } from '../variant.ts';
import { guardedApp } from './guarded-app.ts';
import { createRevocationLookup } from './revoked.ts';

const expressJwt: Variant = ({ issuer, audience, algorithm, redis }) => {
  const isRevoked = createRevocationLookup(redis);
  return guardedApp(
    expressjwt({
      secret: jwksRsa.expressJwtSecret({ jwksUri: `${issuer}/jwks`, cache: true }),
      issuer,
      audience,
      algorithms: [algorithm],
      isRevoked: (_req, token) => isRevoked((token?.payload as { jti?: string } | undefined)?.jti),
    }),
  );
};

export default expressJwt;
