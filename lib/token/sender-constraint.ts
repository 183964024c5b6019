import type { JoseObject } from './jose-object.ts';

/**
 * Tells whether claims bind a token to a key of its sender: by `cnf`, whatever is in it, or by Keycloak's `typ`.
 *
 * @see [RFC 7800, section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)
 */
export function isBoundToKey(claims: JoseObject): boolean {
  return Object.hasOwn(claims, 'cnf') || isDpop(claims.typ);
}

/**
 * Tells whether a `token_type` is Bearer, as the one that is left out.
 *
 * @see [RFC 6749, section 7.1](https://www.rfc-editor.org/rfc/rfc6749#section-7.1)
 */
export function isBearer(tokenType: unknown): boolean {
  if (tokenType === undefined || tokenType === null) return true;
  return typeof tokenType === 'string' && tokenType.toLowerCase() === 'bearer';
}

/**
 * Tells whether a type is that of tokens that are bound to a key of their sender.
 *
 * @see [RFC 9449, section 5](https://www.rfc-editor.org/rfc/rfc9449#section-5)
 */
export function isDpop(type: unknown): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'dpop';
}
