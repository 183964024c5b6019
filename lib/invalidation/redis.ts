import type { ReadyRedis, RedisCommand } from '../store/ready-redis.ts';
import type { RedisChannel } from '../store/redis-channel.ts';
import type { ReplicatedWrites } from '../store/replicated-writes.ts';
import type {
  InvalidationEntry,
  InvalidationList,
  InvalidationWatcher,
} from './invalidation-list.ts';

// One step for everybody else: who hears of an entry, and then looks it up, finds it.
const ADD = `
redis.call('PUBLISH', ARGV[1], ARGV[2])
for i, key in ipairs(KEYS) do
  local cutOff = ARGV[2 * i + 1]
  local kept = redis.call('GET', key)
  if kept and tonumber(kept) > tonumber(cutOff) then cutOff = kept end
  redis.call('SET', key, cutOff, 'EX', ARGV[2 * i + 2])
end
`;

/**
 * The invalidation list in Redis: one key per entry, `<keyPrefix>x<digest>`, that expires by itself. The
 * name is short because an entry is little else. What is added is published on `<keyPrefix>invalidated`.
 */
export class RedisInvalidationList implements InvalidationList {
  readonly #redis: ReadyRedis;
  readonly #prefix: string;
  readonly #channel: RedisChannel;
  readonly #replicated: ReplicatedWrites | undefined;
  #watcher: InvalidationWatcher | undefined;

  constructor(
    redis: ReadyRedis,
    keyPrefix: string,
    channel: RedisChannel,
    replicated: ReplicatedWrites | undefined,
  ) {
    this.#redis = redis;
    this.#prefix = `${keyPrefix}x`;
    this.#channel = channel;
    this.#replicated = replicated;
  }

  async add(entries: readonly InvalidationEntry[]): Promise<void> {
    const { isCluster } = await this.#redis.whenReady();
    // On a Cluster each key lies elsewhere.
    const groups = isCluster ? entries.map((entry) => [entry]) : [entries];
    const commands = groups.map((group) => this.#command(group));
    try {
      if (this.#replicated !== undefined) await this.#replicated.run(commands);
      else await Promise.all(commands.map((command) => this.#redis.send(...command)));
    } finally {
      this.#watcher?.changed(entries.map(({ key }) => key));
    }
  }

  async check(keys: readonly string[]): Promise<(number | undefined)[]> {
    const cutOffs = await this.#redis.read(keys.map((key) => this.#prefix + key));
    return cutOffs.map((cutOff) => (cutOff === null ? undefined : Number(cutOff)));
  }

  watch(watcher: InvalidationWatcher): () => void {
    this.#watcher = watcher;
    this.#channel.subscribe({
      live: () => {
        watcher.live();
      },
      lost: () => {
        watcher.lost();
      },
      hear: (message) => {
        watcher.changed(message.split(' '));
      },
    });
    return () => {
      this.#watcher = undefined;
      this.#channel.close();
    };
  }

  async tell(keys: readonly string[]): Promise<void> {
    try {
      await this.#redis.send('publish', this.#channel.name, keys.join(' '));
    } finally {
      this.#watcher?.changed(keys);
    }
  }

  #command(entries: readonly InvalidationEntry[]): RedisCommand {
    const keys = entries.map(({ key }) => this.#prefix + key);
    const values = entries.flatMap(({ cutOff = 1, ttl }) => [cutOff, ttl]);
    const message = entries.map(({ key }) => key).join(' ');
    return ['eval', ADD, keys.length, ...keys, this.#channel.name, message, ...values];
  }
}
