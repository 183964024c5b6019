import { readMembers } from '../input/json-object.ts';

/** The claims in the entry of a saved token. */
export interface TokenClaims {
  readonly iss: string;
  /** The client of the login. */
  readonly client_id?: string | undefined;
  readonly scope?: string | undefined;
  readonly sub?: string | undefined;
  readonly sid?: string | undefined;
  /** Seconds since the epoch; only of an access token. */
  readonly exp?: number | undefined;
  /** The time of the save, in seconds since the epoch; only of an access token. */
  readonly iat?: number | undefined;
  readonly bound?: true | undefined;
}

export function writeTokenClaims(claims: TokenClaims): string {
  return JSON.stringify(claims);
}

export function readTokenClaims(text: string): TokenClaims | undefined {
  const claims = readMembers(text) as Partial<TokenClaims>;
  return typeof claims.iss === 'string' ? (claims as TokenClaims) : undefined;
}
