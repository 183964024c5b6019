import { hash } from 'node:crypto';
import type { AccessTokenText } from './access-token-text.ts';
import type { Jwt } from './jwt.ts';

/** Each kind of key is digested in a domain of its own: no text of one kind meets the key of another. */
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

// 128 bits: a second token of the same key is out of reach, and an entry stays small.
function digest(domain: Domain, ...parts: readonly string[]): string {
  const sha256 = hash('sha256', JSON.stringify([domain, ...parts]), 'buffer');
  return sha256.toString('base64url', 0, 16);
}

/**
 * The key of an access token. Of a JWT it is made of what the signature covers and not of the signature,
 * because one signature has many spellings that verify: unused bits of its last base64url character,
 * and for ECDSA `(r, n - s)`. Of an opaque token it is made of exactly its text.
 */
export function accessTokenKey(token: AccessTokenText): string {
  return token.kind === 'jwt'
    ? digest('access-token:jwt', signingInput(token))
    : digest('access-token:opaque', token.text);
}

/** The key of an ID Token, which never is that of an access token, not even of the same text. */
export function idTokenKey(idToken: Jwt): string {
  return digest('id-token', signingInput(idToken));
}

/**
 * The key of a refresh token, of exactly this text: nobody verified it, so it must not hit what another
 * text says of itself.
 */
export function refreshTokenKey(token: string): string {
  return digest('refresh-token', token);
}

/** The key of the provider's session `sid`, which is unique only together with its issuer. */
export function sessionKey(issuer: string, sid: string): string {
  return digest('session', issuer, sid);
}

/** The key of a login at a provider that names no `sid`: its ID Token stands for it. */
export function loginKey(issuer: string, idTokenKey: string): string {
  return digest('login', issuer, idTokenKey);
}

/** The key of a user of one provider. */
export function subjectKey(issuer: string, subject: string): string {
  return digest('subject', issuer, subject);
}

/** The key of a Logout Token, whose `jti` is unique only for its issuer. */
export function logoutTokenKey(issuer: string, jti: string): string {
  return digest('logout-token', issuer, jti);
}

/** The key of a logout's `state`. */
export function stateKey(state: string): string {
  return digest('state', state);
}

function signingInput({ text }: Jwt): string {
  return text.slice(0, text.lastIndexOf('.'));
}
