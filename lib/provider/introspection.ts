import { processIntrospectionResponse } from 'oauth4webapi';
import PQueue from 'p-queue';
import { InvalidTokenError, ProviderUnavailableError } from '../errors.ts';
import { ByteCache } from '../token/byte-cache.ts';
import { isTooDeep } from '../token/jose-object.ts';
import { boundedResponse } from './bounded-fetch.ts';
import type { Provider } from './provider.ts';
import { onceMore } from './requests.ts';
import { requestForToken } from './token-request.ts';

const ANSWER_LIMIT = 64 * 1024;
const ACTIVE_MS = 30_000;
// For each provider.
const MOST_AT_ONCE = 32;
const MOST_WAITING = 1000;

/** @see [RFC 7662, section 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2) */
export type Introspection = Readonly<Record<string, unknown>>;

/**
 * An active answer is kept for a short time, never longer than the token's life. Only the list
 * tells whether the token was invalidated meanwhile.
 */
export class Introspections {
  readonly #active: ByteCache<Introspection>;
  readonly #underWay = new Map<string, Promise<Introspection | undefined>>();
  readonly #queues = new Map<Provider, PQueue>();

  /** Bytes. */
  constructor(cacheSize: number) {
    this.#active = new ByteCache(cacheSize);
  }

  /**
   * `undefined` for a token that is not active.
   *
   * @throws {@link InvalidTokenError} when the answer is nested too deep.
   * @throws {@link ProviderUnavailableError} when the provider gives no answer, or refuses this
   * client.
   */
  async introspect(
    provider: Provider,
    token: string,
    key: string,
  ): Promise<Introspection | undefined> {
    const { issuer, clientId } = provider.settings;
    const name = JSON.stringify([issuer, clientId, key]);
    const known = this.#active.get(name) ?? this.#underWay.get(name);
    if (known !== undefined) return known;
    const queue = this.#queueOf(provider);
    if (queue.size >= MOST_WAITING) throw new ProviderUnavailableError('busy', provider.issuer);
    const asked = this.#ask(name, provider, token).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, asked);
    return asked;
  }

  async #ask(name: string, provider: Provider, token: string): Promise<Introspection | undefined> {
    const queue = this.#queueOf(provider);
    // The wait in the queue counts in the time-out of a request.
    const claims = await provider.attempt('introspection', () =>
      provider.requests.withinTime((signal) =>
        queue.add(() => onceMore(() => introspect(provider, token, signal)), { signal }),
      ),
    );
    if (claims === undefined) return undefined;
    if (isTooDeep(claims)) throw new InvalidTokenError('malformed');
    const characters = name.length + JSON.stringify(claims).length;
    this.#active.set(name, claims, { characters, ttlMs: timeToKeep(claims) });
    return claims;
  }

  #queueOf(provider: Provider): PQueue {
    const queue = this.#queues.get(provider) ?? new PQueue({ concurrency: MOST_AT_ONCE });
    this.#queues.set(provider, queue);
    return queue;
  }
}

function timeToKeep({ exp }: Introspection): number {
  const left = typeof exp === 'number' ? Math.floor(exp * 1000 - Date.now()) : ACTIVE_MS;
  return Math.min(ACTIVE_MS, left);
}

async function introspect(
  provider: Provider,
  token: string,
  signal: AbortSignal,
): Promise<Introspection | undefined> {
  const { issuer, clientId } = provider.settings;
  const endpoint = await provider.tokenEndpoint('introspection');
  // Told when the metadata were read.
  if (endpoint.url === undefined) throw new ProviderUnavailableError(endpoint.reason, issuer);
  const response = await requestForToken(provider, 'introspection', {
    endpoint,
    token,
    hint: 'access_token',
    signal,
    readResponse: (answer) => boundedResponse(answer, ANSWER_LIMIT),
  });
  const client = { client_id: clientId };
  const { active, ...claims } = await processIntrospectionResponse({ issuer }, client, response);
  return active ? claims : undefined;
}
