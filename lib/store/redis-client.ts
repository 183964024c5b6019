/**
 * A command of Redis: its name and arguments.
 *
 * @inline
 */
export type RedisCommand = [name: string, ...values: (string | number)[]];

/**
 * What the package uses of an ioredis client: a `Redis` or a `Cluster` of version 5 or 6. It is the
 * app's own, and never configured or closed here; a lazy one is connected at its first use.
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
  /** Of a Redis the options that differ. */
  duplicate(...overrides: readonly unknown[]): RedisConnection;
}

/** What the package uses of a connection of its own, which it duplicates from the client. */
export interface RedisConnection extends RedisClient {
  /** Closes the connection. */
  disconnect(): void;
  /** Listens to a channel. */
  subscribe(channel: string): Promise<unknown>;
}

/** What the package uses of a Cluster beside the commands. */
export interface RedisCluster extends RedisConnection {
  /** By slot, the addresses of its nodes, that of the master first. */
  readonly slots: string[][];
  readonly options: { readonly keyPrefix?: string; readonly redisOptions?: object };
  nodes(role?: 'all' | 'master'): RedisNode[];
}

/** A Cluster's connection to one of its nodes. */
export interface RedisNode extends RedisConnection {
  readonly options: { readonly host?: string; readonly port?: number };
}
