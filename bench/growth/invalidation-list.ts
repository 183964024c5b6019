import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { encodeInvalidated } from '../../lib/store/codecs/token-entry.ts';
import { encodeVerdict } from '../../lib/store/codecs/verdict.ts';
import { RedisKeys } from '../../lib/store/redis/keys.ts';
import { redisTime } from '../rounds.ts';

const LIFETIME = 86_400;
const AT_ONCE = 10_000;
const MOST_REFILLED = 100_000;
// Of 100 ms.
const BUSY_US = 10_000;

const keys = new RedisKeys('oidc1:');

/**
 * Empties Redis, and adds entries such as logouts leave them: by turns one of a token, and one of a
 * session. A longer list is kept: what rounds add is little beside it.
 */
export async function refill(redis: Redis, size: number): Promise<void> {
  if (size > MOST_REFILLED && (await redis.dbsize()) >= size) return;
  await redis.flushall();
  for (let added = 0; added < size; added += AT_ONCE) {
    const pipeline = redis.pipeline();
    for (let index = 0; index < Math.min(AT_ONCE, size - added); index += 1) {
      const [key, value] = index % 2 === 0 ? tokenEntry() : sessionEntry();
      pipeline.set(key, value, 'EX', LIFETIME);
    }
    await pipeline.exec();
  }
  await untilRehashed(redis);
}

function tokenEntry() {
  const key = keys.of({ kind: 'access-token', of: digest() });
  return [key, encodeInvalidated({ note: '' })] as const;
}

function sessionEntry() {
  const before = Math.floor(Date.now() / 1000);
  return [
    keys.of({ kind: 'verdict', of: digest() }),
    encodeVerdict({ before, named: [] }),
  ] as const;
}

function digest(): string {
  return randomBytes(16).toString('base64url');
}

// Redis moves the keys of a table that grew for 1 ms at a time, `hz` times a second.
async function untilRehashed(redis: Redis): Promise<void> {
  await redis.config('SET', 'hz', 500);
  while ((await busyTime(redis)) > BUSY_US);
  await redis.config('SET', 'hz', 10);
}

async function busyTime(redis: Redis): Promise<number> {
  const before = await redisTime(redis);
  await setTimeout(100);
  return (await redisTime(redis)) - before;
}
