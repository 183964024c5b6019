import { decodeProtectedHeader, type JWTPayload } from 'jose';
import { InvalidIdTokenError } from '../errors.ts';
import type { Provider } from '../provider/provider.ts';
import { decryptJwt, isEncryptedJwt } from './encrypted-jwt.ts';
import { InvalidJwtError, verifyJwt } from './jwt.ts';
import { sidOf } from './sid.ts';

/** What an ID Token says of the login. */
export interface IdToken {
  /** The signed token; of one that was encrypted to this client what was inside. */
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
  const jwt = await decrypt(token, provider);
  const claims = await verifyClaims(jwt, provider);
  const { sub, iat = 0 } = claims;
  if (typeof sub !== 'string' || sub === '' || 'events' in claims) throw new InvalidIdTokenError();
  return { token: jwt, issuer, subject: sub, sid: sidOf(claims), issuedAt: iat };
}

// The app's own client may have decrypted it.
async function decrypt(token: string, { settings }: Provider): Promise<string> {
  const { idTokenEncryption } = settings;
  if (idTokenEncryption === undefined || !isEncryptedJwt(token)) return token;
  try {
    return await decryptJwt(token, idTokenEncryption);
  } catch {
    throw new InvalidIdTokenError();
  }
}

async function verifyClaims(token: string, provider: Provider): Promise<JWTPayload> {
  const { issuer, clientId, algorithms } = provider.settings;
  try {
    const { typ } = decodeProtectedHeader(token);
    if (typ !== undefined && typ.toLowerCase() !== 'jwt') throw new InvalidIdTokenError();
    const rules = { issuer, audience: clientId, algorithms: [...algorithms] };
    const requiredClaims = ['sub', 'iat'];
    return await verifyJwt(token, provider.findKeyOrSecret, { ...rules, requiredClaims });
  } catch (error) {
    if (error instanceof InvalidJwtError || error instanceof TypeError) {
      throw new InvalidIdTokenError();
    }
    throw error;
  }
}
