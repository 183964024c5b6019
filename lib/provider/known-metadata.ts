import { LastGood } from './last-good.ts';
import { mergedMetadata } from './merged-metadata.ts';
import {
  fetchMetadata,
  fetchServerMetadata,
  IssuerMismatchError,
  type ProviderMetadata,
} from './metadata.ts';
import { needsKeys, type ProviderSettings } from './provider-settings.ts';
import type { Requests } from './requests.ts';
import {
  type NoTokenEndpoint,
  type TokenEndpoint,
  tokenEndpoint,
  type TokenOperation,
} from './token-endpoint.ts';
import { type UsableMetadata, usableMetadata, UnusableMemberError } from './usable-metadata.ts';

const MAX_AGE_MS = 60 * 60 * 1000;
const ENDPOINT_MEMBERS = [
  'revocation_endpoint',
  'revocation_endpoint_auth_methods_supported',
  'introspection_endpoint',
  'introspection_endpoint_auth_methods_supported',
  'mtls_endpoint_aliases',
] as const;

export interface KnownMetadataParts {
  readonly settings: ProviderSettings;
  readonly requests: Requests;
  /** Tells a failure by an event. */
  readonly attempt: <T>(load: () => Promise<T>) => Promise<T>;
  readonly tell: (reason: string) => void;
  readonly tellFailure: (error: unknown) => void;
}

/** With the members that the app gave. */
interface Discovered {
  readonly document: ProviderMetadata;
  readonly usable: UsableMetadata;
}

/**
 * The metadata of OpenID Connect Discovery; and those of RFC 8414, asked for only where the former
 * lack an endpoint that is needed.
 */
export class KnownMetadata {
  readonly #parts: KnownMetadataParts;
  readonly #discovered: LastGood<Discovered>;
  readonly #completed: LastGood<UsableMetadata>;
  #toldMembers: UsableMetadata['unusable'] = new Set();
  readonly #toldReasons = new Map<TokenOperation, string | undefined>();

  constructor(parts: KnownMetadataParts) {
    this.#parts = parts;
    this.#discovered = new LastGood({
      load: () => parts.attempt(() => this.#discover()),
      maxAgeMs: MAX_AGE_MS,
    });
    this.#completed = new LastGood({
      load: () => parts.attempt(() => this.#complete()),
      maxAgeMs: MAX_AGE_MS,
    });
  }

  async get(): Promise<UsableMetadata> {
    return (await this.#discovered.get()).value.usable;
  }

  async endpoint(
    operation: TokenOperation,
    { clientAuthentication }: ProviderSettings,
  ): Promise<TokenEndpoint | NoTokenEndpoint> {
    const { discovery, metadata: given } = this.#parts.settings;
    const isTls = clientAuthentication?.method === 'tls_client_auth';
    const found = tokenEndpoint(await this.get(), operation, isTls);
    if (found.url !== undefined || found.isUnusable) return found;
    if (!discovery || given?.[`${operation}_endpoint`] === null) return found;
    const endpoint = tokenEndpoint((await this.#completed.get()).value, operation, isTls);
    this.#tellOnce(operation, endpoint.url === undefined ? endpoint.reason : undefined);
    return endpoint;
  }

  /** Looks again where something is missing that the configuration needs. */
  async askAnew(): Promise<void> {
    const { settings } = this.#parts;
    const since = performance.now();
    const areFetched = settings.jwks === undefined && needsKeys(settings.ofIssuer);
    await this.#discovered.ask(since, ({ usable }) => areFetched && usable.jwks_uri === undefined);
    if (!settings.ofIssuer.introspects) return;
    this.#completed.hasten();
    const found = await this.endpoint('introspection', settings);
    if (found.url !== undefined) return;
    await this.#discovered.ask(since, () => true);
    if (!found.isUnusable) await this.#completed.ask(since, () => true);
  }

  async #discover(): Promise<Discovered> {
    const { settings } = this.#parts;
    const document = mergedMetadata(await this.#fetch(), settings.metadata);
    const usable = usableMetadata(document, settings.allowInsecureRequests);
    for (const member of usable.unusable) {
      // Without keys nothing works: every need of the keys tells the failure.
      if (member === 'jwks_uri' || this.#toldMembers.has(member)) continue;
      this.#parts.tell(new UnusableMemberError(member).code);
    }
    this.#toldMembers = usable.unusable;
    return { document, usable };
  }

  async #fetch(): Promise<ProviderMetadata> {
    const { requests, settings } = this.#parts;
    const { issuer, discovery, ofIssuer } = settings;
    if (!discovery) return {};
    const document = await requests.make((signal) => fetchMetadata(issuer, signal));
    // A wrong configuration is told at the first look, not at the first opaque token.
    if (ofIssuer.introspects) this.endpoint('introspection', settings).catch(() => undefined);
    return document;
  }

  async #complete(): Promise<UsableMetadata> {
    const { metadata: given, allowInsecureRequests } = this.#parts.settings;
    const { document } = (await this.#discovered.get()).value;
    const found = mergedMetadata(document, endpointsOf(await this.#fetchFurther()));
    return usableMetadata(mergedMetadata(found, given), allowInsecureRequests);
  }

  async #fetchFurther(): Promise<ProviderMetadata> {
    const { requests, settings, tellFailure } = this.#parts;
    try {
      return await requests.make((signal) => fetchServerMetadata(settings.issuer, signal));
    } catch (error) {
      if (!(error instanceof IssuerMismatchError)) throw error;
      tellFailure(error);
      return {};
    }
  }

  #tellOnce(operation: TokenOperation, reason: string | undefined): void {
    if (this.#toldReasons.get(operation) === reason) return;
    this.#toldReasons.set(operation, reason);
    if (reason !== undefined) this.#parts.tell(reason);
  }
}

function endpointsOf(metadata: ProviderMetadata): ProviderMetadata {
  return Object.fromEntries(ENDPOINT_MEMBERS.map((member) => [member, metadata[member]]));
}
