import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { encodeInvalidated } from '../../lib/store/codecs/token-entry.ts';
import { encodeVerdict } from '../../lib/store/codecs/verdict.ts';
import { RedisKeys } from '../../lib/store/redis/keys.ts';

const LIFETIME = 86_400;
const AT_ONCE = 10_000;

const keys = new RedisKeys('oidc1:');

/** Adds entries such as logouts leave them: by turns one of a token, and one of a session. */
export async function addEntries(redis: Redis, count: number): Promise<void> {
  for (let added = 0; added < count; added += AT_ONCE) {
    const pipeline = redis.pipeline();
    for (let index = 0; index < Math.min(AT_ONCE, count - added); index += 1) {
      const [key, value] = index % 2 === 0 ? tokenEntry() : sessionEntry();
      pipeline.set(key, value, 'EX', LIFETIME);
    }
    await pipeline.exec();
  }
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
