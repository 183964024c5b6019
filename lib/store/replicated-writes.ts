import { setTimeout } from 'node:timers/promises';
import slotOf from 'cluster-key-slot';
import { StoreUnavailableError } from '../errors.ts';
import {
  type RedisClient,
  type RedisCluster,
  type RedisConnection,
  ReadyRedis,
} from './ready-redis.ts';

/** The arguments of an `EVAL`. On a Cluster all its keys lie in one slot. */
export type ScriptCall = [script: string, keyCount: number, ...keysAndValues: (string | number)[]];

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
  #pending: ScriptCall[] = [];
  #next: Promise<void> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(client: RedisClient, rules: ReplicationRules) {
    this.#connection = client.duplicate();
    this.#connection.on('error', () => undefined);
    this.#redis = new ReadyRedis(this.#connection);
    this.#rules = rules;
  }

  run(calls: readonly ScriptCall[]): Promise<void> {
    this.#pending.push(...calls);
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
    const calls = this.#pending;
    this.#pending = [];
    this.#next = undefined;
    const running = this.#run(calls);
    this.#current = running.catch(() => undefined);
    return running;
  }

  async #run(calls: readonly ScriptCall[]): Promise<void> {
    const redis = await this.#redis.client();
    const counts = redis.isCluster
      ? await this.#runOnCluster(redis as RedisCluster, calls)
      : [await this.#runOnOne(redis, calls)];
    if (Math.min(...counts) < this.#rules.replicas) {
      throw new StoreUnavailableError('not-replicated');
    }
  }

  // One pipeline: when the connection is lost in it, its `WAIT` is not sent again on another one, which
  // would know nothing of the writes and be content.
  async #runOnOne(redis: RedisConnection, calls: readonly ScriptCall[]): Promise<number> {
    const { replicas, timeout } = this.#rules;
    const commands = [...calls.map((call) => ['eval', ...call]), ['wait', replicas, timeout]];
    const results = (await redis.pipeline(commands).exec()) ?? [];
    const failure = results.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
    return Number(results.at(-1)?.[1] ?? 0);
  }

  // Here the client has to send each write, because it follows a slot that has moved. A node that was not
  // connected before the writes has not written them all on its connection.
  async #runOnCluster(cluster: RedisCluster, calls: readonly ScriptCall[]): Promise<number[]> {
    const { replicas, timeout } = this.#rules;
    const connected = new Set(cluster.nodes('master'));
    await Promise.all(calls.map((call) => cluster.eval(...call)));
    const addresses = new Set(calls.map(([, , key]) => masterOf(cluster, String(key))));
    const masters = [...connected].filter(({ options }) =>
      addresses.has(`${options.host}:${options.port}`),
    );
    if (masters.length < addresses.size) return [0];
    return Promise.all(masters.map((node) => node.wait(replicas, timeout)));
  }
}

function masterOf({ options, slots }: RedisCluster, key: string): string | undefined {
  return slots[slotOf((options.keyPrefix ?? '') + key)]?.[0];
}
