import type { Redis } from 'ioredis';
import { type Load, LoadProcess } from '../load-process.ts';
import { ServerProcess } from '../server-process.ts';
import type { Settings } from '../settings.ts';

const ENTRY = /^(.*)[\w-]{22}$/;

/** Finds out by logouts what the name of a token's entry on the list begins with. */
export async function findListPrefix(
  redis: Redis,
  settings: Settings,
  logout: Load,
): Promise<string> {
  await redis.flushall();
  const server = await ServerProcess.start('guard/strict', settings);
  const client = new LoadProcess();
  try {
    await client.run(server.url, logout);
  } finally {
    await Promise.all([client.stop(), server.stop()]);
  }
  for (const key of await redis.keys('*')) {
    const [, prefix] = ENTRY.exec(key) ?? [];
    if (prefix !== undefined && (await isEntry(redis, key))) return prefix;
  }
  throw new Error('No key in Redis looks like an entry of the list');
}

async function isEntry(redis: Redis, key: string): Promise<boolean> {
  return (await redis.type(key)) === 'string' && (await redis.get(key)) === '1';
}
