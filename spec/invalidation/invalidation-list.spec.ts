import { Redis as Redis5 } from 'ioredis5';
import { MemoryInvalidationList } from '../../lib/invalidation/memory.ts';
import { RedisInvalidationList } from '../../lib/invalidation/redis.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { describeInvalidationList } from './invalidation-list.contract.ts';

describeInvalidationList('MemoryInvalidationList', () => {
  const list = new MemoryInvalidationList();
  return Promise.resolve({ list, elsewhere: list, close: () => Promise.resolve() });
});

describeInvalidationList('RedisInvalidationList', async () => {
  const server = await startRedisServer();
  const client = server.connect();
  return {
    list: new RedisInvalidationList(client, 'app:'),
    elsewhere: new RedisInvalidationList(server.connect(), 'app:'),
    close: () => server.close(),
  };
});

describeInvalidationList('RedisInvalidationList over a client of ioredis 5', async () => {
  const server = await startRedisServer();
  const client = new Redis5(server.path);
  return {
    list: new RedisInvalidationList(client, ''),
    elsewhere: new RedisInvalidationList(server.connect(), ''),
    close: async () => {
      client.disconnect();
      await server.close();
    },
  };
});
