/**
 * A command of Redis: its name and arguments.
 *
 * @inline
 */
export type RedisCommand = [name: string, ...values: (string | number)[]];

/**
 * The used part of an ioredis client: a `Redis` or a `Cluster` of version 5 or 6. The client is the
 * app's own, never configured or closed by this package; a lazy client is connected at its first
 * use.
 */
export interface RedisClient extends NodeJS.EventEmitter {
  /** The state of the connection, such as `ready`. */
  readonly status: string;
  /** `true` for a `Cluster`. */
  readonly isCluster: boolean;
  /** Connects a lazy client. */
  connect(): Promise<unknown>;
  /** Reads one value. */
  get(key: string): Promise<string | null>;
  /** Reads several values. */
  mget(keys: string[]): Promise<(string | null)[]>;
  /** Sends a command by its name. */
  call(...command: RedisCommand): Promise<unknown>;
  /** Sends several commands at once. */
  pipeline(commands: RedisCommand[]): {
    /** Answers an error or a reply for each. */
    exec(): Promise<[Error | null, unknown][] | null>;
  };
  /** For a `Redis`, the changed options. */
  duplicate(...overrides: readonly unknown[]): RedisConnection;
}

/** The used part of a duplicated connection. */
export interface RedisConnection extends RedisClient {
  /** Closes the connection. */
  disconnect(): void;
  /** Listens to a channel. */
  subscribe(channel: string): Promise<unknown>;
}

export interface RedisCluster extends RedisConnection {
  /** By slot, the addresses of its nodes, the master's first. */
  readonly slots: string[][];
  readonly options: { readonly keyPrefix?: string; readonly redisOptions?: object };
  nodes(role?: 'all' | 'master'): RedisNode[];
}

export interface RedisNode extends RedisConnection {
  readonly options: { readonly host?: string; readonly port?: number };
}

export function isCluster(client: RedisClient): client is RedisCluster {
  return client.isCluster;
}
