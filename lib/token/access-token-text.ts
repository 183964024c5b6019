import { beginsWithObject, decodeObject, isCanonical } from './jose-object.ts';
import { type Jwt, readJwt } from './jwt.ts';

/** What came as an access token and is a JWT: only its signature can let it in. */
export interface JwtAccessToken extends Jwt {
  readonly kind: 'jwt';
}

/** What came as an access token and is no JWT: only who issued it knows what it is. */
export interface OpaqueAccessToken {
  readonly kind: 'opaque';
  readonly text: string;
}

/** What came as an access token; which kind it is, its shape alone has told. */
export type AccessTokenText = JwtAccessToken | OpaqueAccessToken;

/**
 * Tells by its shape what an access token is; `undefined` where it is malformed. Whatever begins as a JWS or a JWE
 * and is not exactly one is malformed, and never opaque: somebody else may read the token in it.
 */
export function readAccessToken(text: string): AccessTokenText | undefined {
  const jwt = readJwt(text);
  if (jwt !== undefined) return { kind: 'jwt', ...jwt };
  if (beginsWithObject(text) && !isCompactJwe(text)) return undefined;
  return { kind: 'opaque', text };
}

// RFC 7516, section 7.1. To this app it is opaque; its key may be empty.
function isCompactJwe(text: string): boolean {
  const [head = '', key, ...encrypted] = text.split('.');
  const { alg, enc } = decodeObject(head) ?? {};
  if (typeof alg !== 'string' || typeof enc !== 'string') return false;
  const isWhole = encrypted.length === 3 && !encrypted.includes('');
  return key !== undefined && isWhole && [key, ...encrypted].every(isCanonical);
}
