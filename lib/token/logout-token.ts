import { type CryptoKey, errors, type JWK, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { InvalidLogoutTokenError, ProviderUnavailableError } from '../errors.ts';
import { failureReason } from '../input/failure-reason.ts';
import { isObject } from '../input/json-object.ts';
import { boolean, optional, seconds, text, texts, withDefault } from '../input/kinds.ts';
import {
  type Option,
  type OptionsOf,
  optionsOfCall,
  readOptions,
  type ValuesOf,
} from '../input/option.ts';
import { decryptJwt, repeatsClaims, type TokenEncryption } from './encrypted-jwt.ts';
import { InvalidJwtError, type Jwt, readJwt, verifyJwt } from './jwt.ts';
import { isNumericDate } from './numeric-date.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPE = /^(?:application\/)?logout\+jwt$/i;
const UNTYPED = /^(?:application\/)?jwt$/i;

/** What a verified Logout Token says: whose session ended, by `subject`, `sid`, or both. */
export interface LogoutToken {
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`; absent where the token names a session alone. */
  readonly subject: string | undefined;
  /** The session that ended; without it, all sessions of the subject did. */
  readonly sid: string | undefined;
  /** Keycloak's `revoke_offline_access`: refresh tokens of `offline_access` end too. */
  readonly revokesOfflineAccess: boolean;
  /** Unique for this issuer: keep it until `expiresAt` to know a repeat. */
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch; `issuedAt + maxAge` where the token has no `exp`. */
  readonly expiresAt: number;
}

const OPTIONS = {
  /** The provider's issuer identifier, exactly as in `iss`. */
  issuer: text(),
  /** This client's `client_id`, which `aud` must contain. */
  clientId: text(),
  /** The signature algorithms that are accepted. Default: `['RS256']`. */
  algorithms: withDefault(texts(), ['RS256']),
  /** How the token must be encrypted. Default: not at all. */
  encryption: optional(encryption()),
  /** Demand the type `logout+jwt`, `exp`, and no other audience. Default: `false`. */
  strict: boolean(false),
  /** How far the clocks may be apart, in seconds. Default: 5. */
  clockTolerance: seconds(5, 0),
  /** How long a token without `exp` is taken after its `iat`, in seconds. Default: 300. */
  maxAge: seconds(300),
};

/** What a Logout Token is checked against. */
export interface LogoutTokenOptions extends OptionsOf<typeof OPTIONS> {}

type Rules = ValuesOf<typeof OPTIONS>;

/** A key, or a function that finds it, such as jose's `createRemoteJWKSet()` makes. */
export type LogoutTokenKey = JWTVerifyGetKey | CryptoKey | JWK | Uint8Array;

/**
 * Verifies a Logout Token, for apps that keep their own sessions. Whether its `jti` was seen before is
 * not checked.
 *
 * @throws {@link InvalidLogoutTokenError} when the token is not one of this provider for this client; `reason` tells why.
 * @throws TypeError when an option is missing, wrong or unknown.
 * @throws {@link ProviderUnavailableError} when the function that finds the key failed to look.
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
  // Checked each time: a rule that is missing would let pass what it is there to refuse.
  const rules = readOptions(OPTIONS, options, optionsOfCall('verifyLogoutToken()'));
  const { encryption } = rules;
  const text = encryption === undefined ? logoutToken : await decrypt(logoutToken, encryption);
  const jwt = readJwt(text);
  if (jwt === undefined) throw new InvalidLogoutTokenError('malformed');
  checkHeader(jwt, rules);
  // Whatever can be refused before the signature is costs no cryptography.
  readClaims(jwt.claims, rules);
  const claims = await verifyClaims(jwt, key, rules);
  if (encryption !== undefined && !repeatsClaims(logoutToken, claims)) {
    throw new InvalidLogoutTokenError('not-encrypted-as-agreed');
  }
  return readClaims(claims, rules);
}

// What is wrong with it shows when it is used.
function encryption(): Option<TokenEncryption, TokenEncryption> {
  return { takes: 'object', standard: 'required', read: (given) => given as TokenEncryption };
}

async function decrypt(token: string, encryption: TokenEncryption): Promise<string> {
  try {
    return await decryptJwt(token, encryption);
  } catch {
    throw new InvalidLogoutTokenError('not-encrypted-as-agreed');
  }
}

function checkHeader({ header }: Jwt, { algorithms, strict }: Rules): void {
  const { alg, typ } = header;
  if (!algorithms.includes(alg)) throw new InvalidLogoutTokenError('not-authentic');
  if (typ === undefined ? strict : !isLogoutTokenType(typ, strict)) {
    throw new InvalidLogoutTokenError('wrong-kind');
  }
}

function isLogoutTokenType(typ: unknown, strict: boolean): boolean {
  return typeof typ === 'string' && (TYPE.test(typ) || (!strict && UNTYPED.test(typ)));
}

async function verifyClaims(jwt: Jwt, key: LogoutTokenKey, rules: Rules): Promise<JWTPayload> {
  const { issuer, clientId, algorithms, clockTolerance } = rules;
  try {
    return await verifyJwt(jwt, finderOf(key), {
      ...{ issuer, audience: clientId, algorithms: [...algorithms], clockTolerance },
    });
  } catch (error) {
    throw error instanceof InvalidJwtError ? new InvalidLogoutTokenError('not-authentic') : error;
  }
}

// That no key could be looked for is not the token's fault.
function finderOf(key: LogoutTokenKey): JWTVerifyGetKey {
  if (typeof key !== 'function') return () => key;
  return async (header, jws) => {
    try {
      return await key(header, jws);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) throw error;
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof ProviderUnavailableError) throw error;
      throw new ProviderUnavailableError(failureReason(error));
    }
  };
}

/** Section 2.4: what a Logout Token must and must not have. */
function readClaims(claims: JWTPayload, rules: Rules): LogoutToken {
  const { iss, aud, sub, sid, jti } = claims;
  const audiences = [aud].flat();
  if (iss !== rules.issuer) throw new InvalidLogoutTokenError('unknown-issuer');
  if (!audiences.includes(rules.clientId) || (rules.strict && audiences.length > 1)) {
    throw new InvalidLogoutTokenError('not-authentic');
  }
  if (Object.hasOwn(claims, 'nonce')) throw new InvalidLogoutTokenError('nonce');
  if (!hasEvent(claims.events)) throw new InvalidLogoutTokenError('event-missing');
  if (!isText(jti) || !isTextOrAbsent(sub) || !isTextOrAbsent(sid)) {
    throw new InvalidLogoutTokenError('claims-malformed');
  }
  if (sub === undefined && sid === undefined) throw new InvalidLogoutTokenError('session-missing');
  const { revoke_offline_access } = claims.events as Readonly<Record<string, unknown>>;
  return {
    ...{ issuer: rules.issuer, subject: sub, sid, jti, ...readTimes(claims, rules) },
    revokesOfflineAccess: revoke_offline_access === true,
  };
}

function readTimes({ iat, exp }: JWTPayload, { strict, clockTolerance, maxAge }: Rules) {
  if (!isNumericDate(iat) || !(exp === undefined ? !strict : isNumericDate(exp))) {
    throw new InvalidLogoutTokenError('claims-malformed');
  }
  const now = Date.now() / 1000;
  const expiresAt = exp ?? iat + maxAge;
  if (iat > now + clockTolerance || expiresAt <= now - clockTolerance) {
    throw new InvalidLogoutTokenError('expired');
  }
  return { issuedAt: iat, expiresAt };
}

function hasEvent(events: unknown): boolean {
  return isObject(events) && Object.hasOwn(events, EVENT) && isObject(events[EVENT]);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
