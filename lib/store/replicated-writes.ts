import { setTimeout } from 'node:timers/promises';
import slotOf from 'cluster-key-slot';
import { StoreUnavailableError } from '../errors.ts';
import { ReadyRedis } from './ready-redis.ts';
import type {
  RedisClient,
  RedisCluster,
  RedisCommand,
  RedisConnection,
  RedisNode,
} from './redis-client.ts';

// A connection that something in between has forgotten while no one logged out is replaced after so long.
const LONGEST_SILENCE_MS = 5000;

/** When a write is durable. */
export interface ReplicationRules {
  readonly replicas: number;
  /** Seconds. */
  readonly timeout: number;
}

const NOT_REPLICATED = {
  status: 'rejected',
  reason: new StoreUnavailableError('not-replicated'),
} as const;

type Replies = readonly PromiseSettledResult<unknown>[];

/** The replies to writes, and how many replicas have them. */
interface Replicated {
  readonly replies: Replies;
  readonly count: number;
}

/**
 * Writes that count once enough replicas have them. `WAIT` holds up all that is sent after it, so they have
 * a connection of their own, where what comes while one waits shares the next one.
 */
export class ReplicatedWrites {
  readonly #client: RedisClient;
  readonly #replicas: number;
  readonly #timeoutMs: number;
  readonly #patienceMs: number;
  #redis: ReadyRedis<RedisConnection>;
  #pending: RedisCommand[] = [];
  #next: Promise<Replies> | undefined;
  #current: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** The connection is waited for as {@link ReadyRedis} does. */
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

  /** The reply to a script, which has its first key in its third place, once the replicas have what it wrote. */
  async run(write: RedisCommand): Promise<unknown> {
    const index = this.#pending.push(write) - 1;
    this.#next ??= this.#runNext();
    const reply = (await this.#next)[index];
    if (reply?.status === 'fulfilled') return reply.value;
    throw reply?.reason;
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
          // A node's connection is not mended: a new one has written nothing, and its `WAIT` is soon content.
          clusterNodeRetryStrategy: null,
          redisOptions: { ...this.#client.options.redisOptions, socketTimeout },
        })
      : this.#client.duplicate({ lazyConnect: false, socketTimeout });
    connection.on('error', () => undefined);
    return new ReadyRedis(connection, this.#patienceMs);
  }

  async #runNext(): Promise<Replies> {
    // What hangs does not hold up what comes after it for longer than it may take.
    await Promise.race([this.#current, setTimeout(2 * this.#timeoutMs, undefined, { ref: false })]);
    const writes = this.#pending;
    this.#pending = [];
    this.#next = undefined;
    const running = this.#run(writes);
    this.#current = running.catch(() => undefined);
    return running;
  }

  async #run(writes: readonly RedisCommand[]): Promise<Replies> {
    const isOver = this.#redis.client.status === 'end';
    if (isOver && !this.#isClosed) this.#redis = this.#duplicate();
    const redis = await this.#redis.whenReady();
    const { replies, count } = redis.isCluster
      ? await this.#runOnCluster(redis as RedisCluster, writes)
      : await this.#runOnOne(redis, writes);
    if (count >= this.#replicas) return replies;
    // What was refused says why: a script that is unknown is sent.
    return replies.map((reply) => (reply.status === 'rejected' ? reply : NOT_REPLICATED));
  }

  // One pipeline: when the connection is lost in it, its `WAIT` is not sent again on another one, which
  // would know nothing of the writes and be content.
  async #runOnOne(redis: RedisConnection, commands: readonly RedisCommand[]): Promise<Replicated> {
    const results = await redis
      .pipeline([...commands, ['wait', this.#replicas, this.#timeoutMs]])
      .exec();
    const replies = (results ?? []).map(settled);
    const waited = replies.pop();
    if (waited?.status === 'rejected') throw waited.reason;
    return { replies, count: Number(waited?.value ?? 0) };
  }

  // Here the client has to send each write, because it follows a slot that has moved. What counts is written on
  // the connection that is asked: so its node must have the key before and after.
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

  // A node answers a redirection for a key that has left it.
  async #waitAt(master: RedisNode, keys: readonly string[]): Promise<number> {
    const { replies, count } = await this.#runOnOne(
      master,
      keys.map((key) => ['exists', key]),
    );
    return replies.every(({ status }) => status === 'fulfilled') ? count : 0;
  }
}

function settled([reason, value]: [Error | null, unknown]): PromiseSettledResult<unknown> {
  return reason === null ? { status: 'fulfilled', value } : { status: 'rejected', reason };
}

function isCluster(client: RedisClient): client is RedisCluster {
  return client.isCluster;
}

function masterOf(cluster: RedisCluster, key: string): RedisNode | undefined {
  const address = cluster.slots[slotOf(key)]?.[0];
  return cluster
    .nodes('master')
    .find(({ options }) => `${options.host}:${options.port}` === address);
}
