import { Redis } from 'ioredis';
import { SettingError } from './setting-error.ts';

/** Connects to Redis; that it is there at the start shows that the setting is right. */
export async function connectRedis(url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true });
  let reason = 'unknown';
  // Later failures are told by the library's `store-error`.
  redis.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message;
  });
  try {
    await redis.connect();
    return redis;
  } catch (cause) {
    redis.disconnect();
    throw new SettingError(`REDIS_URL: there is no connection to Redis (${reason})`, { cause });
  }
}
