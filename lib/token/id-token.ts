import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { InvalidIdTokenError } from '../errors.ts';
import { decryptJwt, isEncryptedJwt, type TokenEncryption } from './encrypted-jwt.ts';
import { InvalidJwtError, type Jwt, readJwt, verifyJwt } from './jwt.ts';
import { isNumericDate } from './numeric-date.ts';
import { sidOf } from './sid.ts';
import { idTokenKey } from './token-keys.ts';

export interface IdToken {
  /** For an encrypted ID Token, the signed token inside. */
  readonly token: string;
  readonly key: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

export interface IdTokenRules {
  readonly issuer: string;
  readonly clientId: string;
  readonly algorithms: readonly string[];
  readonly idTokenEncryption: TokenEncryption | undefined;
}

/**
 * The ID Token may have expired: `exp` does not limit the session.
 *
 * @see [OpenID Connect Core 1.0, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export async function verifyIdToken(
  token: string,
  findKey: JWTVerifyGetKey,
  rules: IdTokenRules,
): Promise<IdToken> {
  const { issuer } = rules;
  const jwt = readJwt(await decrypt(token, rules));
  if (jwt === undefined) throw new InvalidIdTokenError();
  const claims = await verifyClaims(jwt, findKey, rules);
  const { sub, iat } = claims;
  if (typeof sub !== 'string' || sub === '' || 'events' in claims) throw new InvalidIdTokenError();
  if (!isNumericDate(iat)) throw new InvalidIdTokenError();
  const named = { issuer, subject: sub, sid: sidOf(claims), issuedAt: iat };
  return { token: jwt.text, key: idTokenKey(jwt), ...named };
}

// The app's own client may have decrypted the token.
async function decrypt(token: string, { idTokenEncryption }: IdTokenRules): Promise<string> {
  if (idTokenEncryption === undefined || !isEncryptedJwt(token)) return token;
  try {
    return await decryptJwt(token, idTokenEncryption);
  } catch {
    throw new InvalidIdTokenError();
  }
}

async function verifyClaims(
  jwt: Jwt,
  findKey: JWTVerifyGetKey,
  { issuer, clientId, algorithms }: IdTokenRules,
): Promise<JWTPayload> {
  const { typ = 'JWT' } = jwt.header as { readonly typ?: unknown };
  if (typeof typ !== 'string' || typ.toLowerCase() !== 'jwt') throw new InvalidIdTokenError();
  try {
    const claims = { issuer, audience: clientId, requiredClaims: ['sub', 'iat'] };
    return await verifyJwt(jwt, findKey, { ...claims, algorithms: [...algorithms] });
  } catch (error) {
    throw error instanceof InvalidJwtError ? new InvalidIdTokenError() : error;
  }
}
