import { once } from 'node:events';
import { StoreUnavailableError } from '../errors.ts';
import { Batch } from './batch.ts';

/** A command of Redis: its name and arguments. */
export type RedisCommand = [name: string, ...values: (string | number)[]];

/**
 * What the package uses of an ioredis client: a `Redis` or a `Cluster` of version 5 or 6. It is the
 * app's own, and never opened, configured or closed here.
 */
export interface RedisClient extends NodeJS.EventEmitter {
  readonly status: string;
  readonly isCluster: boolean;
  get(key: string): Promise<string | null>;
  mget(keys: string[]): Promise<(string | null)[]>;
  call(...command: RedisCommand): Promise<unknown>;
  pipeline(commands: RedisCommand[]): { exec(): Promise<[Error | null, unknown][] | null> };
  /** Of a Redis the options that differ. */
  duplicate(...overrides: readonly unknown[]): RedisConnection;
}

/** What the package uses of a connection of its own, which it duplicates from the client. */
export interface RedisConnection extends RedisClient {
  connect(): Promise<unknown>;
  disconnect(): void;
  subscribe(channel: string): Promise<unknown>;
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
 * Sends what can be sent at once. A client that has lost its connection fails here, so that nothing piles up
 * in its offline queue during an outage. Commands of one turn of the event loop leave together.
 */
export class ReadyRedis<Client extends RedisClient = RedisClient> {
  /** The client itself, whatever its state. */
  readonly client: Client;
  readonly #commands = new Batch((commands: readonly RedisCommand[]) => this.#sendAll(commands));
  #ready: Promise<unknown> | undefined;

  constructor(client: Client) {
    this.client = client;
  }

  async whenReady(): Promise<Client> {
    const { status } = this.client;
    // 'wait' is a lazy client: the first command connects it.
    if (status === 'ready' || status === 'wait') return this.client;
    if (status !== 'connecting' && status !== 'connect') {
      throw new StoreUnavailableError('not-connected');
    }
    this.#ready ??= this.#becomesReady();
    await this.#ready;
    return this.client;
  }

  /** The reply to a command. */
  async send(...command: RedisCommand): Promise<unknown> {
    const [reply] = await this.#commands.run([command]);
    if (reply?.status === 'fulfilled') return reply.value;
    throw reply?.reason;
  }

  /** The values under these keys, in their order: one command, but on a Cluster one for each key. */
  async read(keys: readonly string[]): Promise<(string | null)[]> {
    if (keys.length === 0) return [];
    const redis = await this.whenReady();
    return redis.isCluster ? Promise.all(keys.map((key) => redis.get(key))) : redis.mget([...keys]);
  }

  async #sendAll(commands: readonly RedisCommand[]): Promise<PromiseSettledResult<unknown>[]> {
    const redis = await this.whenReady();
    if (redis.isCluster || commands.length === 1) {
      return Promise.allSettled(commands.map((command) => redis.call(...command)));
    }
    const replies = (await redis.pipeline([...commands]).exec()) ?? [];
    return replies.map(([reason, value]) =>
      reason === null ? { status: 'fulfilled', value } : { status: 'rejected', reason },
    );
  }

  async #becomesReady(): Promise<void> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      await Promise.race([
        once(this.client, 'ready', { signal }),
        once(this.client, 'close', { signal }).then(() => {
          throw new StoreUnavailableError('not-connected');
        }),
      ]);
    } finally {
      settled.abort();
      this.#ready = undefined;
    }
  }
}
