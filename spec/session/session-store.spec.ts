import { Redis as Redis5 } from 'ioredis5';
import { MemorySessionStore } from '../../lib/session/memory.ts';
import { RedisSessionStore } from '../../lib/session/redis.ts';
import { ReadyRedis } from '../../lib/store/ready-redis.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { describeSessionStore } from './session-store.contract.ts';

describeSessionStore('MemorySessionStore', () =>
  Promise.resolve({ store: new MemorySessionStore(), close: () => Promise.resolve() }),
);

describeSessionStore('RedisSessionStore', async () => {
  const server = await startRedisServer();
  const store = new RedisSessionStore(new ReadyRedis(server.connect(), 500), 'app:');
  return { store, close: () => server.close() };
});

describeSessionStore('RedisSessionStore over a client of ioredis 5', async () => {
  const server = await startRedisServer();
  const client = new Redis5(server.path);
  return {
    store: new RedisSessionStore(new ReadyRedis(client, 500), ''),
    close: async () => {
      client.disconnect();
      await server.close();
    },
  };
});
