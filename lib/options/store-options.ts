import {
  checkChoice,
  checkMethods,
  checkMilliseconds,
  checkNames,
  checkNumber,
  checkObject,
  checkText,
} from '../input/checks.ts';
import type { StoreLossPolicy } from '../store/epoch.ts';
import type { RedisClient } from '../store/ready-redis.ts';
import type { ReplicationRules } from '../store/replicated-writes.ts';
import type { Store } from '../store/store.ts';

/** What the guard may remember. */
export interface NearCacheOptions {
  /**
   * How old a decision may be that the guard goes by, in seconds, should it not have heard of an
   * invalidation. Default: 5.
   */
  readonly maxStaleness?: number | undefined;
}

/** When an invalidation is durable. A logout that does not come to that is answered 503. */
export interface DurabilityOptions {
  /** How many replicas must have it. Default: 1. */
  readonly replicas?: number | undefined;

  /** How long they are waited for, in milliseconds, beside `storeTimeout`. Default: 100. */
  readonly timeout?: number | undefined;
}

/** Where sessions and invalidations are kept. */
export interface StoreOptions {
  /**
   * The app's own ioredis client, `Redis` or `Cluster`. It is never configured or closed. Default: none;
   * everything is kept in the memory of this process, which suits one process only.
   */
  readonly redis?: RedisClient | undefined;

  /** What every key in Redis begins with; no braces, which would put all keys into one slot. Default: `oidc1:`. */
  readonly keyPrefix?: string | undefined;

  /**
   * Lets the guard go by what it remembers of a token. What is invalidated anywhere is pushed to it, and
   * forgotten at once; while the push is interrupted, and of a token that is new to it, it asks the list. Needs
   * `redis` or a `store` of the app; in memory nothing is nearer. Default: none, it asks the list at every request.
   */
  readonly nearCache?: NearCacheOptions | undefined;

  /**
   * Answers a logout when so many replicas of the Redis master have it, so that it outlives the master.
   * Default: none, when the master has it.
   *
   * @see [WAIT](https://redis.io/docs/latest/commands/wait/)
   */
  readonly durability?: DurabilityOptions | undefined;

  /** The app's own database, instead of `redis`. Default: none. */
  readonly store?: Store | undefined;

  /**
   * What becomes of everybody who logged in before the store lost its memory: flushed, or started empty. `accept`:
   * they stay, and with them who had logged out. `refuse`: nobody stays, and everybody has to log in once more.
   * Either way `store-warning` tells. Default: `accept`.
   */
  readonly onStoreLoss?: StoreLossPolicy | undefined;

  /** How long a call to the store may take, in milliseconds. Default: 500. */
  readonly storeTimeout?: number | undefined;
}

export interface ResolvedStoreOptions {
  readonly redis: RedisClient | undefined;
  readonly keyPrefix: string;
  /** Seconds. */
  readonly maxStaleness: number | undefined;
  readonly durability: ReplicationRules | undefined;
  readonly store: Store | undefined;
  readonly onStoreLoss: StoreLossPolicy;
  readonly storeTimeout: number;
}

export function resolveStoreOptions(options: StoreOptions): ResolvedStoreOptions {
  const { redis, store, keyPrefix = 'oidc1:' } = options;
  if (redis !== undefined) {
    checkMethods(redis, 'redis', ['get', 'mget', 'call', 'pipeline', 'duplicate']);
  }
  if (typeof keyPrefix !== 'string') checkText(keyPrefix, 'keyPrefix');
  checkOwnStore(options);
  const storeTimeout = checkMilliseconds(options.storeTimeout, 'storeTimeout', 500);
  return {
    ...{ redis, keyPrefix, store, storeTimeout },
    onStoreLoss: checkChoice(options.onStoreLoss, 'onStoreLoss', ['accept', 'refuse']),
    maxStaleness: resolveMaxStaleness(options.nearCache),
    durability: resolveDurability(options),
  };
}

function checkOwnStore({ redis, store }: StoreOptions): void {
  if (store === undefined) return;
  if (redis !== undefined) throw new TypeError('"redis" must be left out beside "store"');
  checkMethods(store, 'store', ['read', 'update', 'subscribe']);
}

function resolveMaxStaleness(nearCache: NearCacheOptions | undefined): number | undefined {
  if (nearCache === undefined) return undefined;
  checkObject(nearCache, 'nearCache');
  checkNames(nearCache, ['maxStaleness'], '"nearCache"');
  const rule = { standard: 5, least: 1, unit: 'seconds' };
  return checkNumber(nearCache.maxStaleness, 'nearCache.maxStaleness', rule);
}

function resolveDurability({ redis, durability }: StoreOptions): ReplicationRules | undefined {
  if (durability === undefined) return undefined;
  checkObject(durability, 'durability');
  checkNames(durability, ['replicas', 'timeout'], '"durability"');
  if (redis === undefined) throw new TypeError('"durability" needs "redis"');
  const replicas = checkNumber(durability.replicas, 'durability.replicas', {
    standard: 1,
    least: 1,
    unit: 'replicas',
  });
  const timeout = checkMilliseconds(durability.timeout, 'durability.timeout', 100);
  return { replicas, timeout };
}
