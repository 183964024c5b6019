import {
  checkMethods,
  checkMilliseconds,
  checkNames,
  checkNumber,
  checkObject,
  checkText,
} from './option-checks.ts';
import type { InvalidationList } from './invalidation/invalidation-list.ts';
import type { SessionStore } from './session/session-store.ts';
import type { RedisClient } from './store/ready-redis.ts';
import type { ReplicationRules } from './store/replicated-writes.ts';

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

  /** What every key in Redis begins with. Default: `oidc:`. */
  readonly keyPrefix?: string | undefined;

  /**
   * Lets the guard go by what it remembers of a token. What is invalidated anywhere is pushed to it, and
   * forgotten at once; while the push is interrupted, and of a token that is new to it, it asks the list. Needs
   * `redis`, or an `invalidationList` with `watch` and `tell`; in memory nothing is nearer. Default: none, it asks the
   * list at every request.
   */
  readonly nearCache?: NearCacheOptions | undefined;

  /**
   * Answers a logout when so many replicas of the Redis master have it, so that it outlives the master.
   * Default: none, when the master has it.
   *
   * @see [WAIT](https://redis.io/docs/latest/commands/wait/)
   */
  readonly durability?: DurabilityOptions | undefined;

  /** An invalidation list of your own, together with `sessionStore` and instead of `redis`. */
  readonly invalidationList?: InvalidationList | undefined;

  /** A session store of your own, together with `invalidationList` and instead of `redis`. */
  readonly sessionStore?: SessionStore | undefined;

  /** How long a call to the store may take, in milliseconds. Default: 500. */
  readonly storeTimeout?: number | undefined;
}

export interface ResolvedStoreOptions {
  readonly redis: RedisClient | undefined;
  readonly keyPrefix: string;
  /** Seconds. */
  readonly maxStaleness: number | undefined;
  readonly durability: ReplicationRules | undefined;
  readonly invalidationList: InvalidationList | undefined;
  readonly sessionStore: SessionStore | undefined;
  readonly storeTimeout: number;
}

export function resolveStoreOptions(options: StoreOptions): ResolvedStoreOptions {
  const { redis, invalidationList, sessionStore, keyPrefix = 'oidc:' } = options;
  if (redis !== undefined) {
    checkMethods(redis, 'redis', ['get', 'mget', 'call', 'pipeline', 'duplicate']);
  }
  if (typeof keyPrefix !== 'string') checkText(keyPrefix, 'keyPrefix');
  checkOwnStores(options);
  const storeTimeout = checkMilliseconds(options.storeTimeout, 'storeTimeout', 500);
  return {
    ...{ redis, keyPrefix, invalidationList, sessionStore, storeTimeout },
    maxStaleness: resolveMaxStaleness(options.nearCache),
    durability: resolveDurability(options),
  };
}

function checkOwnStores({ redis, invalidationList, sessionStore, nearCache }: StoreOptions): void {
  if ((invalidationList === undefined) !== (sessionStore === undefined)) {
    throw new TypeError('"invalidationList" and "sessionStore" must be given together');
  }
  if (invalidationList === undefined) return;
  if (redis !== undefined) {
    throw new TypeError('"redis" must be left out beside "invalidationList"');
  }
  const pushing = nearCache === undefined ? [] : ['watch', 'tell'];
  checkMethods(invalidationList, 'invalidationList', ['add', 'check', ...pushing]);
  const methods = ['get', 'set', 'add', 'take', 'addMember', 'members'];
  checkMethods(sessionStore, 'sessionStore', methods);
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
