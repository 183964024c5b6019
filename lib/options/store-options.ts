import { checkText } from '../input/checks.ts';
import type { RedisClient } from '../store/redis-client.ts';
import type { Store } from '../store/store.ts';
import { choice, count, group, optional, seconds, timeout, withMethods } from '../input/kinds.ts';
import type { Option, OptionsOf, ValuesOf } from '../input/option.ts';

const REDIS_METHODS = ['get', 'mget', 'call', 'pipeline', 'duplicate'];

export const NEAR_CACHE_OPTIONS = {
  /**
   * How old a decision may be that the guard goes by, in seconds, should it not have heard of an
   * invalidation. Default: 5.
   */
  maxStaleness: seconds(5),
};

/** What the guard may remember. */
export interface NearCacheOptions extends OptionsOf<typeof NEAR_CACHE_OPTIONS> {}

export const DURABILITY_OPTIONS = {
  /** How many replicas must have it. Default: 1. */
  replicas: count('replicas', 1),

  /** How long they are waited for, in seconds, beside `storeTimeout`. Default: 0.1. */
  timeout: timeout(0.1),
};

/** When an invalidation is durable. A logout that does not come to that is answered 503. */
export interface DurabilityOptions extends OptionsOf<typeof DURABILITY_OPTIONS> {}

export const STORE_OPTIONS = {
  /**
   * The app's own ioredis client, `Redis` or `Cluster`. It is never configured or closed. Default: none;
   * everything is kept in the memory of this process, which suits one process only.
   */
  redis: optional(withMethods<RedisClient>('ioredis `Redis` or `Cluster`', REDIS_METHODS)),

  /** What every key in Redis begins with; no braces, which would put all keys into one slot. Default: `oidc1:`. */
  keyPrefix: keyPrefix('oidc1:'),

  /**
   * Lets the guard go by what it remembers of a token. What is invalidated anywhere is pushed to it, and
   * forgotten at once; while the push is interrupted, and of a token that is new to it, it asks the list. Needs
   * `redis` or a `store` of the app; in memory nothing is nearer. Default: none, it asks the list at every request.
   */
  nearCache: optional(group<typeof NEAR_CACHE_OPTIONS, NearCacheOptions>(NEAR_CACHE_OPTIONS)),

  /**
   * Answers a logout when so many replicas of the Redis master have it, so that it outlives the master.
   * Default: none, when the master has it.
   *
   * @see [WAIT](https://redis.io/docs/latest/commands/wait/)
   */
  durability: optional(group<typeof DURABILITY_OPTIONS, DurabilityOptions>(DURABILITY_OPTIONS)),

  /** The app's own database, instead of `redis`. Default: none. */
  store: optional(withMethods<Store>('`Store`', ['read', 'update', 'subscribe'])),

  /**
   * What becomes of everybody who logged in before the store lost its memory: flushed, or started empty. `accept`:
   * they stay, and with them who had logged out. `refuse`: nobody stays, and everybody has to log in once more.
   * Either way `store-warning` tells. Default: `accept`.
   */
  onStoreLoss: choice('accept', 'refuse'),

  /** How long a call to the store may take, in seconds. Default: 0.5. */
  storeTimeout: timeout(0.5),
};

/** Where sessions and invalidations are kept. */
export interface StoreOptions extends OptionsOf<typeof STORE_OPTIONS> {}

/** Checks which of the options of a store go together. */
export function checkStoreOptions({
  redis,
  store,
  durability,
}: ValuesOf<typeof STORE_OPTIONS>): void {
  if (redis === undefined && durability !== undefined) {
    throw new TypeError('"durability" needs "redis"');
  }
  if (redis !== undefined && store !== undefined) {
    throw new TypeError('"redis" must be left out beside "store"');
  }
}

function keyPrefix(standard: string): Option<string | undefined, string> {
  return {
    takes: 'string',
    standard: `\`'${standard}'\``,
    read(given = standard, { name }) {
      return given === '' ? given : checkText(given, name);
    },
  };
}
