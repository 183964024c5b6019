import { checkNames, checkObject, checkText, checkUrl } from '../input/checks.ts';
import type { ProviderSettings } from './provider-settings.ts';

/** The paths of the app's endpoints, and the provider. */
export interface ClientMetadataOptions {
  /** The provider's issuer identifier. Default: the only provider's. */
  readonly issuer?: string | undefined;
  /**
   * The path of `backChannelLogout()`; null when not mounted. Default: `/oidc/back-channel-logout`.
   */
  readonly backChannelLogout?: string | null | undefined;
  /**
   * The path of `frontChannelLogout()`; null when not mounted. Default:
   * `/oidc/front-channel-logout`.
   */
  readonly frontChannelLogout?: string | null | undefined;
}

/**
 * The registration of this client for logout, under the wire names. Members without a value are
 * absent.
 *
 * @see [OpenID Connect Dynamic Client Registration 1.0, section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)
 */
export interface ClientMetadata {
  /** Where the provider may send the browser after a logout. */
  readonly post_logout_redirect_uris?: string[];
  /** Where the provider posts its Logout Tokens. */
  readonly backchannel_logout_uri?: string;
  /** Logout Tokens have to name the session. */
  readonly backchannel_logout_session_required?: boolean;
  /** What the provider frames in its logout page. */
  readonly frontchannel_logout_uri?: string;
  /** The framed URL has to name the session. */
  readonly frontchannel_logout_session_required?: boolean;
  /** How the client authenticates. */
  readonly token_endpoint_auth_method?: string;
  /** The signature algorithm of ID Tokens and Logout Tokens. */
  readonly id_token_signed_response_alg: string;
  /** How the key of an encrypted ID Token is encrypted. */
  readonly id_token_encrypted_response_alg?: string;
  /** How the content of an encrypted ID Token is encrypted. */
  readonly id_token_encrypted_response_enc?: string;
}

export interface ClientMetadataParts {
  readonly providers: readonly ProviderSettings[];
  readonly baseUrl: string;
  readonly options: ClientMetadataOptions;
}

export function clientMetadata({ providers, baseUrl, options }: ClientMetadataParts) {
  checkObject(options, 'options');
  checkNames(options, ['issuer', 'backChannelLogout', 'frontChannelLogout'], 'clientMetadata()');
  const { algorithms, idTokenEncryption, ...provider } = findProvider(providers, options.issuer);
  const base = checkUrl(baseUrl, 'baseUrl', provider.allowInsecureRequests);
  if (base.includes('?')) throw new TypeError('"baseUrl" must have no query');
  const { backChannelLogout = '/oidc/back-channel-logout' } = options;
  const { frontChannelLogout = '/oidc/front-channel-logout' } = options;
  const uriOf = (name: string, path: string) => {
    if (!checkText(path, name).startsWith('/')) {
      throw new TypeError(`"${name}" must begin with "/"`);
    }
    return checkUrl(base.replace(/\/$/, '') + path, name, provider.allowInsecureRequests);
  };
  const method = authenticationMethod(provider);
  const metadata: ClientMetadata = {
    ...(provider.postLogoutRedirectUri.length > 0 && {
      post_logout_redirect_uris: [...provider.postLogoutRedirectUri],
    }),
    ...(backChannelLogout !== null && {
      backchannel_logout_uri: uriOf('backChannelLogout', backChannelLogout),
      backchannel_logout_session_required: true,
    }),
    ...(frontChannelLogout !== null && {
      frontchannel_logout_uri: uriOf('frontChannelLogout', frontChannelLogout),
      frontchannel_logout_session_required: true,
    }),
    ...(method !== undefined && { token_endpoint_auth_method: method }),
    id_token_signed_response_alg: algorithms[0] ?? 'RS256',
    ...(idTokenEncryption !== undefined && {
      id_token_encrypted_response_alg: idTokenEncryption.alg,
      id_token_encrypted_response_enc: idTokenEncryption.enc ?? 'A128CBC-HS256',
    }),
  };
  return metadata;
}

type Credentials = Pick<ProviderSettings, 'clientAuthentication' | 'clientSecret'>;

// `client_secret_basic` is the default of registrations too. An app without a secret here may
// authenticate elsewhere.
function authenticationMethod({ clientAuthentication, clientSecret }: Credentials) {
  return clientAuthentication?.method ?? (clientSecret && 'client_secret_basic');
}

function findProvider(providers: readonly ProviderSettings[], issuer?: string): ProviderSettings {
  const [only] = providers;
  if (issuer === undefined && providers.length === 1 && only !== undefined) return only;
  const provider = providers.find((candidate) => candidate.issuer === issuer);
  if (provider !== undefined) return provider;
  throw new TypeError('"issuer" must be the one of a configured provider');
}
