import { checkNames, checkObject, checkText, checkUrl } from '../input/checks.ts';
import { boolean, choice, optional, withDefault } from '../input/kinds.ts';
import { type Option, type OptionsOf, optionsOfCall, readOptions } from '../input/option.ts';
import { type ClientMetadata, metadataOf } from '../provider/client-metadata.ts';
import type { ProviderSettings } from '../provider/provider-settings.ts';
import { REGISTRATION_OPTIONS } from './provider-options.ts';

const BACK_CHANNEL_PATH = '/oidc/back-channel-logout';
const FRONT_CHANNEL_PATH = '/oidc/front-channel-logout';

const PATH_OPTIONS = {
  /**
   * The path of `backChannelLogout()`; `null` when not mounted. Default:
   * `/oidc/back-channel-logout`.
   */
  backChannelLogout: withDefault<string | null, string | null>(
    nullOr(path()),
    BACK_CHANNEL_PATH,
    `\`${BACK_CHANNEL_PATH}\``,
  ),

  /**
   * The path of `frontChannelLogout()`, or `true` for `/oidc/front-channel-logout`. Only for a
   * provider without the back channel: where both are registered, Keycloak never uses the back
   * channel. Default: `null`; not registered.
   */
  frontChannelLogout: withDefault<string | true | null, string | null>(
    nullOr(trueOr(path(), FRONT_CHANNEL_PATH)),
    null,
  ),
};

const CLIENT_OPTIONS = {
  /** The URL of the app, without a query, such as `https://app.example.com`. */
  baseUrl: baseUrl(),
  ...PATH_OPTIONS,

  /** Where the provider may send the browser after a logout; several where needed. Default: none. */
  postLogoutRedirectUri: REGISTRATION_OPTIONS.postLogoutRedirectUri,

  /** The signature algorithm of ID Tokens and Logout Tokens, as the first. Default: `['RS256']`. */
  algorithms: REGISTRATION_OPTIONS.algorithms,

  /** How the provider is to encrypt ID Tokens. Default: not at all. */
  idTokenEncryption: REGISTRATION_OPTIONS.idTokenEncryption,

  /** How the client will authenticate. Default: none; as the provider chooses. */
  authenticationMethod: optional(
    choice(
      ...(['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const),
      ...(['tls_client_auth', 'none'] as const),
    ),
  ),

  /** Allow `http:` on other hosts than loopback. Default: `false`. */
  allowInsecureRequests: boolean(false),
};

/** The app's endpoints, and the provider to register them at. */
export interface ClientMetadataOptions extends OptionsOf<typeof PATH_OPTIONS> {
  /** The provider's issuer identifier. Default: the only provider's. */
  readonly issuer?: string | undefined;
  /** The client, of several at one provider. Default: the only one. */
  readonly clientId?: string | undefined;
}

/** A client to be registered. */
export interface ClientRegistrationOptions extends OptionsOf<typeof CLIENT_OPTIONS> {}

/**
 * The client metadata to register at a provider for logout, where there is no `clientId` yet, as
 * with dynamic registration; to be merged into the metadata for login, such as `redirect_uris`.
 *
 * @throws TypeError when an option is wrong, missing or unknown.
 *
 * @example
 * const metadata = clientRegistration({
 *   baseUrl: 'https://app.example.com',
 *   postLogoutRedirectUri: 'https://app.example.com/logged-out',
 * });
 *
 * @see [OpenID Connect Dynamic Client Registration 1.0, section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)
 */
export function clientRegistration(options: ClientRegistrationOptions): ClientMetadata {
  checkObject(options, 'options');
  const allowInsecureRequests = options.allowInsecureRequests === true;
  const place = { ...optionsOfCall('clientRegistration()'), allowInsecureRequests };
  const { backChannelLogout, frontChannelLogout, ...client } = readOptions(
    CLIENT_OPTIONS,
    options,
    place,
  );
  const base = client.baseUrl.replace(/\/$/, '');
  const uriOf = (name: keyof typeof PATH_OPTIONS, to: string | null) =>
    to === null ? undefined : checkUrl(base + to, name, allowInsecureRequests);
  return metadataOf({
    ...client,
    backChannelUri: uriOf('backChannelLogout', backChannelLogout),
    frontChannelUri: uriOf('frontChannelLogout', frontChannelLogout),
  });
}

/** @throws TypeError when the base URL or an option is wrong. */
export function configuredClientMetadata(
  providers: readonly ProviderSettings[],
  baseUrl: string,
  options: ClientMetadataOptions,
): ClientMetadata {
  checkObject(options, 'options');
  checkNames(options, ['issuer', 'clientId', ...Object.keys(PATH_OPTIONS)], 'clientMetadata()');
  const { backChannelLogout, frontChannelLogout } = options;
  const provider = findProvider(providers, options);
  const uris = provider.postLogoutRedirectUri;
  return clientRegistration({
    baseUrl,
    backChannelLogout,
    frontChannelLogout,
    postLogoutRedirectUri: uris.length > 0 ? uris : undefined,
    algorithms: provider.algorithms,
    idTokenEncryption: provider.idTokenEncryption,
    authenticationMethod: authenticationMethod(provider),
    allowInsecureRequests: provider.allowInsecureRequests,
  });
}

// `client_secret_basic` is the default of registrations too. An app without a secret here may
// authenticate elsewhere.
function authenticationMethod({ clientAuthentication, clientSecret }: ProviderSettings) {
  if (clientAuthentication !== undefined) return clientAuthentication.method;
  return clientSecret === undefined ? undefined : 'client_secret_basic';
}

function findProvider(
  providers: readonly ProviderSettings[],
  { issuer, clientId }: ClientMetadataOptions,
): ProviderSettings {
  const ofIssuer = providers.filter((each) => (issuer ?? each.issuer) === each.issuer);
  const named = ofIssuer.filter((each) => (clientId ?? each.clientId) === each.clientId);
  const [only, ...others] = named;
  if (only !== undefined && others.length === 0) return only;
  const isOfOneIssuer = new Set(ofIssuer.map((each) => each.issuer)).size === 1;
  const name = isOfOneIssuer ? 'clientId' : 'issuer';
  throw new TypeError(`"${name}" must be the one of a configured provider`);
}

function baseUrl(): Option<string, string> {
  return {
    takes: 'URL',
    read(given, { name, allowInsecureRequests }) {
      const url = checkUrl(given, name, allowInsecureRequests);
      if (url.includes('?')) throw new TypeError(`"${name}" must have no query`);
      return url;
    },
  };
}

function path(): Option<string, string> {
  return {
    takes: 'path',
    read(given, { name }) {
      if (checkText(given, name).startsWith('/')) return given as string;
      throw new TypeError(`"${name}" must begin with "/"`);
    },
  };
}

function trueOr(option: Option<string, string>, value: string): Option<string | true, string> {
  const { takes, read } = option;
  return {
    takes: `${takes}, true`,
    read: (given, place) => (given === true ? value : read(given, place)),
  };
}

function nullOr<Given>(option: Option<Given, string>): Option<Given | null, string | null> {
  const { takes, read } = option;
  return {
    takes: `${takes}, null`,
    read: (given, place) => (given === null ? null : read(given, place)),
  };
}
