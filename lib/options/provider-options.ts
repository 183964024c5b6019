import {
  checkChoice,
  checkJwks,
  checkNames,
  checkObject,
  checkText,
  checkUrl,
} from '../input/checks.ts';
import type { ClientCredentials } from '../provider/client-authentication.ts';
import type {
  EndSessionDialect,
  IdTokenHintPolicy,
  LogoutHint,
} from '../provider/end-session-request.ts';
import type { ProviderMetadata } from '../provider/metadata.ts';
import type { IntrospectionPolicy, ProviderSettings } from '../provider/provider.ts';
import { resolveAlgorithms } from './algorithms.ts';
import { resolveAuthentication } from './client-authentication.ts';
import { resolveEndSession } from './end-session.ts';
import { resolveEncryption } from './token-encryption.ts';
import type { TokenEncryption } from '../token/encrypted-jwt.ts';

/** An OpenID Provider and this app's registration there. */
export type ProviderOptions = ProviderRegistration & ClientCredentials;

/** What a provider is, and what this app is registered with there. */
export interface ProviderRegistration {
  /**
   * The provider's issuer identifier, exactly as it stands in its metadata and in `iss`: a trailing
   * slash counts.
   */
  readonly issuer: string;

  /** The `client_id` of this app at the provider. */
  readonly clientId: string;

  /**
   * Where the provider sends the browser after the logout: one of the URIs registered there as
   * `post_logout_redirect_uris`. It is sent byte for byte. Default: none, and no `state` either; the
   * provider then shows a page of its own.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
   */
  readonly postLogoutRedirectUri?: string | undefined;

  /**
   * The signature algorithms of this provider's ID Tokens and access tokens. No other is accepted,
   * whatever the token or the provider's metadata says. Default: `['RS256']`.
   */
  readonly algorithms?: readonly string[] | undefined;

  /**
   * The signature algorithms of this provider's Logout Tokens, where it does not sign them as it signs
   * ID Tokens. Default: `algorithms`.
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
   */
  readonly logoutTokenAlgorithms?: readonly string[] | undefined;

  /**
   * How the provider encrypts ID Tokens and Logout Tokens to this client, as it was registered. A Logout
   * Token that is not encrypted so is then refused. Default: not at all.
   *
   * @see [OpenID Connect Back-Channel Logout 1.0, section 2.6](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
   */
  readonly idTokenEncryption?: TokenEncryption | undefined;

  /**
   * Send the ID Token as `id_token_hint`: `always`, `never`, or with `auto` unless the URL would be longer
   * than `maxRedirectLength`; then `logout_hint` and `client_id` have to do. Default: `auto`.
   */
  readonly idTokenHint?: IdTokenHintPolicy | undefined;

  /** The longest URL with an ID Token, in bytes. Default: 8000. */
  readonly maxRedirectLength?: number | undefined;

  /**
   * Tells the `logout_hint` of a session, such as a user name that the provider knows. It may be async; where
   * it fails, nothing is logged out. Default: none, and the `sid` where the ID Token is left out for its length.
   */
  readonly logoutHint?: LogoutHint | undefined;

  /** The languages of the provider's pages, in order of preference: BCP 47 tags. Default: none. */
  readonly uiLocales?: string | readonly string[] | undefined;

  /** Further parameters of the End Session request, by name. Default: none. */
  readonly endSessionParameters?: Readonly<Record<string, string>> | undefined;

  /**
   * How the provider wants to be told of a logout: as the specification says, or at `auth0` at
   * `/v2/logout` with `returnTo`, or at Amazon `cognito` with `logout_uri`. These two send no `state` back.
   * Default: `standard`.
   */
  readonly endSession?: EndSessionDialect | undefined;

  /**
   * Ask the provider about access tokens: about `opaque` ones that were not saved, or `always`, about JWTs
   * too. Default: `never`. The client must be allowed to ask.
   *
   * @see [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)
   */
  readonly introspection?: IntrospectionPolicy | undefined;

  /**
   * The provider's metadata under their wire names, as far as this package
   * reads them. Default: fetched from `<issuer>/.well-known/openid-configuration` when first needed.
   */
  readonly metadata?: ProviderMetadata | undefined;

  /** The provider's keys, as a JWK Set. Default: fetched from the metadata's `jwks_uri` when first needed. */
  readonly jwks?: { readonly keys: readonly object[] } | undefined;
}

const NAMES: Record<keyof ProviderOptions, true> = {
  issuer: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  postLogoutRedirectUri: true,
  algorithms: true,
  logoutTokenAlgorithms: true,
  idTokenEncryption: true,
  idTokenHint: true,
  maxRedirectLength: true,
  logoutHint: true,
  uiLocales: true,
  endSessionParameters: true,
  endSession: true,
  introspection: true,
  metadata: true,
  jwks: true,
};

export interface RequestRules {
  readonly timeoutMs: number;
  readonly allowInsecureRequests: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
}

/** Checks the entries of the option `provider`. */
export function resolveProviders(
  option: ProviderOptions | readonly ProviderOptions[],
  rules: RequestRules,
): readonly ProviderSettings[] {
  const entries = [option].flat();
  if (entries.length === 0) throw new TypeError('"provider" must name at least one provider');
  const providers = entries.map((entry) => resolveProvider(entry, rules));
  if (new Set(providers.map(({ issuer }) => issuer)).size < providers.length) {
    throw new TypeError('"provider" must not name an "issuer" twice');
  }
  return Object.freeze(providers);
}

function resolveProvider(provider: ProviderOptions, rules: RequestRules): ProviderSettings {
  checkObject(provider, 'provider');
  checkNames(provider, Object.keys(NAMES), '"provider"');
  const { clientSecret, postLogoutRedirectUri, metadata, jwks } = provider;
  const insecure = rules.allowInsecureRequests;
  const issuer = checkUrl(provider.issuer, 'provider.issuer', insecure);
  if (issuer.includes('?')) throw new TypeError('"provider.issuer" must have no query');
  if (metadata !== undefined) checkMetadata(metadata, insecure);
  if (jwks !== undefined) checkJwks(jwks, 'provider.jwks');
  if (clientSecret !== undefined) checkText(clientSecret, 'provider.clientSecret');
  const algorithms = resolveAlgorithms(provider, 'algorithms', ['RS256']);
  return Object.freeze({
    ...rules,
    issuer,
    clientId: checkText(provider.clientId, 'provider.clientId'),
    clientSecret,
    clientAuthentication: resolveAuthentication(provider),
    postLogoutRedirectUri:
      postLogoutRedirectUri === undefined
        ? undefined
        : checkUrl(postLogoutRedirectUri, 'provider.postLogoutRedirectUri', insecure),
    algorithms,
    logoutTokenAlgorithms: resolveAlgorithms(provider, 'logoutTokenAlgorithms', algorithms),
    idTokenEncryption: resolveEncryption(provider.idTokenEncryption),
    ...resolveEndSession(provider),
    introspection: checkChoice(provider.introspection, 'provider.introspection', [
      'never',
      'opaque',
      'always',
    ]),
    metadata,
    jwks,
  });
}

const URL_MEMBERS = [
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
] as const;

function checkMetadata(metadata: ProviderMetadata, allowInsecure: boolean): void {
  checkObject(metadata, 'provider.metadata');
  for (const member of URL_MEMBERS) {
    if (!metadata[member]) continue;
    checkUrl(metadata[member], `provider.metadata.${member}`, allowInsecure);
  }
}
