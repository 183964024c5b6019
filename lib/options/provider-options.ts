import { isDeepStrictEqual } from 'node:util';
import type { ClientCredentials } from '../provider/client-authentication.ts';
import type { LogoutHint, ProviderSettings } from '../provider/provider-settings.ts';
import { accessTokens } from './access-token-options.ts';
import { algorithms, checkSecretLength } from './algorithms.ts';
import { checkCredentials, clientAuthentication } from './client-authentication.ts';
import { locales, parameters, postLogoutRedirectUris } from './end-session.ts';
import {
  boolean,
  callable,
  choice,
  count,
  optional,
  text,
  texts,
  url,
  withDefault,
} from '../input/kinds.ts';
import { type OptionsOf, optionsOfOption, readOptions } from '../input/option.ts';
import { checkKnownMetadata, jwkSet, providerMetadata } from './provider-metadata.ts';
import { tokenEncryption } from './token-encryption.ts';

export const REGISTRATION_OPTIONS = {
  /**
   * The provider's issuer identifier, exactly as in its metadata and in `iss`: a trailing slash
   * counts.
   */
  issuer: url(),

  /**
   * The `client_id` of this app at the provider. An app with several clients at one provider has an
   * entry for each.
   */
  clientId: text(),

  /**
   * Where the provider sends the browser after the logout: URIs registered as
   * `post_logout_redirect_uris`, sent byte for byte. The first is sent unless a logout chooses
   * another one of them. A native app may have `com.example.app:/logged-out`. Default: none, and no
   * `state` either; the provider then shows its own page.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
   */
  postLogoutRedirectUri: withDefault(postLogoutRedirectUris(), [], 'none'),

  /**
   * The accepted signature algorithms of this provider's ID Tokens and access tokens. The token and
   * the provider's metadata cannot add others. Default: `['RS256']`.
   */
  algorithms: withDefault(algorithms(), ['RS256']),

  /**
   * The accepted signature algorithms of this provider's Logout Tokens. Default: `algorithms`.
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
   */
  logoutTokenAlgorithms: optional(algorithms(), '`algorithms`'),

  /**
   * Further values of `typ` in the header of this provider's Logout Tokens: `at+jwt` for Duende
   * IdentityServer before 6.3. The claims must be a Logout Token's all the same. `strict` takes
   * none of these. Default: none.
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.4](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken)
   */
  logoutTokenTypes: optional(texts()),

  /**
   * How the provider encrypts ID Tokens and Logout Tokens to this client, as registered. Any other
   * Logout Token is then refused. Default: none.
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
   */
  idTokenEncryption: optional(tokenEncryption()),

  /**
   * When the ID Token is sent as `id_token_hint`: `always`, `never`, or with `auto` unless the URL
   * would be longer than `maxRedirectLength`. `logout_hint` and `client_id` then replace the ID
   * Token. With `required` the ID Token is sent as with `always`; without one neither `state` nor
   * `post_logout_redirect_uri` is sent, for providers that refuse them then: Hydra, Dex, Spring
   * Authorization Server. Default: `auto`.
   */
  idTokenHint: choice('auto', 'always', 'never', 'required'),

  /** With `auto`, the longest URL with an ID Token, in bytes. Default: 8000. */
  maxRedirectLength: count('bytes', 8000),

  /**
   * Answers the `logout_hint` of a session, such as a user name known to the provider: from
   * `issuer`, `subject`, `sid`, and `idTokenClaims`, the claims of the ID Token that the logout may
   * send, with `login_hint` or `preferred_username`. The function may be async; if the function
   * fails, nothing is logged out. Default: none, and the `sid` in place of an ID Token too long for
   * the URL.
   */
  logoutHint: optional(callable<LogoutHint>()),

  /** The languages of the provider's pages, in order of preference: BCP 47 tags. Default: none. */
  uiLocales: optional(locales()),

  /** Further parameters of the End Session request, by name. Default: none. */
  endSessionParameters: withDefault(parameters(), {}, 'none'),

  /**
   * The provider's form of a logout request: the specification's, `auth0` (`/v2/logout` with
   * `returnTo`), or Amazon `cognito` (`logout_uri`). The latter two send no `state` back. Default:
   * `standard`.
   */
  endSession: choice('standard', 'auth0', 'cognito'),

  /**
   * Which access tokens are introspected at the provider: unsaved `opaque` tokens, or `always`,
   * JWTs too. The client needs permission to introspect. Default: `never`.
   *
   * @see [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)
   */
  introspection: choice('never', 'opaque', 'always'),

  /** What this provider's access tokens may lack of RFC 9068. Default: none; all is required. */
  accessTokens: accessTokens(),

  /**
   * Fetch the provider's metadata from `<issuer>/.well-known/openid-configuration` when first
   * needed. With `false`, `metadata` alone counts: it then needs `jwks_uri`, unless `jwks` is given,
   * and `end_session_endpoint`, which may be `null`. Default: `true`.
   *
   * @see [OpenID Connect Discovery 1.0, section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)
   */
  discovery: boolean(true),

  /**
   * What discovery does not find, or finds wrong: members of the provider's metadata, under their
   * wire names. A given member replaces the discovered one, and an endpoint its mTLS alias too;
   * `null` takes the member away. Default: none.
   */
  metadata: optional(providerMetadata()),

  /**
   * The provider's keys, as a JWK Set. Default: fetched from the metadata's `jwks_uri` when first
   * needed.
   */
  jwks: optional(jwkSet(), 'fetched'),
};

