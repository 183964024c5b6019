import {
  checkBoolean,
  checkChoice,
  checkMilliseconds,
  checkNames,
  checkNumber,
  checkObject,
  checkTexts,
} from '../input/checks.ts';
import type { ProviderSettings } from '../provider/provider.ts';
import type { RevocationPolicy } from '../provider/revocations.ts';
import { type ProviderOptions, resolveProviders } from './provider-options.ts';
import {
  type ResolvedStoreOptions,
  resolveStoreOptions,
  type StoreOptions,
} from './store-options.ts';

/** Options of {@link oidcLogout}. Unknown ones are refused. */
export interface OidcLogoutOptions extends StoreOptions {
  /** The provider; or several, told apart by `iss`. */
  readonly provider: ProviderOptions | readonly ProviderOptions[];

  /**
   * The key under which ID Tokens are encrypted in the store: 32 bytes, or their base64url or base64.
   * Default: none; ID Tokens are stored as they are.
   *
   * @see [RFC 7518, section 4.5](https://www.rfc-editor.org/rfc/rfc7518#section-4.5)
   */
  readonly encryptionKey?: Uint8Array | string | undefined;

  /**
   * What `aud` of an access token must contain: the identifier of this API. `guard()` requires it.
   *
   * @see [RFC 9068, section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)
   */
  readonly audience?: string | readonly string[] | undefined;

  /**
   * Accept as access tokens only JWTs of the type `at+jwt` that have every claim that RFC 9068 requires,
   * and as Logout Tokens only JWTs of the type `logout+jwt` that have `exp` and no other audience.
   * Default: `false`; a JWT of no special type passes too, when its claims are those of such a token.
   */
  readonly strict?: boolean | undefined;

  /** How far the clocks of provider and app may be apart, in seconds. Default: 5. */
  readonly clockTolerance?: number | undefined;

  /** How long after its `exp` an access token can still be logged out, in seconds. Default: 86400 (a day). */
  readonly expiredTokenGrace?: number | undefined;

  /**
   * The longest remaining life with which an access token is accepted, in seconds. Default: 86400 (a day).
   */
  readonly maxTokenLifetime?: number | undefined;

  /**
   * How long a session is remembered after its last login or refresh, and its end after a logout, in
   * seconds. Default: 1209600 (14 days).
   */
  readonly maxSessionLifetime?: number | undefined;

  /** How long the same logout gets the identical answer, in seconds; 0 = not at all. Default: 60. */
  readonly retryWindow?: number | undefined;

  /**
   * How long a Logout Token without `exp` is taken after its `iat`, in seconds. Default: 300 (5 minutes).
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)
   */
  readonly logoutTokenMaxAge?: number | undefined;

  /** The largest body that an endpoint reads, in bytes after decompression. Default: 16384. */
  readonly bodyLimit?: number | undefined;

  /**
   * How much memory a process spends at most on the tokens that it has verified, in bytes; and as much again on what
   * providers say of opaque tokens. A token takes about three times its length: the default holds 6,500 of 0.7 kB
   * each, or 600 of 8.7 kB. One that does not fit is verified anew at each request. Default: 16777216 (16 MiB).
   */
  readonly tokenCacheSize?: number | undefined;

  /** How the logout endpoint writes its errors: as RFC 6749 does, or as Elasticsearch does. Default: `oauth`. */
  readonly errorFormat?: 'oauth' | 'elasticsearch' | undefined;

  /** Send `client_id` to the End Session endpoint. Default: `true`. */
  readonly includeClientId?: boolean | undefined;

  /** What the guard does when the store fails: answer 503, or let authentic tokens pass. Default: `deny`. */
  readonly onStoreError?: 'deny' | 'allow' | undefined;

  /**
   * Which tokens of a logout are revoked at a provider that has a revocation endpoint. Default: `all`. A
   * provider that cannot revoke access tokens says so, which is no failure.
   *
   * @see [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)
   */
  readonly revocation?: RevocationPolicy | undefined;

  /**
   * How long a logout waits for its revocations, in milliseconds; then they go on in the background.
   * Default: 1000.
   */
  readonly revocationTimeout?: number | undefined;

  /**
   * How long after a Logout Token the refresh tokens of its session are revoked, in seconds; 0 = at once. Revoked in
   * the turn of the answer, Keycloak brings its session back. Default: 5.
   */
  readonly revocationDelay?: number | undefined;

  /** How long a request to the provider may take, in milliseconds. Default: 5000. */
  readonly providerTimeout?: number | undefined;

