import { Cluster, Redis } from 'ioredis';
import type { RedisAddress } from './settings.ts';

/** The client of a variant: the same for all, with the default options. */
export function connectRedis(address: RedisAddress): Redis | Cluster {
  return Array.isArray(address) ? new Cluster(address) : new Redis(address);
}
