import { beginsWithObject, decodeObject, isCanonical } from './jose-object.ts';
import { type Jwt, readJwt } from './jwt.ts';

/** Only the signature makes such a token valid. */
export interface JwtAccessToken extends Jwt {
  readonly kind: 'jwt';
}

/** Only the issuer knows the meaning of such a token. */
export interface OpaqueAccessToken {
  readonly kind: 'opaque';
  readonly text: string;
}

/** The shape alone decides the kind. */
export type AccessTokenText = JwtAccessToken | OpaqueAccessToken;

/**
 * `undefined` for a malformed token. A text that begins as a JWS or JWE but is not exactly one is
 * malformed, never opaque: another reader may find a token inside.
 */
export function readAccessToken(text: string): AccessTokenText | undefined {
  const jwt = readJwt(text);
  if (jwt !== undefined) return { kind: 'jwt', ...jwt };
  if (beginsWithObject(text) && !isCompactJwe(text)) return undefined;
  return { kind: 'opaque', text };
}

// RFC 7516, section 7.1. A JWE is opaque to this app; its key may be empty.
function isCompactJwe(text: string): boolean {
  const [head = '', ...others] = text.split('.');
  const { alg, enc } = decodeObject(head) ?? {};
  if (typeof alg !== 'string' || typeof enc !== 'string') return false;
  const isWhole = others.length === 4 && !others.includes('', 1);
  return isWhole && others.every(isCanonical);
}
