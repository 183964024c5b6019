import {
  checkJwks,
  checkNames,
  checkObject,
  checkText,
  checkTexts,
  checkUrl,
} from './option-checks.ts';
import type { ProviderMetadata } from './provider/metadata.ts';
import type { ProviderSettings } from './provider/provider.ts';
import type { TokenEncryption } from './token/encrypted-jwt.ts';

/** An OpenID Provider and this app's registration there. */
export interface ProviderOptions {
  /**
   * The provider's issuer identifier, exactly as it stands in its metadata and in `iss`: a trailing
   * slash counts.
   */
  readonly issuer: string;

  /** The `client_id` of this app at the provider. */
  readonly clientId: string;

  /**
   * The client's secret. Used as the key of ID Tokens and Logout Tokens when their algorithms have one
   * of `HS256`, `HS384`, `HS512`.
   */
  readonly clientSecret?: string | undefined;

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
   * The provider's metadata under their wire names, of which `end_session_endpoint` and `jwks_uri` are
   * read. Default: fetched from `<issuer>/.well-known/openid-configuration` when first needed.
   */
  readonly metadata?: ProviderMetadata | undefined;

  /** The provider's keys, as a JWK Set. Default: fetched from the metadata's `jwks_uri` when first needed. */
  readonly jwks?: { readonly keys: readonly object[] } | undefined;
}

const NAMES: Record<keyof ProviderOptions, true> = {
  issuer: true,
  clientId: true,
  clientSecret: true,
  postLogoutRedirectUri: true,
  algorithms: true,
  logoutTokenAlgorithms: true,
  idTokenEncryption: true,
  metadata: true,
  jwks: true,
};

export interface RequestRules {
  readonly timeoutMs: number;
  readonly allowInsecureRequests: boolean;
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
    postLogoutRedirectUri:
      postLogoutRedirectUri === undefined
        ? undefined
        : checkUrl(postLogoutRedirectUri, 'provider.postLogoutRedirectUri', insecure),
    algorithms,
    logoutTokenAlgorithms: resolveAlgorithms(provider, 'logoutTokenAlgorithms', algorithms),
    idTokenEncryption: resolveEncryption(provider.idTokenEncryption),
    metadata,
    jwks,
  });
}

function checkMetadata(metadata: ProviderMetadata, allowInsecure: boolean): void {
  checkObject(metadata, 'provider.metadata');
  for (const member of ['jwks_uri', 'end_session_endpoint'] as const) {
    if (!metadata[member]) continue;
    checkUrl(metadata[member], `provider.metadata.${member}`, allowInsecure);
  }
}

const ALGORITHM = /^(?:(?:RS|PS|ES|HS)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/;

function resolveAlgorithms(
  provider: ProviderOptions,
  name: 'algorithms' | 'logoutTokenAlgorithms',
  standard: readonly string[],
): readonly string[] {
  const checked = checkTexts(provider[name] ?? standard, `provider.${name}`);
  for (const algorithm of checked) {
    if (!ALGORITHM.test(algorithm)) {
      throw new TypeError(
        `"provider.${name}" must not have "${algorithm}": it is no JWS signature algorithm`,
      );
    }
    // RFC 7518, section 3.2: a key at least as long as the hash.
    const octets = algorithm.startsWith('HS') ? Number(algorithm.slice(2)) / 8 : 0;
    if (Buffer.byteLength(provider.clientSecret ?? '') < octets) {
      throw new TypeError(
        `"provider.clientSecret" must have at least ${octets} bytes for ${algorithm}`,
      );
    }
  }
  return checked;
}

const KEY_MANAGEMENT =
  /^(?:RSA-OAEP(?:-(?:256|384|512))?|(?:ECDH-ES\+)?A(?:128|192|256)KW|A(?:128|192|256)GCMKW|ECDH-ES|dir)$/;
const CONTENT_ENCRYPTION = /^(?:A128CBC-HS256|A192CBC-HS384|A256CBC-HS512|A(?:128|192|256)GCM)$/;

function resolveEncryption(encryption: TokenEncryption | undefined): TokenEncryption | undefined {
  if (encryption === undefined) return undefined;
  checkObject(encryption, 'provider.idTokenEncryption');
  checkNames(encryption, ['alg', 'enc', 'jwks'], '"provider.idTokenEncryption"');
  const { alg, enc, jwks }: { alg: unknown; enc?: unknown; jwks: unknown } = encryption;
  if (typeof alg !== 'string' || !KEY_MANAGEMENT.test(alg)) {
    throw new TypeError('"provider.idTokenEncryption.alg" must be a JWE key management algorithm');
  }
  if (enc !== undefined && (typeof enc !== 'string' || !CONTENT_ENCRYPTION.test(enc))) {
    throw new TypeError('"provider.idTokenEncryption.enc" must be a JWE content encryption');
  }
  checkJwks(jwks, 'provider.idTokenEncryption.jwks');
  return Object.freeze({ ...encryption });
}
