import type { RedisCommand } from '../store/redis/redis-client.ts';

const UNKNOWN_SCRIPT = '0'.repeat(40);

/** Every command that the package sends, in an order that leaves nothing behind. */
export function commandsAt(prefix: string): readonly RedisCommand[] {
  const [text, hash, set] = [`${prefix}text`, `${prefix}hash`, `${prefix}set`];
  return [
    ['time'],
    ['set', text, '1', 'EX', 60],
    ['get', text],
    ['mget', text],
    ['exists', text],
    ['getdel', text],
    ['hset', hash, 'field', '1'],
    ['expire', hash, 60],
    ['hget', hash, 'field'],
    ['hmget', hash, 'field'],
    ['hgetall', hash],
    ['hkeys', hash],
    ['zadd', set, 1, 'member'],
    ['expire', set, 60],
    ['zrangebyscore', set, '-inf', '+inf'],
    ['zremrangebyscore', set, '-inf', '+inf'],
    ['del', text, hash, set],
    ['eval', 'return 1', 1, text],
    ['evalsha', UNKNOWN_SCRIPT, 1, text],
    ['publish', `${prefix}channel`, ''],
  ];
}
