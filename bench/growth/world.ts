import type { Redis } from 'ioredis';
import type { RedisServer } from '../../spec/support/redis-server.ts';
import type { Settings } from '../group.ts';
import type { Signers } from '../provider.ts';

/** What the sections share. */
export interface World {
  readonly redisServer: RedisServer;
  readonly redis: Redis;
  readonly settings: Settings;
  readonly signers: Signers;
  readonly rounds: number;
}
