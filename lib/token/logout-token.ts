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

type Rules = ValuesOf<typeof OPTIONS>;

/** A key, or a function that finds the key, such as from jose's `createRemoteJWKSet()`. */
export type LogoutTokenKey = JWTVerifyGetKey | CryptoKey | JWK | Uint8Array;

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
  const { encryption } = rules;
  const text = encryption === undefined ? logoutToken : await decrypt(logoutToken, encryption);
  const jwt = readJwt(text);
  if (jwt === undefined) throw new InvalidLogoutTokenError('malformed');
  checkHeader(jwt, rules);
  // Cheap checks come first: a refusal before the signature costs no cryptography.
  readClaims(jwt.claims, rules);
  const claims = await verifyClaims(jwt, key, rules);
  if (encryption !== undefined && !repeatsClaims(logoutToken, claims)) {
    throw new InvalidLogoutTokenError('not-encrypted-as-agreed');
  }
  return readClaims(claims, rules);
}

// Wrong settings fail at the first use.
function encryption(): Option<TokenEncryption, TokenEncryption> {
  return { takes: 'object', read: (given) => given as TokenEncryption };
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

// A failed look-up of the key is not the token's fault.
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

/** Section 2.4: the required and the prohibited claims. */
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
