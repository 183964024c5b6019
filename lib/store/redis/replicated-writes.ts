import { setTimeout } from 'node:timers/promises';
import slotOf from 'cluster-key-slot';
import { StoreUnavailableError } from '../../errors.ts';
import { Batch } from './batch.ts';
import { type Reply, sendPipeline } from './pipeline.ts';
import { ReadyRedis } from './ready-redis.ts';
import {
  isCluster,
  type RedisClient,
  type RedisCluster,
  type RedisCommand,
  type RedisConnection,
  type RedisNode,
} from './redis-client.ts';

// After this silence the connection is replaced: a firewall may have forgotten the connection.
const LONGEST_SILENCE_MS = 5000;

export interface ReplicationRules {
  readonly replicas: number;
  /** Seconds. */
  readonly timeout: number;
}

const NOT_REPLICATED = {
  status: 'rejected',
  reason: new StoreUnavailableError('not-replicated'),
} as const;

interface Replicated {
  readonly replies: readonly Reply[];
  readonly count: number;
}

/**
 * `WAIT` holds up every later command, so the writes have their own connection. Writes that come
 * during a `WAIT` share the next one.
 */
export class ReplicatedWrites {
  readonly #client: RedisClient;
  readonly #replicas: number;
  readonly #timeoutMs: number;
  readonly #patienceMs: number;
  #redis: ReadyRedis<RedisConnection>;
  readonly #writes = new Batch(
    (writes) => this.#runNext(writes),
    () => this.#untilFree(),
  );
  #current: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Waits for the connection as {@link ReadyRedis} does. */
  constructor(client: RedisClient, rules: ReplicationRules, patienceMs: number) {
    this.#client = client;
    this.#replicas = rules.replicas;
    this.#timeoutMs = Math.ceil(rules.timeout * 1000);
    this.#patienceMs = patienceMs;
    this.#redis = this.#duplicate();
  }

  get isConnected(): boolean {
    return this.#redis.isConnected;
  }

  /** The write calls a script; its fourth element is the first key. */
  run(write: RedisCommand): Promise<unknown> {
    return this.#writes.send(write);
  }

  close(): void {
    this.#isClosed = true;
    const { client } = this.#redis;
    if (client.status !== 'end') client.disconnect();
  }

  #duplicate(): ReadyRedis<RedisConnection> {
    const socketTimeout = LONGEST_SILENCE_MS + this.#timeoutMs;
    const connection = isCluster(this.#client)
      ? this.#client.duplicate([], {
          lazyConnect: false,
          // A new connection to a node has written nothing, and its `WAIT` would succeed at once.
          clusterNodeRetryStrategy: null,
          redisOptions: { ...this.#client.options.redisOptions, socketTimeout },
        })
      : this.#client.duplicate({ lazyConnect: false, socketTimeout });
    connection.on('error', () => undefined);
    return new ReadyRedis(connection, this.#patienceMs);
  }

  /** A hanging write delays later writes for twice the time-out at most. */
  #untilFree(): Promise<unknown> {
    const limit = setTimeout(2 * this.#timeoutMs, undefined, { ref: false });
    return Promise.race([this.#current, limit]);
  }

  #runNext(writes: readonly RedisCommand[]): Promise<readonly Reply[]> {
    const running = this.#run(writes);
    this.#current = running.catch(() => undefined);
    return running;
  }

  async #run(writes: readonly RedisCommand[]): Promise<readonly Reply[]> {
    const isOver = this.#redis.client.status === 'end';
    if (isOver && !this.#isClosed) this.#redis = this.#duplicate();
    const redis = await this.#redis.whenReady();
    const { replies, count } = isCluster(redis)
      ? await this.#runOnCluster(redis, writes)
      : await this.#runOnOne(redis, writes);
    if (count >= this.#replicas) return replies;
    // An unknown script is refused, and then sent in full.
    return replies.map((reply) => (reply.status === 'rejected' ? reply : NOT_REPLICATED));
  }

  // One pipeline: on another connection `WAIT` would count no writes and succeed.
  async #runOnOne(redis: RedisConnection, commands: readonly RedisCommand[]): Promise<Replicated> {
    const wait: RedisCommand = ['wait', this.#replicas, this.#timeoutMs];
    const replies = await sendPipeline(redis, [...commands, wait]);
    const waited = replies.pop();
    if (waited?.status === 'rejected') throw waited.reason;
    return { replies, count: Number(waited?.value ?? 0) };
  }

  // The client sends each write, because the client follows moved slots. `WAIT` counts only the
  // writes of its own connection, so its node must have the key before and after.
  async #runOnCluster(cluster: RedisCluster, writes: readonly RedisCommand[]): Promise<Replicated> {
    const keys = writes.map(([, , , key]) => (cluster.options.keyPrefix ?? '') + String(key));
    const before = keys.map((key) => masterOf(cluster, key));
    const replies = await Promise.allSettled(writes.map((write) => cluster.call(...write)));
    const keysOf = new Map<RedisNode, string[]>();
    for (const [index, key] of keys.entries()) {
      const master = masterOf(cluster, key);
      if (master === undefined || master !== before[index]) return { replies, count: 0 };
      keysOf.set(master, [...(keysOf.get(master) ?? []), key]);
    }
    const waits = Array.from(keysOf, ([master, own]) => this.#waitAt(master, own));
    return { replies, count: Math.min(...(await Promise.all(waits))) };
  }

  // A node answers a redirection for a key that has moved away.
  async #waitAt(master: RedisNode, keys: readonly string[]): Promise<number> {
    const { replies, count } = await this.#runOnOne(
      master,
      keys.map((key) => ['exists', key]),
    );
    return replies.every(({ status }) => status === 'fulfilled') ? count : 0;
  }
}

function masterOf(cluster: RedisCluster, key: string): RedisNode | undefined {
  const address = cluster.slots[slotOf(key)]?.[0];
  return cluster
    .nodes('master')
    .find(({ options }) => `${options.host}:${options.port}` === address);
}
