import type { JWTPayload } from 'jose';
import { InvalidLogoutTokenError } from '../errors.ts';
import type { Evidence } from '../refusals/evidence.ts';
import type { InvalidLogoutTokenCause } from '../refusals/logout-token.ts';
import { isObject } from '../input/json-object.ts';
import { boolean, optional, seconds, text, texts, withDefault } from '../input/kinds.ts';
import {
  type Option,
  type OptionsOf,
  optionsOfCall,
  readOptions,
  type ValuesOf,
} from '../input/option.ts';
import {
  claimRepeatedWrongly,
  decryptJwt,
  InvalidJweError,
  type TokenEncryption,
} from './encrypted-jwt.ts';
import { evidenceOf, evidenceOfTime } from './evidence.ts';
import { InvalidJwtError, type Jwt, readJwt, type ReadToken, readToken, verifyJwt } from './jwt.ts';
import { finderOf, type LogoutTokenKey } from './key-finder.ts';
import { isNumericDate } from './numeric-date.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPE = /^(?:application\/)?logout\+jwt$/i;
const UNTYPED = /^(?:application\/)?jwt$/i;

/** The content of a verified Logout Token. `subject`, `sid`, or both tell which sessions ended. */
export interface LogoutToken {
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`; absent where the token names a session alone. */
  readonly subject: string | undefined;
  /** The ended session; without `sid`, all sessions of the subject ended. */
  readonly sid: string | undefined;
  /** Keycloak's `revoke_offline_access`: refresh tokens of `offline_access` end too. */
  readonly revokesOfflineAccess: boolean;
  /** Unique for this issuer. To recognise a repeat, keep the `jti` until `expiresAt`. */
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch; `issuedAt + maxAge` for a token without `exp`. */
  readonly expiresAt: number;
}

const OPTIONS = {
  /** The provider's issuer identifier, exactly as in `iss`. */
  issuer: text(),
  /** This client's `client_id`, which `aud` must contain. */
  clientId: text(),
  /**
   * Further values of `typ` in the header, beside `logout+jwt`, `JWT` and none. `strict` takes none
   * of these. Default: none.
   */
  types: optional(texts()),
  /** The accepted signature algorithms. Default: `['RS256']`. */
  algorithms: withDefault(texts(), ['RS256']),
  /** How the token must be encrypted. Default: not at all. */
  encryption: optional(encryption()),
  /** Demand the type `logout+jwt`, `exp`, and no other audience. Default: `false`. */
  strict: boolean(false),
  /** How far the clocks may be apart, in seconds. Default: 5. */
  clockTolerance: seconds(5, 0),
  /** How long a token without `exp` is valid after its `iat`, in seconds. Default: 300. */
  maxAge: seconds(300),
};

/** The rules for a Logout Token. */
export interface LogoutTokenOptions extends OptionsOf<typeof OPTIONS> {}

export type LogoutTokenRules = ValuesOf<typeof OPTIONS>;

/**
 * Verifies a Logout Token, for apps that keep their own sessions. The `jti` is not compared with
 * earlier tokens.
 *
 * @throws {@link InvalidLogoutTokenError} when this provider did not issue the token for this
 * client. `reason` tells why.
 * @throws TypeError when an option is missing, wrong or unknown.
 * @throws {@link ProviderUnavailableError} when the function failed to look for the key.
 *
 * @example
 * const keys = createRemoteJWKSet(new URL('https://op.example.com/jwks'));
 * const { sid, subject } = await verifyLogoutToken(req.body.logout_token, keys, {
 *   issuer: 'https://op.example.com',
 *   clientId: 'web',
 * });
 *
 * @see [OpenID Connect Back-Channel Logout 1.0, section 2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
 */
export async function verifyLogoutToken(
  logoutToken: string,
  key: LogoutTokenKey,
  options: LogoutTokenOptions,
): Promise<LogoutToken> {
  // Checked at each call: a missing rule would let wrong tokens pass.
  const rules = readOptions(OPTIONS, options, optionsOfCall('verifyLogoutToken()'));
  return verifyLogoutTokenBy(readToken(logoutToken), key, rules);
}

/** @throws {@link InvalidLogoutTokenError} or {@link ProviderUnavailableError} */
export async function verifyLogoutTokenBy(
  { text, jwt: signed }: ReadToken,
  key: LogoutTokenKey,
  rules: LogoutTokenRules,
): Promise<LogoutToken> {
  const { encryption } = rules;
  const isEncrypted = encryption !== undefined;
  const jwt = isEncrypted ? readJwt(await decrypt(text, encryption, rules)) : signed;
  if (jwt === undefined) throw refusal(rules, 'malformed');
  checkType(jwt, rules);
  // Cheap checks come first: a refusal before the signature costs no cryptography.
  const content = readClaims(jwt, rules);
  const claims = await verifyClaims(jwt, key, rules);
  if (isEncrypted) checkRepeatedClaims(text, claims, rules);
  return content;
}

function refusal(
  { issuer }: LogoutTokenRules,
  reason: InvalidLogoutTokenCause,
  evidence?: Evidence,
) {
  return new InvalidLogoutTokenError(reason, { ...evidence, issuer });
}

// Wrong settings fail at the first use.
function encryption(): Option<TokenEncryption, TokenEncryption> {
  return { takes: 'object', read: (given) => given as TokenEncryption };
}

async function decrypt(
  token: string,
  encryption: TokenEncryption,
  rules: LogoutTokenRules,
): Promise<string> {
  try {
    return await decryptJwt(token, encryption);
  } catch (error) {
    const evidence = error instanceof InvalidJweError ? error.evidence : {};
    throw refusal(rules, 'not-encrypted-as-agreed', evidence);
  }
}

function checkRepeatedClaims(token: string, claims: JWTPayload, rules: LogoutTokenRules): void {
  const claim = claimRepeatedWrongly(token, claims);
  if (claim !== undefined) throw refusal(rules, 'not-encrypted-as-agreed', { claim });
}

function checkType(jwt: Jwt, rules: LogoutTokenRules): void {
  const { strict, types = [] } = rules;
  const { typ } = jwt.header;
  if (!isLogoutTokenType(typ) && (strict || !isAgreedType(typ, types))) {
    const expected = strict ? 'logout+jwt' : ['logout+jwt', 'JWT', ...types];
    throw refusal(rules, 'wrong-type', evidenceOf(jwt, 'typ', { expected, found: typ }));
  }
}

function isLogoutTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && TYPE.test(typ);
}

function isAgreedType(typ: unknown, types: readonly string[]): boolean {
  if (typ === undefined) return true;
  if (typeof typ !== 'string') return false;
  return UNTYPED.test(typ) || types.some((type) => type.toLowerCase() === typ.toLowerCase());
}

async function verifyClaims(
  jwt: Jwt,
  key: LogoutTokenKey,
  rules: LogoutTokenRules,
): Promise<JWTPayload> {
  const { issuer, clientId, algorithms, clockTolerance } = rules;
  try {
    return await verifyJwt(jwt, finderOf(key), {
      issuer,
      audience: clientId,
      algorithms: [...algorithms],
      clockTolerance,
    });
  } catch (error) {
    if (!(error instanceof InvalidJwtError)) throw error;
    const { reason, ...evidence } = error.refusal;
    throw refusal(rules, reason, evidence);
  }
}

/** Section 2.4: the required and the prohibited claims. */
function readClaims(jwt: Jwt, rules: LogoutTokenRules): LogoutToken {
  const { claims } = jwt;
  checkAddressee(jwt, rules);
  if (Object.hasOwn(claims, 'nonce')) throw refusal(rules, 'nonce', { claim: 'nonce' });
  if (!hasEvent(claims.events)) throw refusal(rules, 'event-missing', { claim: 'events' });
  const subject = readText(claims, 'sub', rules);
  const sid = readText(claims, 'sid', rules);
  const jti = readText(claims, 'jti', rules);
  if (jti === undefined) throw refusal(rules, 'claim-missing', { claim: 'jti' });
  if (subject === undefined && sid === undefined) throw refusal(rules, 'session-missing');
  const { revoke_offline_access } = claims.events as Readonly<Record<string, unknown>>;
  return {
    issuer: rules.issuer,
    subject,
    sid,
    jti,
    ...readTimes(claims, rules),
    revokesOfflineAccess: revoke_offline_access === true,
  };
}

function checkAddressee(jwt: Jwt, rules: LogoutTokenRules): void {
  const { issuer, clientId, strict } = rules;
  const { iss, aud } = jwt.claims;
  if (iss !== issuer) {
    const evidence = evidenceOf(jwt, 'iss', { expected: issuer, found: iss });
    throw refusal(rules, 'unknown-issuer', evidence);
  }
  const audiences = [aud].flat();
  const isAmong = audiences.includes(clientId);
  if (isAmong && !(strict && audiences.length > 1)) return;
  const evidence = evidenceOf(jwt, 'aud', { expected: clientId, found: aud });
  throw refusal(rules, isAmong ? 'further-audiences' : 'wrong-audience', evidence);
}

function readTimes({ iat, exp }: JWTPayload, rules: LogoutTokenRules) {
  const { strict, clockTolerance, maxAge } = rules;
  if (iat === undefined) throw refusal(rules, 'claim-missing', { claim: 'iat' });
  if (!isNumericDate(iat)) throw refusal(rules, 'claim-malformed', { claim: 'iat' });
  if (exp === undefined && strict) throw refusal(rules, 'claim-missing', { claim: 'exp' });
  if (exp !== undefined && !isNumericDate(exp)) {
    throw refusal(rules, 'claim-malformed', { claim: 'exp' });
  }
  const now = Date.now() / 1000;
  if (iat > now + clockTolerance) {
    const expected = `in ${clockTolerance} s at most`;
    throw refusal(rules, 'issued-in-future', evidenceOfTime('iat', iat, expected));
  }
  const expiresAt = exp ?? iat + maxAge;
  if (expiresAt > now - clockTolerance) return { issuedAt: iat, expiresAt };
  throw refusal(
    rules,
    'expired',
    exp === undefined
      ? evidenceOfTime('iat', iat, `${maxAge + clockTolerance} s ago at most`)
      : evidenceOfTime('exp', exp, `${clockTolerance} s ago at most`),
  );
}

function hasEvent(events: unknown): boolean {
  return isObject(events) && Object.hasOwn(events, EVENT) && isObject(events[EVENT]);
}

function readText(claims: JWTPayload, claim: string, rules: LogoutTokenRules): string | undefined {
  const value = claims[claim];
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw refusal(rules, 'claim-malformed', { claim });
}
