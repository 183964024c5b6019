import type { Events } from '../events.ts';
import { StoreOperations } from './any/store-operations.ts';
import { type LifetimeOptions, lifetimesFrom } from './lifetimes.ts';
import { MemoryStore } from './memory.ts';
import type { Operations } from './operations.ts';
import { ReadyRedis } from './redis/ready-redis.ts';
import type { RedisClient } from './redis/redis-client.ts';
import { RedisOperations } from './redis/redis-operations.ts';
import { ReplicatedWrites, type ReplicationRules } from './redis/replicated-writes.ts';
import { ServerCheck } from './redis/server-check.ts';
import { StoreCalls } from './store-calls.ts';
import type { Store } from './store.ts';

export interface CreatedOperations {
  readonly operations: Operations;
  /** Whether other processes see the same store. */
  readonly isShared: boolean;
  readonly close: () => void;
}

export interface StoreSettings extends LifetimeOptions {
  readonly redis: RedisClient | undefined;
  readonly store: Store | undefined;
  readonly keyPrefix: string;
  /** Seconds. */
  readonly storeTimeout: number;
  readonly durability: ReplicationRules | undefined;
}

export function createOperations(settings: StoreSettings, events: Events): CreatedOperations {
  const { redis, store, storeTimeout } = settings;
  if (redis !== undefined) return createRedisOperations(redis, settings, events);
  if (store === undefined) warnOfMemory();
  const calls = new StoreCalls(events, storeTimeout * 1000);
  return {
    operations: new StoreOperations(store ?? new MemoryStore(), calls, lifetimesFrom(settings)),
    isShared: store !== undefined,
    close: () => undefined,
  };
}

function warnOfMemory(): void {
  if (process.env.NODE_ENV !== 'production') return;
  process.emitWarning(
    'Logouts are kept in the memory of this process: other processes do not know them, and a restart forgets them. Set the option "redis"',
    { code: 'EXPRESS_OIDC_LOGOUT_MEMORY_STORE' },
  );
}

function createRedisOperations(
  client: RedisClient,
  settings: StoreSettings,
  events: Events,
): CreatedOperations {
  const { keyPrefix, storeTimeout } = settings;
  const check = new ServerCheck(client, events);
  const timeoutMs = storeTimeout * 1000;
  const redis = new ReadyRedis(client, timeoutMs, () => {
    check.used();
  });
  const calls = new StoreCalls(events, timeoutMs, () => redis.isConnected);
  const durable = createDurable(client, settings, events);
  const lifetimes = lifetimesFrom(settings);
  return {
    operations: new RedisOperations({ redis, keyPrefix, lifetimes, calls, events, durable }),
    isShared: true,
    close: () => durable?.writes.close(),
  };
}

// A write waits for its replicas and for the write before, on a connection of its own.
function createDurable(
  client: RedisClient,
  { durability, storeTimeout }: StoreSettings,
  events: Events,
) {
  if (durability === undefined) return undefined;
  const writes = new ReplicatedWrites(client, durability, storeTimeout * 1000);
  const timeoutMs = (storeTimeout + 2 * durability.timeout) * 1000;
  return { writes, calls: new StoreCalls(events, timeoutMs, () => writes.isConnected) };
}
