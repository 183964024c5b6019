import type { Redis } from 'ioredis';
import { type Load, LoadProcess } from '../load-process.ts';
import { ServerProcess } from '../server-process.ts';
import type { Settings } from '../settings.ts';

const TAGGED = /^(.*\{)[\w-]{22}\}$/;

/** What the list holds of a session that ended. */
export interface Verdict {
  /** What its name begins with; then come a digest and `}`. */
  readonly prefix: string;
  readonly value: string;
}

/** Finds out by logouts what the list holds of a session. */
export async function findVerdict(
  redis: Redis,
  settings: Settings,
  logout: Load,
): Promise<Verdict> {
  await redis.flushall();
  const server = await ServerProcess.start('guard/strict', settings);
  const client = new LoadProcess();
  try {
    await client.run(server.url, logout);
  } finally {
    await Promise.all([client.stop(), server.stop()]);
  }
  for (const key of await redis.keys('*')) {
    const [, prefix] = TAGGED.exec(key) ?? [];
    const isText = prefix !== undefined && (await redis.type(key)) === 'string';
    if (isText) return { prefix, value: (await redis.get(key)) ?? '' };
  }
  throw new Error('No key in Redis looks like the end of a session');
}
