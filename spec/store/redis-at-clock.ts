import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RedisClient, RedisCommand } from '../../lib/store/redis/redis-client.ts';

/** The client of a Redis whose scripts take the time from the key `clock`. */
export function redisAtClock(redis: Redis): RedisClient {
  const atClock = new Map<string, string>();
  const call = (...[name, ...values]: RedisCommand): Promise<unknown> => {
    const [script, ...rest] = values;
    if (name === 'eval') {
      const text = String(script).replaceAll("redis.call('TIME')[1]", "redis.call('GET', 'clock')");
      atClock.set(sha(String(script)), sha(text));
      return redis.call('eval', text, ...rest);
    }
    if (name !== 'evalsha') return redis.call(name, ...values);
    const known = atClock.get(String(script));
    if (known === undefined) return Promise.reject(new Error('NOSCRIPT'));
    return redis.call('evalsha', known, ...rest);
  };
  return new Proxy(redis as RedisClient, {
    get: (target, name) => {
      if (name === 'call') return call;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function sha(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
