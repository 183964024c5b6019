import { once } from 'node:events';
import { StoreUnavailableError } from '../errors.ts';

/**
 * What the package uses of an ioredis client: a `Redis` or a `Cluster` of version 5 or 6. It is the
 * app's own, and never opened, configured or closed here.
 */
export interface RedisClient extends NodeJS.EventEmitter {
  readonly status: string;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, mode: 'EX', seconds: number): Promise<unknown>;
  set(
    key: string,
    value: string,
    mode: 'EX',
    seconds: number,
    condition: 'NX',
  ): Promise<string | null>;
  getdel(key: string): Promise<string | null>;
  eval(script: string, keys: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
  expire(key: string, seconds: number): Promise<unknown>;
  zadd(key: string, score: number, member: string): Promise<unknown>;
  zrangebyscore(key: string, min: number | string, max: number | string): Promise<string[]>;
  zremrangebyscore(key: string, min: number | string, max: number | string): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  duplicate(): RedisSubscriber;
}

/** What the package uses of a connection of its own, which it duplicates from the client to subscribe. */
export interface RedisSubscriber extends NodeJS.EventEmitter {
  readonly status: string;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

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
    if (status !== 'connecting' && status !== 'connect') {
      throw new StoreUnavailableError('not-connected');
    }
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
