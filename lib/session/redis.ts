import { ReadyRedis, type RedisClient } from '../store/ready-redis.ts';
import type { SessionStore, StoredRecord } from './session-store.ts';

/**
 * Session records in Redis: a string per record and a sorted set per subject, whose scores are the
 * times at which members leave. All commands of a call are sent at once; on a
 * Cluster each names one key.
 */
export class RedisSessionStore implements SessionStore {
  readonly #redis: ReadyRedis;
  readonly #prefix: string;

  constructor(client: RedisClient, keyPrefix: string) {
    this.#redis = new ReadyRedis(client);
    this.#prefix = keyPrefix;
  }

  async get(keys: readonly string[]): Promise<(string | undefined)[]> {
    const values = await this.#redis.read(keys.map((key) => this.#prefix + key));
    return values.map((value) => value ?? undefined);
  }

  async set(records: readonly StoredRecord[]): Promise<void> {
    const redis = await this.#redis.client();
    await Promise.all(
      records.map(({ key, value, ttl }) => redis.set(this.#prefix + key, value, 'EX', ttl)),
    );
  }

  async add({ key, value, ttl }: StoredRecord): Promise<boolean> {
    const redis = await this.#redis.client();
    return (await redis.set(this.#prefix + key, value, 'EX', ttl, 'NX')) !== null;
  }

  async take(key: string): Promise<string | undefined> {
    const redis = await this.#redis.client();
    return (await redis.getdel(this.#prefix + key)) ?? undefined;
  }

  async addMember(key: string, member: string, ttl: number): Promise<void> {
    const redis = await this.#redis.client();
    const now = Math.floor(Date.now() / 1000);
    await Promise.all([
      redis.zremrangebyscore(this.#prefix + key, '-inf', now),
      redis.zadd(this.#prefix + key, now + ttl, member),
      redis.expire(this.#prefix + key, ttl),
    ]);
  }

  async members(key: string): Promise<string[]> {
    const redis = await this.#redis.client();
    return redis.zrangebyscore(this.#prefix + key, `(${Math.floor(Date.now() / 1000)}`, '+inf');
  }
}
