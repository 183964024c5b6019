import type { Redis } from 'ioredis';
import { connectRedis } from '../redis-client.ts';
import type { RedisAddress } from '../settings.ts';

const keyOf = (jti: string | undefined) => `revoked:${jti ?? ''}`;

/** Puts a token on the list that an app keeps which has no package for it. */
export async function revoke(redis: Redis, jti: string): Promise<void> {
  await redis.set(keyOf(jti), '1', 'EX', 3600);
}

/** Looks up that list on a connection of its own. */
export function createRevocationLookup(
  address: RedisAddress,
): (jti: string | undefined) => Promise<boolean> {
  const redis = connectRedis(address);
  return async (jti) => (await redis.get(keyOf(jti))) !== null;
}
