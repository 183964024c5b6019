import { ReadyRedis, type RedisClient } from '../store/ready-redis.ts';
import type { InvalidationEntry, InvalidationList } from './invalidation-list.ts';

const KEEP_LATER_CUT_OFF = `
local kept = redis.call('GET', KEYS[1])
local cutOff = ARGV[1]
if kept and tonumber(kept) > tonumber(cutOff) then cutOff = kept end
redis.call('SET', KEYS[1], cutOff, 'EX', ARGV[2])
`;

/**
 * The invalidation list in Redis: one key per entry, `<keyPrefix>invalid:<digest>`, that expires by
 * itself. All commands of a call are sent at once and each names one key, so that it works on a
 * Cluster as well.
 */
export class RedisInvalidationList implements InvalidationList {
  readonly #redis: ReadyRedis;
  readonly #prefix: string;

  constructor(client: RedisClient, keyPrefix: string) {
    this.#redis = new ReadyRedis(client);
    this.#prefix = `${keyPrefix}invalid:`;
  }

  async add(entries: readonly InvalidationEntry[]): Promise<void> {
    const redis = await this.#redis.client();
    await Promise.all(
      entries.map(({ key, cutOff, ttl }) =>
        cutOff === undefined
          ? redis.set(this.#prefix + key, '1', 'EX', ttl)
          : redis.eval(KEEP_LATER_CUT_OFF, 1, this.#prefix + key, cutOff, ttl),
      ),
    );
  }

  async check(keys: readonly string[]): Promise<(number | undefined)[]> {
    const redis = await this.#redis.client();
    const cutOffs = await Promise.all(keys.map((key) => redis.get(this.#prefix + key)));
    return cutOffs.map((cutOff) => (cutOff === null ? undefined : Number(cutOff)));
  }
}
