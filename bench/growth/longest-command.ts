import type { Redis } from 'ioredis';

const MOST_COMMANDS = 1_000_000;

/** The longest of the commands that Redis runs during the work, scripts included. */
export async function longestCommand<T>(
  redis: Redis,
  work: () => Promise<T>,
): Promise<{ readonly longestMs: number; readonly result: T }> {
  await redis.config('SET', 'slowlog-max-len', MOST_COMMANDS);
  await redis.slowlog('RESET');
  await redis.config('SET', 'slowlog-log-slower-than', 0);
  const result = await work();
  await redis.config('SET', 'slowlog-log-slower-than', -1);
  const entries = (await redis.slowlog('GET', -1)) as [
    id: number,
    at: number,
    microseconds: number,
  ][];
  await redis.slowlog('RESET');
  const longest = entries.reduce((most, [, , microseconds]) => Math.max(most, microseconds), 0);
  return { longestMs: longest / 1000, result };
}
