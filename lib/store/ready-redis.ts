import { once } from 'node:events';
import type { Cluster, Redis } from 'ioredis';
import { StoreUnavailableError } from '../errors.ts';

/** The app's own client: the package never opens, configures or closes it. */
export type RedisClient = Redis | Cluster;

/**
 * Hands out the client once a command can be sent at once. A client that has lost its connection
 * fails here, so that nothing piles up in its offline queue during an outage.
 */
export class ReadyRedis {
  readonly #client: RedisClient;
  #ready: Promise<unknown> | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  async client(): Promise<RedisClient> {
    const { status } = this.#client;
    // 'wait' is a lazy client: the first command connects it.
    if (status === 'ready' || status === 'wait') return this.#client;
    if (status !== 'connecting' && status !== 'connect')
      throw new StoreUnavailableError('not-connected');
    this.#ready ??= this.#becomesReady();
    await this.#ready;
    return this.#client;
  }

  async #becomesReady(): Promise<void> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      await Promise.race([
        once(this.#client, 'ready', { signal }),
        once(this.#client, 'close', { signal }).then(() => {
          throw new StoreUnavailableError('not-connected');
        }),
      ]);
    } finally {
      settled.abort();
      this.#ready = undefined;
    }
  }
}
