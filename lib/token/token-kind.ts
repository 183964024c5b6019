import type { JWTHeaderParameters, JWTPayload } from 'jose';

const ACCESS_TOKEN_TYPES = ['at+jwt', 'application/at+jwt'];
const UNTYPED = [undefined, 'jwt', 'application/jwt'];

const CLAIMS_OF_OTHER_TOKENS = ['at_hash', 'c_hash', 's_hash', 'events', 'nonce'];
const CLAIMS_OF_ACCESS_TOKENS = ['scope', 'scp', 'client_id', 'cid', 'appid', 'idtyp'];

/**
 * Tells whether a JWT of this provider is an access token. One that is typed `at+jwt` is; of one that
 * has no type of its own, as most providers issue them, the claims must not say that it is an ID Token,
 * a Logout Token or a refresh token.
 *
 * @see [RFC 9068, section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)
 * @see [RFC 8725, section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)
 */
export function isAccessToken(
  header: JWTHeaderParameters,
  claims: JWTPayload,
  { clientId, strict }: { clientId: string; strict: boolean },
): boolean {
  if ('events' in claims) return false;
  const type = typeof header.typ === 'string' ? header.typ.toLowerCase() : header.typ;
  if (type !== undefined && ACCESS_TOKEN_TYPES.includes(type)) return true;
  if (strict || !UNTYPED.includes(type)) return false;
  return claimsOfAccessToken(claims, clientId);
}

function claimsOfAccessToken(claims: JWTPayload, clientId: string): boolean {
  // Keycloak and Amazon Cognito say it in a claim of their own.
  if (typeof claims.typ === 'string') return claims.typ === 'Bearer';
  if (typeof claims.token_use === 'string') return claims.token_use === 'access';
  if (CLAIMS_OF_OTHER_TOKENS.some((claim) => claim in claims)) return false;
  // PingAM and Curity
  if ((claims.tokenName ?? 'access_token') !== 'access_token' || claims.purpose === 'id') {
    return false;
  }
  const meantForClient = [claims.aud].flat().includes(clientId);
  return !meantForClient || CLAIMS_OF_ACCESS_TOKENS.some((claim) => claim in claims);
}

/** Tells whether the token says that it was issued to another client; many do not say. */
export function isOfAnotherClient(claims: JWTPayload, clientId: string): boolean {
  const client = claims.client_id ?? claims.azp ?? claims.cid ?? claims.appid;
  return client !== undefined && client !== clientId;
}
