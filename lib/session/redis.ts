import type { ReadyRedis } from '../store/ready-redis.ts';
import type { SessionStore, StoredRecord } from './session-store.ts';

/**
 * Session records in Redis: a string per record and a sorted set per subject, whose scores are the
 * times at which members leave. All commands of a call are sent at once, and each names one key; of
 * what is read, on a Cluster.
 */
export class RedisSessionStore implements SessionStore {
  readonly #redis: ReadyRedis;
  readonly #prefix: string;

  constructor(redis: ReadyRedis, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = keyPrefix;
  }

  async get(keys: readonly string[]): Promise<(string | undefined)[]> {
    const values = await this.#redis.read(keys.map((key) => this.#prefix + key));
    return values.map((value) => value ?? undefined);
  }

  async set(records: readonly StoredRecord[]): Promise<void> {
    await Promise.all(
      records.map(({ key, value, ttl }) =>
        this.#redis.send('set', this.#prefix + key, value, 'EX', ttl),
      ),
    );
  }

  async add({ key, value, ttl }: StoredRecord): Promise<boolean> {
    return (await this.#redis.send('set', this.#prefix + key, value, 'EX', ttl, 'NX')) !== null;
  }

  async take(key: string): Promise<string | undefined> {
    return ((await this.#redis.send('getdel', this.#prefix + key)) ?? undefined) as
      string | undefined;
  }

  async addMember(key: string, member: string, ttl: number): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    await Promise.all([
      this.#redis.send('zremrangebyscore', this.#prefix + key, '-inf', now),
      this.#redis.send('zadd', this.#prefix + key, now + ttl, member),
      this.#redis.send('expire', this.#prefix + key, ttl),
    ]);
  }

  async members(key: string): Promise<string[]> {
    const now = Math.floor(Date.now() / 1000);
    const from = `(${now}`;
    return (await this.#redis.send('zrangebyscore', this.#prefix + key, from, '+inf')) as string[];
  }
}
