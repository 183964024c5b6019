import { setTimeout } from 'node:timers/promises';
import type { Events } from '../../events.ts';
import { storeFailureReason } from '../store-failure-reason.ts';
import type { StoreSubscriber } from '../store.ts';
import type { ReadyRedis } from './ready-redis.ts';
import { isCluster, type RedisConnection } from './redis-client.ts';

const SUBSCRIBE_TIMEOUT_MS = 5000;
const SUBSCRIBE_AGAIN_MS = 3000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** Without a connection messages are lost; `store-error` tells of each such gap. */
export class RedisChannel {
  readonly #name: string;
  readonly #redis: ReadyRedis;
  readonly #events: Events;
  readonly #closing = new AbortController();
  #isLost = false;

  constructor(redis: ReadyRedis, name: string, events: Events) {
    this.#redis = redis;
    this.#name = name;
    this.#events = events;
  }

  /** The answered function ends the subscription. */
  subscribe(subscriber: StoreSubscriber): () => void {
    void this.#stayOn(subscriber);
    return () => {
      this.#closing.abort();
    };
  }

  async #stayOn(subscriber: StoreSubscriber): Promise<void> {
    const { signal } = this.#closing;
    let pause = FIRST_PAUSE_MS;
    while (!this.#isClosed()) {
      const startedAt = performance.now();
      const reason = await this.#listen(subscriber);
      if (this.#isClosed()) return;
      this.#lose(reason);
      const hasLasted = performance.now() - startedAt > LONGEST_PAUSE_MS;
      pause = hasLasted ? FIRST_PAUSE_MS : Math.min(2 * pause, LONGEST_PAUSE_MS);
      await setTimeout(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Answers why the connection ended. */
  async #listen(subscriber: StoreSubscriber): Promise<string> {
    const { signal } = this.#closing;
    const connection = await this.#duplicate();
    if (connection === undefined || this.#isClosed()) return 'not-connected';
    const disconnect = () => {
      connection.disconnect();
    };
    signal.addEventListener('abort', disconnect);
    connection.on('error', () => undefined);
    connection.on('message', (_channel: string, message: string) => {
      subscriber.hear(message);
    });
    try {
      await connection.connect();
      await connection.subscribe(this.#name);
      this.#isLost = false;
      subscriber.live();
      await this.#untilClosed(connection);
      return 'not-connected';
    } catch (error) {
      return connection.status === 'ready' ? storeFailureReason(error) : 'not-connected';
    } finally {
      subscriber.lost();
      signal.removeEventListener('abort', disconnect);
      // ioredis would wait for the end of an ended connection.
      if (connection.status !== 'end') disconnect();
    }
  }

  // A second SUBSCRIBE changes nothing, but its missing confirmation reveals a forgotten
  // connection.
  async #untilClosed(connection: RedisConnection): Promise<void> {
    const closed = new Promise((resolve) => connection.once('close', resolve)).then(() => true);
    const pause = () => setTimeout(SUBSCRIBE_AGAIN_MS, false, { ref: false });
    while (!(await Promise.race([closed, pause()]))) await connection.subscribe(this.#name);
  }

  // A broken connection is replaced, never mended, so that each gap is seen. A Cluster's own
  // subscription would move to another node in silence; an unconnected Cluster knows no node.
  async #duplicate(): Promise<RedisConnection | undefined> {
    const { client } = this.#redis;
    if (client.isCluster) await this.#redis.whenReady().catch(() => undefined);
    const nodes = isCluster(client) ? client.nodes() : [client];
    const node = nodes[Math.floor(Math.random() * nodes.length)];
    return node?.duplicate({
      lazyConnect: true,
      retryStrategy: () => null,
      commandTimeout: SUBSCRIBE_TIMEOUT_MS,
    });
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#events.emit('store-error', { operation: 'subscribe', reason });
  }
}
