import type { JWTVerifyGetKey } from 'jose';
import { isInstance } from '../input/app-function.ts';
import { ProviderUnavailableError } from '../errors.ts';
import type { Events, ProviderErrorEvent } from '../events.ts';
import { failureReason } from '../input/failure-reason.ts';
import { createKeySet, fetchKeys, type KeySet } from './keys.ts';
import { KnownMetadata } from './known-metadata.ts';
import { IssuerMismatchError } from './metadata.ts';
import { ProviderKeys } from './provider-keys.ts';
import { Requests } from './requests.ts';
import type { NoTokenEndpoint, TokenEndpoint, TokenOperation } from './token-endpoint.ts';
import { type UsableMetadata, UnusableMemberError } from './usable-metadata.ts';
import { ClientAuthenticator } from './client-authentication.ts';
import { needsKeys, type ProviderSettings } from './provider-settings.ts';

/** How long keys, and tokens verified by them, are used before the keys are checked again. */
export const KEYS_MAX_AGE_MS = 10 * 60 * 1000;

type Operation = ProviderErrorEvent['operation'];

class RenewedTooOftenError extends Error {
  readonly code = 'KEYS_RENEWED_TOO_OFTEN';
}

export class Provider {
  readonly settings: ProviderSettings;
  readonly authenticator: ClientAuthenticator;
  readonly requests: Requests;
  readonly #events: Events;
  readonly #metadata: KnownMetadata;
  readonly #keys: ProviderKeys;

  /** `first`: another client of the issuer, whose metadata and keys this client shares. */
  constructor(settings: ProviderSettings, events: Events, first?: Provider) {
    this.settings = settings;
    this.authenticator = new ClientAuthenticator(
      settings.clientSecret,
      settings.clientAuthentication,
    );
    this.requests = new Requests(settings.timeout * 1000);
    this.#events = events;
    this.#metadata = first === undefined ? this.#createMetadata() : first.#metadata;
    this.#keys = first === undefined ? this.#createKeys() : first.#keys;
  }

  get issuer(): string {
    return this.settings.issuer;
  }

  /** `undefined` where the provider has no usable endpoint. */
  async endSessionEndpoint(): Promise<string | undefined> {
    return (await this.metadata()).end_session_endpoint;
  }

  async metadata(): Promise<UsableMetadata> {
    return this.#metadata.get();
  }

  async tokenEndpoint(operation: TokenOperation): Promise<TokenEndpoint | NoTokenEndpoint> {
    return this.#metadata.endpoint(operation, this.settings);
  }

  readonly findKey: JWTVerifyGetKey = (header, jws) => this.#keys.find(header, jws);

  /** The key may be the client's secret. */
  readonly findKeyOrSecret: JWTVerifyGetKey = (header, jws) => {
    if (!header.alg.startsWith('HS')) return this.findKey(header, jws);
    return new TextEncoder().encode(this.settings.clientSecret);
  };

  async origins(): Promise<string[]> {
    const endpoint = await this.endSessionEndpoint().catch(() => undefined);
    const urls = [this.issuer, endpoint ?? this.issuer];
    return [...new Set(urls.map((url) => new URL(url).origin))];
  }

  /**
   * Resolves when metadata and keys are known, be they the last good copies.
   *
   * @throws {@link ProviderUnavailableError} when they are not within the time of a request, or
   * when the configuration needs an introspection endpoint and there is none.
   */
  async ready(): Promise<void> {
    try {
      await this.requests.withinTime(() => this.#askAnew());
    } catch (error) {
      if (isInstance(error, ProviderUnavailableError)) throw error;
      throw new ProviderUnavailableError(failureReason(error), this.issuer);
    }
  }

  close(): void {
    this.requests.close();
  }

  /** Every failure becomes one kind of error, told by an event. */
  async attempt<T>(operation: Operation, load: () => Promise<T>): Promise<T> {
    try {
      return await load();
    } catch (error) {
      throw isInstance(error, ProviderUnavailableError) ? error : this.#failed(operation, error);
    }
  }

  #createMetadata(): KnownMetadata {
    return new KnownMetadata({
      settings: this.settings,
      requests: this.requests,
      attempt: (load) => this.attempt('metadata', load),
      tell: (reason) => {
        this.#tell('metadata', reason);
      },
      tellFailure: (error) => void this.#failed('metadata', error),
    });
  }

  #createKeys(): ProviderKeys {
    const { jwks, clockTolerance } = this.settings;
    return new ProviderKeys({
      load: () => this.attempt('keys', () => this.#loadKeys()),
      maxAgeMs: KEYS_MAX_AGE_MS,
      refuse: () => this.#failed('keys', new RenewedTooOftenError()),
      areGiven: jwks !== undefined,
      clockTolerance,
    });
  }

  async #askAnew(): Promise<void> {
    const { introspection, ofIssuer } = this.settings;
    await this.#metadata.askAnew();
    if (needsKeys(ofIssuer)) await this.#keys.ready();
    if (introspection === 'never') return;
    const found = await this.tokenEndpoint('introspection');
    if (found.url === undefined) throw new ProviderUnavailableError(found.reason, this.issuer);
  }

  async #loadKeys(): Promise<KeySet> {
    const { jwks, ofIssuer } = this.settings;
    return createKeySet(jwks ?? (await this.#fetchKeys()), ofIssuer.algorithms);
  }

  async #fetchKeys(): Promise<unknown> {
    const { jwks_uri: uri } = await this.metadata();
    if (uri === undefined) throw new UnusableMemberError('jwks_uri');
    return this.requests.make((signal) => fetchKeys(uri, signal));
  }

  #failed(operation: Operation, error: unknown): ProviderUnavailableError {
    const reason = failureReason(error);
    const isOther = isInstance(error, IssuerMismatchError);
    this.#tell(operation, reason, isOther ? { expected: this.issuer, found: error.found } : {});
    return new ProviderUnavailableError(reason, this.issuer);
  }

  #tell(
    operation: Operation,
    reason: string,
    issuers: Pick<ProviderErrorEvent, 'expected' | 'found'> = {},
  ): void {
    this.#events.emit('provider-error', { issuer: this.issuer, operation, reason, ...issuers });
  }
}
