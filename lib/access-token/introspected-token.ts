import type { JWTPayload } from 'jose';
import type { Introspection } from '../provider/introspection.ts';
import type { Provider } from '../provider/provider.ts';
import type { ProviderSettings } from '../provider/provider-settings.ts';
import type { AccessToken, AccessTokenRules } from './access-token.ts';
import type { InvalidTokenCause } from '../refusals/access-token.ts';
import type { Evidence, Refusal } from '../refusals/evidence.ts';
import { deepFreeze } from '../token/deep-freeze.ts';
import { evidenceOf, evidenceOfTime, type Suspect } from '../token/evidence.ts';
import { isNumericDate, secondOf } from '../token/numeric-date.ts';
import { isBearer, isBoundToKey, isDpop } from '../token/sender-constraint.ts';
import { ownerKeys } from '../token/token-keys.ts';
import { evidenceOfOtherClient, evidenceOfUnlistedClient } from '../token/token-kind.ts';
import { livesTooLong, refusal } from './refusal.ts';

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
  const suspect = { text: token, claims };
  const { issuer } = provider;
  const { iat } = claims;
  const fault =
    faultOfKind(suspect, provider) ??
    faultOfAddressee(suspect, provider, audience) ??
    faultOfTime(claims, clockTolerance);
  if (fault !== undefined) throw refusal(provider, fault.reason, fault);
  const payload = deepFreeze({ ...claims, iss: issuer }) as JWTPayload;
  return {
    auth: Object.freeze({ token, header: undefined, payload }),
    provider,
    expiresAt: expiryOf(claims, provider, maxTokenLifetime),
    issuedAt: isNumericDate(iat) ? iat : undefined,
    authTime: secondOf(claims.auth_time),
    key,
    ...ownerKeys(issuer, claims),
    saved: undefined,
    isUnclear: false,
    isSenderConstrained: isBoundToKey(claims) || isDpop(claims.token_type),
  };
}

type Fault = Refusal<InvalidTokenCause> | undefined;

function faultOfKind(suspect: Suspect, { settings }: Provider): Fault {
  const { typ = 'Bearer', token_use = 'access', token_type } = suspect.claims;
  const wrong = (claim: string, expected: string): Fault => {
    const evidence = evidenceOf(suspect, claim, { expected, found: suspect.claims[claim] });
    return { reason: 'wrong-type', ...evidence };
  };
  if (isUnclear(suspect, settings) && !settings.accessTokens.withoutAudience) {
    return { reason: 'introspection-unclear', claim: 'aud', expected: 'an API, or token_type' };
  }
  if (token_type !== undefined && !isTokenType(token_type)) return wrong('token_type', 'Bearer');
  if (typ !== 'Bearer' && !isDpop(typ)) return wrong('typ', 'Bearer');
  const isForAccess = token_use === 'access' || token_use === 'access_token';
  return isForAccess ? undefined : wrong('token_use', 'access');
}

// A provider may call a refresh token active too, without its kind; but a refresh token is meant
// for its client alone, and not for an API.
function isUnclear({ claims }: Suspect, { ofIssuer }: ProviderSettings): boolean {
  const clientIds: readonly unknown[] = ofIssuer.clientIds;
  const isForApi = [claims.aud ?? []].flat().some((each) => !clientIds.includes(each));
  return claims.token_type === undefined && !isForApi;
}

function isTokenType(value: unknown): boolean {
  return typeof value === 'string' && (isBearer(value) || isDpop(value));
}

function faultOfAddressee(
  suspect: Suspect,
  { issuer, settings }: Provider,
  audience: readonly string[] | undefined,
): Fault {
  const { iss = issuer, aud } = suspect.claims;
  if (iss !== issuer) {
    const evidence = evidenceOf(suspect, 'iss', { expected: issuer, found: iss });
    return { reason: 'other-issuer', ...evidence };
  }
  const otherClient = evidenceOfClient(suspect, settings);
  if (otherClient !== undefined) return { reason: 'other-client', ...otherClient };
  if (aud === undefined || settings.accessTokens.clients !== undefined) return undefined;
  if (audience === undefined || [aud].flat().some((name) => audience.includes(name as string))) {
    return undefined;
  }
  const evidence = evidenceOf(suspect, 'aud', { expected: audience, found: aud });
  return { reason: 'wrong-audience', ...evidence };
}

function evidenceOfClient(
  suspect: Suspect,
  { accessTokens, ofIssuer }: ProviderSettings,
): Evidence | undefined {
  const { aud, token_type } = suspect.claims;
  const { clients } = accessTokens;
  if (clients !== undefined) return evidenceOfUnlistedClient(suspect, clients);
  if (aud !== undefined) return undefined;
  return token_type === undefined
    ? evidenceOfUnlistedClient(suspect, ofIssuer.clientIds)
    : evidenceOfOtherClient(suspect, ofIssuer.clientIds);
}

function faultOfTime({ nbf = 0 }: Introspection, tolerance: number): Fault {
  if (!isNumericDate(nbf)) return { reason: 'claim-malformed', claim: 'nbf' };
  if (nbf <= Date.now() / 1000 + tolerance) return undefined;
  return { reason: 'not-yet-valid', ...evidenceOfTime('nbf', nbf, `in ${tolerance} s at most`) };
}

// Without an end, the token would outlive its invalidation.
function expiryOf(
  { exp, iat }: Introspection,
  provider: Provider,
  maxTokenLifetime: number,
): number {
  if (exp === undefined && isNumericDate(iat)) return Math.ceil(iat + maxTokenLifetime);
  if (isNumericDate(exp) && Number.isSafeInteger(Math.ceil(exp) * 1000)) return Math.ceil(exp);
  throw livesTooLong(provider, maxTokenLifetime);
}
