import { setTimeout } from 'node:timers/promises';
import slotOf from 'cluster-key-slot';
import { StoreUnavailableError } from '../errors.ts';
import {
  type RedisClient,
  type RedisCluster,
  type RedisCommand,
  type RedisConnection,
  ReadyRedis,
} from './ready-redis.ts';

/** When a write is durable. */
export interface ReplicationRules {
  readonly replicas: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Writes that count once enough replicas have them. `WAIT` holds up all that is sent after it, so they have
 * a connection of their own, where what comes while one waits shares the next one.
 */
export class ReplicatedWrites {
  readonly #connection: RedisConnection;
  readonly #redis: ReadyRedis<RedisConnection>;
  readonly #rules: ReplicationRules;
  #pending: RedisCommand[] = [];
  #next: Promise<void> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(client: RedisClient, rules: ReplicationRules) {
    // A connection is not mended: a new one has written nothing, and its `WAIT` is soon content.
    this.#connection = client.isCluster
      ? client.duplicate([], { clusterNodeRetryStrategy: null })
      : client.duplicate();
    this.#connection.on('error', () => undefined);
    this.#redis = new ReadyRedis(this.#connection);
    this.#rules = rules;
  }

  /** Runs scripts, `EVAL` with one key each on a Cluster, and waits for the replicas. */
  run(writes: readonly RedisCommand[]): Promise<void> {
    this.#pending.push(...writes);
    this.#next ??= this.#runNext();
    return this.#next;
  }

  close(): void {
    this.#connection.disconnect();
  }

  async #runNext(): Promise<void> {
    // A node that hangs holds up its own writes only.
    await Promise.race([
      this.#current,
      setTimeout(2 * this.#rules.timeout, undefined, { ref: false }),
    ]);
    const writes = this.#pending;
    this.#pending = [];
    this.#next = undefined;
    const running = this.#run(writes);
    this.#current = running.catch(() => undefined);
    return running;
  }

  async #run(writes: readonly RedisCommand[]): Promise<void> {
    const redis = await this.#redis.whenReady();
    const counts = redis.isCluster
      ? await this.#runOnCluster(redis as RedisCluster, writes)
      : [await this.#runOnOne(redis, writes)];
    if (Math.min(...counts) < this.#rules.replicas) {
      throw new StoreUnavailableError('not-replicated');
    }
  }

  // One pipeline: when the connection is lost in it, its `WAIT` is not sent again on another one, which
  // would know nothing of the writes and be content.
  async #runOnOne(redis: RedisConnection, writes: readonly RedisCommand[]): Promise<number> {
    const { replicas, timeout } = this.#rules;
    const commands = [...writes, ['wait', replicas, timeout]] satisfies RedisCommand[];
    const results = (await redis.pipeline(commands).exec()) ?? [];
    const failure = results.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
    return Number(results.at(-1)?.[1] ?? 0);
  }

  // Here the client has to send each write, because it follows a slot that has moved. A node that was not
  // connected before the writes has not written them all on its connection.
  async #runOnCluster(cluster: RedisCluster, writes: readonly RedisCommand[]): Promise<number[]> {
    const { replicas, timeout } = this.#rules;
    const connected = new Set(cluster.nodes('master'));
    await Promise.all(writes.map((write) => cluster.call(...write)));
    const addresses = new Set(writes.map(([, , , key]) => masterOf(cluster, String(key))));
    const masters = [...connected].filter(({ options }) =>
      addresses.has(`${options.host}:${options.port}`),
    );
    if (masters.length < addresses.size) return [0];
    return Promise.all(
      masters.map(async (node) => Number(await node.call('wait', replicas, timeout))),
    );
  }
}

function masterOf({ options, slots }: RedisCluster, key: string): string | undefined {
  return slots[slotOf((options.keyPrefix ?? '') + key)]?.[0];
}
