import { readMembers } from '../input/json-object.ts';

/** What the entry of a saved token keeps beside its login. */
export interface TokenClaims {
  readonly iss: string;
  /** What was granted. */
  readonly scope?: string | undefined;
  /** Of an access token: its subject. */
  readonly sub?: string | undefined;
  /** Of an access token: the provider's session. */
  readonly sid?: string | undefined;
  /** Of an access token: its end, in seconds since the epoch. */
  readonly exp?: number | undefined;
  /** Of an access token: when it was saved, in seconds since the epoch. */
  readonly iat?: number | undefined;
  /** Of an access token that is bound to its sender. */
  readonly bound?: true | undefined;
}

export function writeTokenClaims(claims: TokenClaims): string {
  return JSON.stringify(claims);
}

/** What a text keeps of a token; `undefined` where it is none of this package's. */
export function readTokenClaims(text: string): TokenClaims | undefined {
  const claims = readMembers(text) as Partial<TokenClaims>;
  return typeof claims.iss === 'string' ? (claims as TokenClaims) : undefined;
}