  /** Allow `http:` for the provider and the redirect on other hosts than loopback. Default: `false`. */
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The options after every check, with every default. */
export interface ResolvedOptions extends ResolvedStoreOptions {
  readonly providers: readonly ProviderSettings[];
  readonly encryptionKey: Uint8Array | undefined;
  readonly audience: readonly string[] | undefined;
  readonly strict: boolean;
  readonly clockTolerance: number;
  readonly expiredTokenGrace: number;
  readonly maxTokenLifetime: number;
  readonly maxSessionLifetime: number;
  readonly retryWindow: number;
  readonly logoutTokenMaxAge: number;
  readonly bodyLimit: number;
  readonly tokenCacheSize: number;
  readonly errorFormat: 'oauth' | 'elasticsearch';
  readonly includeClientId: boolean;
  readonly onStoreError: 'deny' | 'allow';
  readonly revocation: RevocationPolicy;
  readonly revocationTimeout: number;
  readonly revocationDelay: number;
}

const NAMES: Record<keyof OidcLogoutOptions, true> = {
  provider: true,
  redis: true,
  keyPrefix: true,
  nearCache: true,
  durability: true,
  store: true,
  onStoreLoss: true,
  encryptionKey: true,
  audience: true,
  strict: true,
  clockTolerance: true,
  expiredTokenGrace: true,
  maxTokenLifetime: true,
  maxSessionLifetime: true,
  retryWindow: true,
  logoutTokenMaxAge: true,
  bodyLimit: true,
  tokenCacheSize: true,
  errorFormat: true,
  includeClientId: true,
  onStoreError: true,
  revocation: true,
  revocationTimeout: true,
  revocationDelay: true,
  storeTimeout: true,
  providerTimeout: true,
  allowInsecureRequests: true,
};

const DAY = 24 * 60 * 60;

/** Checks all options and fills in the defaults. The object it is given stays as it is. */
export function resolveOptions(options: OidcLogoutOptions): ResolvedOptions {
  checkObject(options, 'options');
  checkNames(options, Object.keys(NAMES), 'oidcLogout()');
  const bytes = (name: keyof OidcLogoutOptions, standard: number) =>
    checkNumber(options[name], name, { standard, least: 1, unit: 'bytes' });
  const seconds = (name: keyof OidcLogoutOptions, standard: number, least = 1) =>
    checkNumber(options[name], name, { standard, least, unit: 'seconds' });
  const clockTolerance = seconds('clockTolerance', 5, 0);
  return Object.freeze({
    ...resolveStoreOptions(options),
    providers: resolveProviders(options.provider, {
      timeoutMs: checkMilliseconds(options.providerTimeout, 'providerTimeout', 5000),
      allowInsecureRequests: checkBoolean(
        options.allowInsecureRequests,
        'allowInsecureRequests',
        false,
      ),
      clockTolerance,
    }),
    encryptionKey: resolveEncryptionKey(options.encryptionKey),
    audience: options.audience === undefined ? undefined : checkTexts(options.audience, 'audience'),
    strict: checkBoolean(options.strict, 'strict', false),
    clockTolerance,
    expiredTokenGrace: seconds('expiredTokenGrace', DAY, 0),
    maxTokenLifetime: seconds('maxTokenLifetime', DAY),
    maxSessionLifetime: seconds('maxSessionLifetime', 14 * DAY),
    retryWindow: seconds('retryWindow', 60, 0),
    logoutTokenMaxAge: seconds('logoutTokenMaxAge', 300),
    bodyLimit: bytes('bodyLimit', 16_384),
    tokenCacheSize: bytes('tokenCacheSize', 16 * 1024 * 1024),
    errorFormat: checkChoice(options.errorFormat, 'errorFormat', ['oauth', 'elasticsearch']),
    includeClientId: checkBoolean(options.includeClientId, 'includeClientId', true),
    onStoreError: checkChoice(options.onStoreError, 'onStoreError', ['deny', 'allow']),
    revocation: checkChoice(options.revocation, 'revocation', ['all', 'refresh-token', 'never']),
    revocationTimeout: checkMilliseconds(options.revocationTimeout, 'revocationTimeout', 1000),
    revocationDelay: seconds('revocationDelay', 5, 0),
  });
}

function resolveEncryptionKey(key: Uint8Array | string | undefined): Uint8Array | undefined {
  if (key === undefined) return undefined;
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key;
  if (bytes instanceof Uint8Array && bytes.byteLength === 32) return Uint8Array.from(bytes);
  throw new TypeError('"encryptionKey" must be 32 bytes, or a base64url string of 32 bytes');
}