export const CREDENTIAL_OPTIONS = {
  /**
   * The client's secret. The secret authenticates the client at the revocation and introspection
   * endpoints, and verifies ID Tokens and Logout Tokens of the algorithms `HS256`, `HS384` and
   * `HS512`. Default: none; a public client.
   */
  clientSecret: optional(text()),
  /**
   * How the client authenticates. Default: by the secret, in the body where the provider lists
   * `client_secret_post`, else in the header; without a secret not at all.
   */
  clientAuthentication: optional(clientAuthentication(), 'by the secret'),
};

/** A provider, and this app's registration there. */
export interface ProviderRegistration extends OptionsOf<typeof REGISTRATION_OPTIONS> {}

/** A provider, this app's registration and credentials there. */
export type ProviderOptions = ProviderRegistration & ClientCredentials;

export const PROVIDER_OPTIONS = { ...REGISTRATION_OPTIONS, ...CREDENTIAL_OPTIONS };

export interface RequestRules {
  /** Seconds. */
  readonly timeout: number;
  readonly allowInsecureRequests: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
}

export function resolveProviders(
  option: ProviderOptions | readonly ProviderOptions[],
  rules: RequestRules,
): readonly ProviderSettings[] {
  const entries = [option].flat();
  if (entries.length === 0) throw new TypeError('"provider" must name at least one provider');
  const clients = entries.map((entry) => resolveClient(entry, rules));
  return Object.freeze(
    clients.map((client) =>
      withIssuer(
        client,
        clients.filter(({ issuer }) => issuer === client.issuer),
      ),
    ),
  );
}

type ClientSettings = Omit<ProviderSettings, 'ofIssuer'>;

/** The clients of an issuer share its metadata and keys. */
function withIssuer(client: ClientSettings, ofIssuer: readonly ClientSettings[]): ProviderSettings {
  const clientIds = ofIssuer.map(({ clientId }) => clientId);
  if (new Set(clientIds).size < clientIds.length) {
    throw new TypeError('"provider" must not name a "clientId" of an "issuer" twice');
  }
  const algorithms = ofIssuer.flatMap((each) => [
    ...each.algorithms,
    ...each.logoutTokenAlgorithms,
  ]);
  const introspects = ofIssuer.some(({ introspection }) => introspection !== 'never');
  const settings = {
    ...client,
    discovery: ofIssuer.every(({ discovery }) => discovery),
    metadata: sharedValue('metadata', ofIssuer),
    jwks: sharedValue('jwks', ofIssuer),
    ofIssuer: { clientIds, algorithms: [...new Set(algorithms)], introspects },
  };
  checkKnownMetadata(settings);
  return Object.freeze(settings);
}

function sharedValue<Name extends 'metadata' | 'jwks'>(
  name: Name,
  ofIssuer: readonly ClientSettings[],
): ClientSettings[Name] {
  const [first, ...others] = ofIssuer
    .map((each) => each[name])
    .filter((given) => given !== undefined);
  if (others.every((other) => isDeepStrictEqual(other, first))) return first;
  throw new TypeError(`"provider.${name}" must be the same in all entries of an "issuer"`);
}

function resolveClient(provider: ProviderOptions, rules: RequestRules): ClientSettings {
  const { allowInsecureRequests } = rules;
  const place = optionsOfOption({ name: 'provider', allowInsecureRequests });
  const options = readOptions(PROVIDER_OPTIONS, provider, place);
  const { issuer, clientSecret, algorithms: used } = options;
  const { logoutTokenAlgorithms = used } = options;
  if (issuer.includes('?')) throw new TypeError('"provider.issuer" must have no query');
  checkSecretLength(clientSecret, [...used, ...logoutTokenAlgorithms]);
  checkCredentials(options.clientAuthentication, clientSecret);
  return Object.freeze({ ...rules, ...options, logoutTokenAlgorithms });
}
