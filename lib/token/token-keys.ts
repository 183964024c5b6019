import { hash } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';

// 128 bits: a second token of the same key is out of reach, and an entry stays small.
function digest(...parts: readonly string[]): string {
  const sha256 = hash('sha256', JSON.stringify(parts), 'buffer');
  return sha256.toString('base64url', 0, 16);
}

const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Tells a JWT from an opaque token that merely has dots in it. */
export function isJwt(token: string): boolean {
  if (!COMPACT_JWS.test(token)) return false;
  try {
    return typeof decodeProtectedHeader(token).alg === 'string';
  } catch {
    return false;
  }
}

/**
 * The key of one verified token. Of a JWT it is made of what the signature covers and not of the signature,
 * because one signature has many spellings that verify: unused bits of its last base64url character,
 * and for ECDSA `(r, n - s)`.
 */
export function tokenKey(token: string): string {
  return isJwt(token) ? jwtKey(token) : digest('token', token);
}

/** The key of a token that is known to be a JWT. */
export function jwtKey(jwt: string): string {
  return digest('token', jwt.slice(0, jwt.lastIndexOf('.')));
}

/**
 * The key of a refresh token, of exactly this text: nobody verified it, so it must not hit what another
 * text says of itself.
 */
export function refreshTokenKey(token: string): string {
  return digest('refresh', token);
}

/** The key of the provider's session `sid`, which is unique only together with its issuer. */
export function sessionKey(issuer: string, sid: string): string {
  return digest('session', issuer, sid);
}

/** The key of a login at a provider that names no `sid`: its ID Token stands for it. */
export function loginKey(issuer: string, idToken: string): string {
  return digest('login', issuer, tokenKey(idToken));
}

/** The key of a user of one provider. */
export function subjectKey(issuer: string, subject: string): string {
  return digest('subject', issuer, subject);
}

/** The key of a Logout Token, whose `jti` is unique only for its issuer. */
export function logoutTokenKey(issuer: string, jti: string): string {
  return digest('logout', issuer, jti);
}

/** The key of a logout's `state`. */
export function stateKey(state: string): string {
  return digest('state', state);
}
