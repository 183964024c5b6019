import type { JWTPayload } from 'jose';
import { InvalidTokenError } from '../errors.ts';
import type { Introspection } from '../provider/introspection.ts';
import type { Provider } from '../provider/provider.ts';
import type { AccessToken, AccessTokenRules } from './access-token.ts';
import { deepFreeze } from '../token/deep-freeze.ts';
import { isNumericDate, secondOf } from '../token/numeric-date.ts';
import { isBearer, isBoundToKey, isDpop } from '../token/sender-constraint.ts';
import { ownerKeys } from '../token/token-keys.ts';
import { isOfAnotherClient } from '../token/token-kind.ts';

interface Introspected {
  readonly token: string;
  readonly key: string;
  readonly provider: Provider;
  readonly claims: Introspection;
}

/**
 * Accepts an active token meant for this API and for now.
 *
 * @see [RFC 7662, section 4](https://www.rfc-editor.org/rfc/rfc7662#section-4)
 */
export function introspectedToken(
  { token, key, provider, claims }: Introspected,
  { audience, clockTolerance, maxTokenLifetime }: AccessTokenRules,
): AccessToken {
  const { issuer } = provider;
  const { iss = issuer, nbf = 0, iat } = claims;
  const isTooEarly = !isNumericDate(nbf) || nbf > Date.now() / 1000 + clockTolerance;
  if (!isKindOfAccessToken(claims)) throw new InvalidTokenError('wrong-kind');
  if (iss !== issuer || isTooEarly || isForOthers(claims, provider, audience)) {
    throw new InvalidTokenError('not-authentic');
  }
  const payload = deepFreeze({ ...claims, iss: issuer }) as JWTPayload;
  return {
    token,
    header: undefined,
    payload,
    provider,
    expiresAt: expiryOf(claims, maxTokenLifetime),
    issuedAt: isNumericDate(iat) ? iat : undefined,
    authTime: secondOf(claims.auth_time),
    key,
    ...ownerKeys(issuer, claims),
    saved: undefined,
    isUnclear: false,
    isSenderConstrained: isBoundToKey(claims) || isDpop(claims.token_type),
  };
}

// A provider may call a refresh token active too, without its kind; but a refresh token is not
// meant for an API.
function isKindOfAccessToken({ typ = 'Bearer', token_use = 'access', ...claims }: Introspection) {
  const { aud, token_type = aud === undefined ? 'unknown' : 'Bearer' } = claims;
  const isTyped = typeof token_type === 'string' && (isBearer(token_type) || isDpop(token_type));
  const isOfKind = typ === 'Bearer' || isDpop(typ);
  return isTyped && isOfKind && (token_use === 'access' || token_use === 'access_token');
}

function isForOthers(
  claims: Introspection,
  { settings }: Provider,
  audience: readonly string[] | undefined,
): boolean {
  const { aud } = claims;
  if (aud === undefined) return isOfAnotherClient(claims, settings.clientId);
  return audience !== undefined && ![aud].flat().some((name) => audience.includes(name as string));
}

// Without an end, the token would outlive its invalidation.
function expiryOf({ exp, iat }: Introspection, maxTokenLifetime: number): number {
  if (exp === undefined && isNumericDate(iat)) return Math.ceil(iat + maxTokenLifetime);
  if (!isNumericDate(exp) || !Number.isSafeInteger(Math.ceil(exp) * 1000)) {
    throw new InvalidTokenError('lives-too-long');
  }
  return Math.ceil(exp);
}
