import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { AccessTokenText } from './access-token-text.ts';
import type { Jwt } from './jwt.ts';
import { sidOf } from './sid.ts';

/** Each kind of key has a domain of its own: no text of one kind meets the key of another. */
type Domain =
  | 'access-token:jwt'
  | 'access-token:opaque'
  | 'id-token'
  | 'login'
  | 'logout-token'
  | 'refresh-token'
  | 'session'
  | 'state'
  | 'subject';

// 128 bits: no second token with the same key can be made, and an entry stays small.
function digest(domain: Domain, ...parts: readonly string[]): string {
  const sha256 = hash('sha256', JSON.stringify([domain, ...parts]), 'buffer');
  return sha256.toString('base64url', 0, 16);
}

/**
 * A JWT's key digests the signed part without the signature, because many spellings of one
 * signature verify: unused bits of its last base64url character, and for ECDSA `(r, n - s)`. An
 * opaque token's key digests exactly its text.
 */
export function accessTokenKey(token: AccessTokenText): string {
  return token.kind === 'jwt'
    ? digest('access-token:jwt', signingInput(token))
    : digest('access-token:opaque', token.text);
}

export function idTokenKey(idToken: Jwt): string {
  return digest('id-token', signingInput(idToken));
}

/** Nobody verified a refresh token, so its claims must not reach another token's key. */
export function refreshTokenKey(token: string): string {
  return digest('refresh-token', token);
}

/** A `sid` is unique only together with its issuer. */
export function sessionKey(issuer: string, sid: string): string {
  return digest('session', issuer, sid);
}

/** A login without a `sid` has its ID Token in place of the session. */
export function loginKey(issuer: string, idTokenKey: string): string {
  return digest('login', issuer, idTokenKey);
}

export function subjectKey(issuer: string, subject: string): string {
  return digest('subject', issuer, subject);
}

/** The keys of the subject and the session of a token's claims, as far as it has them. */
export function ownerKeys(issuer: string, claims: JWTPayload) {
  const { sub }: { readonly sub?: unknown } = claims;
  const sid = sidOf(claims);
  return {
    subjectKey: typeof sub === 'string' && sub !== '' ? subjectKey(issuer, sub) : undefined,
    sessionKey: sid === undefined ? undefined : sessionKey(issuer, sid),
  };
}

/** A `jti` is unique only for its issuer. */
export function logoutTokenKey(issuer: string, jti: string): string {
  return digest('logout-token', issuer, jti);
}

export function stateKey(state: string): string {
  return digest('state', state);
}

function signingInput({ text }: Jwt): string {
  return text.slice(0, text.lastIndexOf('.'));
}
