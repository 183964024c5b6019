import type { JoseObject } from './jose-object.ts';

/**
 * By any `cnf`, or by Keycloak's `typ`.
 *
 * @see [RFC 7800, section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)
 */
export function isBoundToKey(claims: JoseObject): boolean {
  return Object.hasOwn(claims, 'cnf') || isDpop(claims.typ);
}

/**
 * A missing type is Bearer.
 *
 * @see [RFC 6749, section 7.1](https://www.rfc-editor.org/rfc/rfc6749#section-7.1)
 */
export function isBearer(tokenType: unknown): boolean {
  if (tokenType === undefined || tokenType === null) return true;
  return typeof tokenType === 'string' && tokenType.toLowerCase() === 'bearer';
}

/** @see [RFC 9449, section 5](https://www.rfc-editor.org/rfc/rfc9449#section-5) */
export function isDpop(type: unknown): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'dpop';
}
