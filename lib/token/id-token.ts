import { decodeProtectedHeader, type JWTPayload } from 'jose';
import { InvalidIdTokenError } from '../errors.ts';
import type { Provider } from '../provider/provider.ts';
import { InvalidJwtError, verifyJwt } from './jwt.ts';
import { sidOf } from './sid.ts';

/** What an ID Token says of the login. */
export interface IdToken {
  readonly token: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * Verifies an ID Token as this client's own. It may have expired: how long a session lives is not told
 * by its ID Token.
 *
 * @see [OpenID Connect Core 1.0, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export async function verifyIdToken(token: string, provider: Provider): Promise<IdToken> {
  const { issuer } = provider;
  const claims = await verifyClaims(token, provider);
  const { sub, iat = 0 } = claims;
  if (typeof sub !== 'string' || sub === '' || 'events' in claims) throw new InvalidIdTokenError();
  return {
    token,
    issuer,
    subject: sub,
    sid: sidOf(claims),
    issuedAt: iat,
  };
}

async function verifyClaims(token: string, provider: Provider): Promise<JWTPayload> {
  const { issuer, clientId, clientSecret, algorithms } = provider.settings;
  try {
    const { alg, typ } = decodeProtectedHeader(token);
    if (typ !== undefined && typ.toLowerCase() !== 'jwt') throw new InvalidIdTokenError();
    const symmetric = alg?.startsWith('HS') === true && clientSecret !== undefined;
    const key = symmetric ? new TextEncoder().encode(clientSecret) : provider.findKey;
    const rules = { issuer, audience: clientId, algorithms: [...algorithms] };
    return await verifyJwt(token, key, { ...rules, requiredClaims: ['sub', 'iat'] });
  } catch (error) {
    if (error instanceof InvalidJwtError || error instanceof TypeError) {
      throw new InvalidIdTokenError();
    }
    throw error;
  }
}
