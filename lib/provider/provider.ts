import { errors, type JWTVerifyGetKey } from 'jose';
import { ProviderUnavailableError } from '../errors.ts';
import type { Events, ProviderErrorEvent } from '../events.ts';
import { failureReason } from '../failure-reason.ts';
import { createKeySet, fetchKeySet, type KeySet } from './keys.ts';
import { LastGood } from './last-good.ts';
import { fetchMetadata, type ProviderMetadata } from './metadata.ts';
import { isSecureUrl } from './secure-url.ts';
import { type ClientAuthentication, ClientAuthenticator } from './client-authentication.ts';
import type { EndSessionDialect, IdTokenHintPolicy, LogoutHint } from './end-session-request.ts';
import type { TokenEncryption } from '../token/encrypted-jwt.ts';

const METADATA_MAX_AGE_MS = 60 * 60 * 1000;
/** How long keys, and with them what they verified, are used before they are looked at again. */
export const KEYS_MAX_AGE_MS = 10 * 60 * 1000;

/** One provider's configuration, checked. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: ClientAuthentication | undefined;
  readonly postLogoutRedirectUri: string | undefined;
  readonly algorithms: readonly string[];
  readonly logoutTokenAlgorithms: readonly string[];
  readonly idTokenEncryption: TokenEncryption | undefined;
  readonly introspection: IntrospectionPolicy;
  readonly endSession: EndSessionDialect;
  readonly idTokenHint: IdTokenHintPolicy;
  /** Bytes. */
  readonly maxRedirectLength: number;
  readonly logoutHint: LogoutHint | undefined;
  /** Language tags, separated by spaces. */
  readonly uiLocales: string | undefined;
  readonly endSessionParameters: Readonly<Record<string, string>>;
  readonly metadata: ProviderMetadata | undefined;
  readonly jwks: object | undefined;
  readonly timeoutMs: number;
  readonly allowInsecureRequests: boolean;
}

/** Which access tokens the provider is asked about: none, those that are no JWTs, or all. */
export type IntrospectionPolicy = 'never' | 'opaque' | 'always';

type Endpoint = 'end_session_endpoint' | 'revocation_endpoint' | 'introspection_endpoint';

class UnusableUrlError extends Error {
  readonly code: string;

  constructor(member: Endpoint | 'jwks_uri') {
    super();
    this.code = `UNUSABLE_${member.toUpperCase()}`;
  }
}

/** An OpenID Provider: its metadata and keys, which are fetched when they are needed. */
export class Provider {
  readonly settings: ProviderSettings;
  readonly authenticator: ClientAuthenticator;
  readonly #events: Events;
  readonly #closing = new AbortController();
  readonly #metadata: LastGood<ProviderMetadata>;
  readonly #keys: LastGood<KeySet>;

  constructor(settings: ProviderSettings, events: Events) {
    this.settings = settings;
    this.authenticator = new ClientAuthenticator(
      settings.clientSecret,
      settings.clientAuthentication,
    );
    this.#events = events;
    this.#metadata = new LastGood(
      () => this.attempt('metadata', () => this.#loadMetadata()),
      METADATA_MAX_AGE_MS,
    );
    this.#keys = new LastGood(() => this.attempt('keys', () => this.#loadKeys()), KEYS_MAX_AGE_MS);
  }

  get issuer(): string {
    return this.settings.issuer;
  }

  /** The End Session endpoint, or `undefined` where the provider has none. */
  async endSessionEndpoint(): Promise<string | undefined> {
    const metadata = await this.metadataWith('end_session_endpoint');
    return metadata?.end_session_endpoint ?? undefined;
  }

  /** The provider's metadata, or `undefined` where they do not have this endpoint. */
  async metadataWith(endpoint: Endpoint): Promise<ProviderMetadata | undefined> {
    const metadata = await this.#metadata.get();
    // Discovery 1.0, section 4.2: what is empty is absent.
    if (!metadata[endpoint]) return undefined;
    await this.attempt('metadata', () => this.#usableUrl(metadata, endpoint));
    return metadata;
  }

  /** Finds the key that a JWT of this provider names, for jose. */
  readonly findKey: JWTVerifyGetKey = async (header, jws) => {
    const keys = await this.#keys.get();
    try {
      return await keys(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const renewed = await this.#keys.renew();
      return renewed(header, jws);
    }
  };

  /** Finds the key of an ID Token or a Logout Token, which may be the client's secret. */
  readonly findKeyOrSecret: JWTVerifyGetKey = (header, jws) => {
    if (!header.alg.startsWith('HS')) return this.findKey(header, jws);
    return new TextEncoder().encode(this.settings.clientSecret);
  };

  /** The origins of this provider's pages, as far as they are known. */
  async origins(): Promise<string[]> {
    const endpoint = await this.endSessionEndpoint().catch(() => undefined);
    const urls = [this.issuer, endpoint ?? this.issuer];
    return [...new Set(urls.map((url) => new URL(url).origin))];
  }

  close(): void {
    this.#closing.abort();
  }

  async #loadMetadata(): Promise<ProviderMetadata> {
    const { metadata, issuer } = this.settings;
    return metadata ?? fetchMetadata(issuer, this.deadline());
  }

  async #loadKeys(): Promise<KeySet> {
    const { jwks } = this.settings;
    if (jwks !== undefined) return createKeySet(jwks);
    const metadata = await this.#metadata.get();
    return fetchKeySet(await this.#usableUrl(metadata, 'jwks_uri'), this.deadline());
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async #usableUrl(metadata: ProviderMetadata, member: Endpoint | 'jwks_uri'): Promise<string> {
    const url = metadata[member];
    if (isSecureUrl(url, this.settings.allowInsecureRequests)) return url;
    throw new UnusableUrlError(member);
  }

  /** Ends a request to this provider when it takes too long, or when the app closes. */
  deadline(): AbortSignal {
    const timeout = AbortSignal.timeout(this.settings.timeoutMs);
    // Held by a listener: Node 20 would collect it as garbage while a composite signal waits for it.
    timeout.addEventListener('abort', () => undefined, { once: true });
    return AbortSignal.any([this.#closing.signal, timeout]);
  }

  /** Makes one kind of error of whatever failed at this provider, and tells of it. */
  async attempt<T>(operation: ProviderErrorEvent['operation'], load: () => Promise<T>): Promise<T> {
    try {
      return await load();
    } catch (error) {
      if (error instanceof ProviderUnavailableError) throw error;
      const unavailable = new ProviderUnavailableError(failureReason(error));
      const { issuer } = this.settings;
      this.#events.emit('provider-error', { issuer, operation, reason: unavailable.reason });
      throw unavailable;
    }
  }
}
