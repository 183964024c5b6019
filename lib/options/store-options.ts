import { checkText } from '../input/checks.ts';
import type { RedisClient } from '../store/redis/redis-client.ts';
import type { Store } from '../store/store.ts';
import {
  choice,
  count,
  group,
  optional,
  seconds,
  timeout,
  withDefault,
  withMethods,
} from '../input/kinds.ts';
import type { Option, OptionsOf, ValuesOf } from '../input/option.ts';

/** Of every key in Redis. */
export const KEY_PREFIX = 'oidc1:';

const REDIS_METHODS = ['get', 'mget', 'call', 'pipeline', 'duplicate'];

export const NEAR_CACHE_OPTIONS = {
  /**
   * How old a remembered decision may be, in seconds. The limit matters only after the guard has
   * missed an invalidation. Default: 5.
   */
  maxStaleness: seconds(5),
};

/** How the guard remembers decisions. */
export interface NearCacheOptions extends OptionsOf<typeof NEAR_CACHE_OPTIONS> {}

export const DURABILITY_OPTIONS = {
  /** How many replicas must have the invalidation. Default: 1. */
  replicas: count('replicas', 1),

  /** How long the replicas may take, in seconds, beside `storeTimeout`. Default: 0.1. */
  timeout: timeout(0.1),
};

/** When an invalidation is durable. A logout that is not durable is answered 503. */
export interface DurabilityOptions extends OptionsOf<typeof DURABILITY_OPTIONS> {}

export const STORE_OPTIONS = {
  /**
   * The app's own ioredis client, `Redis` or `Cluster`, never configured or closed by this package.
   * Default: none; the memory of this process, which suits one process only.
   */
  redis: optional(withMethods<RedisClient>('ioredis `Redis` or `Cluster`', REDIS_METHODS)),

  /**
   * The prefix of every key in Redis. Braces are refused, because they would put all keys into one
   * slot. Default: `oidc1:`.
   */
  keyPrefix: withDefault(keyPrefix(), KEY_PREFIX),

  /**
   * Lets the guard remember valid tokens. Every invalidation, in any process, is pushed to the
   * guard and takes effect at once. For an unknown token, and while the push is interrupted, the
   * guard asks the list. Requires `redis` or `store`. Default: none; the guard asks the list at
   * every request.
   */
  nearCache: optional(group<typeof NEAR_CACHE_OPTIONS, NearCacheOptions>(NEAR_CACHE_OPTIONS)),

  /**
   * Answers a logout only after replicas of the Redis master have the invalidation, so that a loss
   * of the master does not undo the logout. Default: none; the answer waits for the master alone.
   *
   * @see [WAIT](https://redis.io/docs/latest/commands/wait/)
   */
  durability: optional(group<typeof DURABILITY_OPTIONS, DurabilityOptions>(DURABILITY_OPTIONS)),

  /** The app's own database, instead of `redis`. Default: none. */
  store: optional(withMethods<Store>('`Store`', ['read', 'update', 'subscribe'])),

  /**
   * The policy after the store lost its memory: flushed, or started empty. `accept`: all earlier
   * logins stay valid, even ended ones. `refuse`: all earlier logins are refused, and everybody has
   * to log in again. `store-warning` tells of the loss either way. Default: `accept`.
   */
  onStoreLoss: choice('accept', 'refuse'),

  /** How long a call to the store may take, in seconds. Default: 0.5. */
  storeTimeout: timeout(0.5),
};

/** Where sessions and invalidations are kept. */
export interface StoreOptions extends OptionsOf<typeof STORE_OPTIONS> {}

/** Some options of a store exclude each other. */
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

function keyPrefix(): Option<string, string> {
  return {
    takes: 'string',
    read: (given, { name }) => (given === '' ? given : checkText(given, name)),
  };
}
