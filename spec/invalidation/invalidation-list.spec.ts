import { Redis as Redis5 } from 'ioredis5';
import { Events } from '../../lib/events.ts';
import type { RedisClient } from '../../lib/index.ts';
import { MemoryInvalidationList } from '../../lib/invalidation/memory.ts';
import { RedisInvalidationList } from '../../lib/invalidation/redis.ts';
import { ReadyRedis } from '../../lib/store/ready-redis.ts';
import { RedisChannel } from '../../lib/store/redis-channel.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { describeInvalidationList, describeWatchedList } from './invalidation-list.contract.ts';

function listOn(client: RedisClient, keyPrefix: string): RedisInvalidationList {
  const events = new Events();
  const calls = new StoreCalls(events, 500);
  const redis = new ReadyRedis(client, 500);
  const channel = new RedisChannel(redis, `${keyPrefix}invalidated`, calls, events);
  return new RedisInvalidationList(redis, keyPrefix, channel, undefined);
}

describeInvalidationList('MemoryInvalidationList', () => {
  const list = new MemoryInvalidationList();
  return Promise.resolve({ list, elsewhere: list, close: () => Promise.resolve() });
});

async function startRedis() {
  const server = await startRedisServer();
  return {
    list: listOn(server.connect(), 'app:'),
    elsewhere: listOn(server.connect(), 'app:'),
    close: () => server.close(),
  };
}

async function startRedis5() {
  const server = await startRedisServer();
  const client = new Redis5(server.path);
  return {
    list: listOn(client, ''),
    elsewhere: listOn(server.connect(), ''),
    close: async () => {
      client.disconnect();
      await server.close();
    },
  };
}

for (const describeList of [describeInvalidationList, describeWatchedList]) {
  describeList('RedisInvalidationList', startRedis);
  describeList('RedisInvalidationList over a client of ioredis 5', startRedis5);
}
