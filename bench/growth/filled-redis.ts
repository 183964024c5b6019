import type { Redis } from 'ioredis';
import { parseInfo } from '../../spec/support/redis-node.ts';
import { type RedisServer, startRedisServer } from '../../spec/support/redis-server.ts';

const BATCH = 10_000;
const DAY = 24 * 60 * 60;

/** A Redis of its own, and what its entries take. */
export interface FilledRedis {
  readonly server: RedisServer;
  /** NaN where there are none. */
  readonly bytesPerEntry: number;
}

export async function startFilledRedis(
  count: number,
  createName: () => string,
  value = '1',
): Promise<FilledRedis> {
  const server = await startRedisServer();
  const redis = server.connect();
  const before = await usedMemory(redis);
  for (let written = 0; written < count; written += BATCH) {
    const pipeline = redis.pipeline();
    for (let index = 0; index < BATCH; index += 1) pipeline.set(createName(), value, 'EX', DAY);
    await pipeline.exec();
  }
  return { server, bytesPerEntry: ((await usedMemory(redis)) - before) / count };
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(parseInfo(await redis.info('memory')).used_memory);
}
