import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../docs/examples/own-store.ts';
import { Events } from '../../lib/events.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { ReadyRedis } from '../../lib/store/redis/ready-redis.ts';
import { RedisOperations } from '../../lib/store/redis/redis-operations.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { describeOperations } from './operations.contract.ts';

describeOperations('StoreOperations in memory', () => {
  const store = new MemoryStore();
  const calls = new StoreCalls(new Events(), 1000);
  return Promise.resolve({
    open: (lifetimes) => new StoreOperations(store, calls, lifetimes),
    close: () => Promise.resolve(),
  });
});

describeOperations('StoreOperations in an SQLite file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  const stores: SqliteStore[] = [];
  return {
    open(lifetimes) {
      const store = new SqliteStore(join(folder, 'store.sqlite'));
      stores.push(store);
      return new StoreOperations(store, new StoreCalls(new Events(), 1000), lifetimes);
    },
    async close() {
      for (const store of stores) store.close();
      await rm(folder, { recursive: true });
    },
  };
});

describeOperations('RedisOperations on a redis-server', async () => {
  const server = await startRedisServer();
  return {
    open(lifetimes) {
      const events = new Events();
      const calls = new StoreCalls(events, 1000);
      const redis = new ReadyRedis(server.connect(), 1000);
      return new RedisOperations({ redis, keyPrefix: 'app:', lifetimes, calls, events });
    },
    close: () => server.close(),
  };
});
