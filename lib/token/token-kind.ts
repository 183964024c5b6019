import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { isDpop } from './sender-constraint.ts';

const ACCESS_TOKEN_TYPES = ['at+jwt', 'application/at+jwt'];
const UNTYPED = [undefined, 'jwt', 'application/jwt'];

const CLAIMS_OF_ID_TOKENS = ['at_hash', 'c_hash', 's_hash', 'nonce'];
const CLAIMS_OF_ACCESS_TOKENS = ['scope', 'scp', 'client_id', 'cid', 'appid', 'idtyp'];

/** `unclear`: the claims may be an ID Token's, as in the access tokens of some providers. */
export type TokenKind = 'access-token' | 'unclear' | 'other';

/**
 * A JWT typed `at+jwt` is an access token. Most providers issue access tokens without a type of
 * their own; their claims must not be an ID Token's, a Logout Token's or a refresh token's.
 *
 * @see [RFC 9068, section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)
 * @see [RFC 8725, section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)
 */
export function kindOf(
  header: JWTHeaderParameters,
  claims: JWTPayload,
  { clientId, strict }: { clientId: string; strict: boolean },
): TokenKind {
  if ('events' in claims) return 'other';
  const type = typeof header.typ === 'string' ? header.typ.toLowerCase() : header.typ;
  if (type !== undefined && ACCESS_TOKEN_TYPES.includes(type)) return 'access-token';
  if (strict || !UNTYPED.includes(type)) return 'other';
  return kindByClaims(claims, clientId);
}

function kindByClaims(claims: JWTPayload, clientId: string): TokenKind {
  // Keycloak and Amazon Cognito have a claim for the kind.
  if (typeof claims.typ === 'string') {
    return claims.typ === 'Bearer' || isDpop(claims.typ) ? 'access-token' : 'other';
  }
  if (typeof claims.token_use === 'string') {
    return claims.token_use === 'access' ? 'access-token' : 'other';
  }
  // PingAM and Curity
  const { tokenName = 'access_token', purpose } = claims;
  if (tokenName !== 'access_token' || purpose === 'id') return 'other';
  if (CLAIMS_OF_ID_TOKENS.some((claim) => claim in claims)) return 'unclear';
  const meantForClient = [claims.aud].flat().includes(clientId);
  const saysSo = !meantForClient || CLAIMS_OF_ACCESS_TOKENS.some((claim) => claim in claims);
  return saysSo ? 'access-token' : 'unclear';
}

/** Many tokens tell of no client. */
export function isOfAnotherClient(claims: JWTPayload, clientId: string): boolean {
  const client = claims.client_id ?? claims.azp ?? claims.cid ?? claims.appid;
  return client !== undefined && client !== clientId;
}

export function isOfClient({ client_id, azp, cid, appid }: JWTPayload, clientId: string): boolean {
  const clients = [client_id, azp, cid, appid].filter((client) => client !== undefined);
  return clients.length > 0 && clients.every((client) => client === clientId);
}
