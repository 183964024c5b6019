import type { ProviderSettings } from '../provider/provider-settings.ts';
import { boolean, choice, count, optional, seconds, texts, timeout } from '../input/kinds.ts';
import {
  type Option,
  type OptionsOf,
  optionsOfCall,
  readOptions,
  type ValuesOf,
} from '../input/option.ts';
import { type ProviderOptions, resolveProviders } from './provider-options.ts';
import { checkStoreOptions, STORE_OPTIONS } from './store-options.ts';

const DAY = 24 * 60 * 60;

export const OIDC_LOGOUT_OPTIONS = {
  /** The provider; or several, told apart by `issuer` and `clientId`. */
  provider: providers(),
  ...STORE_OPTIONS,

  /**
   * The key that encrypts ID Tokens and refresh tokens in the store: 32 bytes, or their base64url
   * or base64. Default: none; ID Tokens are stored unencrypted, and no refresh token is kept.
   *
   * @see [RFC 7518, section 4.5](https://www.rfc-editor.org/rfc/rfc7518#section-4.5)
   */
  encryptionKey: optional(encryptionKey()),

  /**
   * The identifier of this API, required in the `aud` of access tokens. `guard()` requires this
   * option, unless every provider has `accessTokens.clients`. Default: none.
   *
   * @see [RFC 9068, section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)
   */
  audience: optional(texts()),

  /**
   * Accept as access tokens only JWTs of the type `at+jwt` with every claim required by RFC 9068,
   * and as Logout Tokens only JWTs of the type `logout+jwt` with `exp` and no other audience.
   * Default: `false`; a JWT without a special type passes too, if its claims are right.
   */
  strict: boolean(false),

  /** How far the clocks of provider and app may be apart, in seconds. Default: 5. */
  clockTolerance: seconds(5, 0),

  /**
   * How long after its `exp` an access token can still be logged out, in seconds; and how long a
   * refresh token that was used still finds its login, a minute at least. Default: 86400 (a day).
   */
  expiredTokenGrace: seconds(DAY, 0),

  /**
   * The longest life of an accepted access token, in seconds: from its `iat`, or from now without
   * `iat`, to its `exp`. Default: 86400 (a day).
   */
  maxTokenLifetime: seconds(DAY),

  /**
   * How long a session is remembered after its last login or refresh, and its end after a logout,
   * in seconds. Default: 1209600 (14 days).
   */
  maxSessionLifetime: seconds(14 * DAY),

  /**
   * How long the same logout gets the identical answer, in seconds; 0 = not at all. Default: 60.
   */
  retryWindow: seconds(60, 0),

  /**
   * How long a Logout Token without `exp` is valid after its `iat`, in seconds. Default: 300 (5
   * minutes).
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)
   */
  logoutTokenMaxAge: seconds(300),

  /** The largest body that an endpoint reads, in bytes after decompression. Default: 16384. */
  bodyLimit: count('bytes', 16_384),

  /**
   * The memory of a process for verified tokens, in bytes; and as much again for introspected
   * tokens. A token takes about three times its length: the default holds 6,500 of 0.7 kB each, or
   * 600 of 8.7 kB. A token without room is verified again at each request. Default: 16777216 (16
   * MiB).
   */
  tokenCacheSize: count('bytes', 16 * 1024 * 1024),

  /**
   * The format of the logout endpoint's errors: RFC 6749's or Elasticsearch's. Default: `oauth`.
   */
  errorFormat: choice('oauth', 'elasticsearch'),

  /** Send `client_id` to the End Session endpoint. Default: `true`. */
  includeClientId: boolean(true),

  /**
   * How the guard acts when the store fails: answer 503, or let authentic tokens pass. Default:
   * `deny`.
   */
  onStoreError: choice('deny', 'allow'),

  /**
   * Which tokens of a logout are revoked at a provider with a revocation endpoint. A provider may
   * be unable to revoke access tokens, which is no failure. Default: `all`.
   *
   * @see [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)
   */
  revocation: choice('all', 'refresh-token', 'never'),

  /**
   * How long a logout waits for its revocations, in seconds; afterwards they continue in the
   * background. Default: 1.
   */
  revocationTimeout: timeout(1),

  /**
   * How long after a Logout Token the refresh tokens of its session are revoked, in seconds; 0 = at
   * once. Keycloak brings a session back if the tokens are revoked before the answer. Default: 5.
   */
  revocationDelay: seconds(5, 0),

  /** How long a request to the provider may take, in seconds. Default: 5. */
  providerTimeout: timeout(5),

  /**
   * Allow `http:` for the provider and the redirect on other hosts than loopback. Default: `false`.
   */
  allowInsecureRequests: boolean(false),
};

/** Options of {@link oidcLogout}. Unknown options are refused. */
export interface OidcLogoutOptions extends OptionsOf<typeof OIDC_LOGOUT_OPTIONS> {}

type Values = ValuesOf<typeof OIDC_LOGOUT_OPTIONS>;

export interface ResolvedOptions extends Omit<Values, 'provider'> {
  readonly providers: readonly ProviderSettings[];
}

export function resolveOptions(given: OidcLogoutOptions): ResolvedOptions {
  const { provider, ...options } = readOptions(
    OIDC_LOGOUT_OPTIONS,
    given,
    optionsOfCall('oidcLogout()'),
  );
  checkStoreOptions(options);
  const { providerTimeout: timeout, allowInsecureRequests, clockTolerance } = options;
  const rules = { timeout, allowInsecureRequests, clockTolerance };
  return Object.freeze({ ...options, providers: resolveProviders(provider, rules) });
}

/** @inline */
type Providers = ProviderOptions | readonly ProviderOptions[];

// Read last: other options decide which provider is allowed.
function providers(): Option<Providers, Providers> {
  return { takes: 'object or objects', read: (given) => given as Providers };
}

function encryptionKey(): Option<Uint8Array | string, Uint8Array> {
  return {
    takes: '32 bytes, or their base64url or base64',
    read(given, { name }) {
      const bytes = typeof given === 'string' ? Buffer.from(given, 'base64') : given;
      if (bytes instanceof Uint8Array && bytes.byteLength === 32) return bytes;
      throw new TypeError(`"${name}" must be 32 bytes, or their base64url or base64`);
    },
  };
}
