import { once } from 'node:events';
import { StoreUnavailableError } from '../errors.ts';

/**
 * What the package uses of an ioredis client: a `Redis` or a `Cluster` of version 5 or 6. It is the
 * app's own, and never opened, configured or closed here.
 */
export interface RedisClient extends NodeJS.EventEmitter {
  readonly status: string;
  readonly isCluster: boolean;
  get(key: string): Promise<string | null>;
  mget(keys: string[]): Promise<(string | null)[]>;
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
  /** Of a Redis its options; of a Cluster those of a new one, with the same nodes to start from. */
  duplicate(...overrides: readonly unknown[]): RedisConnection;
}

/** What the package uses of a connection of its own, which it duplicates from the client. */
export interface RedisConnection extends RedisClient {
  connect(): Promise<unknown>;
  disconnect(): void;
  subscribe(channel: string): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[Error | null, unknown][] | null> };
  wait(replicas: number, timeoutMs: number): Promise<number>;
}

/** What the package uses of a Cluster beside the commands. */
export interface RedisCluster extends RedisConnection {
  /** By slot, the addresses of its nodes, that of the master first. */
  readonly slots: string[][];
  readonly options: { readonly keyPrefix?: string };
  nodes(role?: 'all' | 'master'): RedisNode[];
}

/** A Cluster's connection to one of its nodes. */
export interface RedisNode extends RedisConnection {
  readonly options: { readonly host?: string; readonly port?: number };
}

/**
 * Hands out the client once a command can be sent at once. A client that has lost its connection
 * fails here, so that nothing piles up in its offline queue during an outage.
 */
export class ReadyRedis<Client extends RedisClient = RedisClient> {
  readonly #client: Client;
  #ready: Promise<unknown> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  async client(): Promise<Client> {
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

  /** The values under these keys, in their order: one command, but on a Cluster one for each key. */
  async read(keys: readonly string[]): Promise<(string | null)[]> {
    if (keys.length === 0) return [];
    const redis = await this.client();
    return redis.isCluster ? Promise.all(keys.map((key) => redis.get(key))) : redis.mget([...keys]);
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
