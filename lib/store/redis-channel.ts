import type { Events } from '../events.ts';
import { failureReason } from '../failure-reason.ts';
import { ReadyRedis, type RedisClient, type RedisSubscriber } from './ready-redis.ts';
import type { StoreCalls } from './store-calls.ts';

/**
 * What one process publishes and every other one that subscribed hears. A message is lost for whoever is
 * not connected at that moment; `store-error` tells when that is so.
 */
export class RedisChannel {
  readonly #client: RedisClient;
  readonly #ready: ReadyRedis;
  readonly #name: string;
  readonly #calls: StoreCalls;
  readonly #events: Events;
  #subscriber: RedisSubscriber | undefined;
  #isLost = false;

  constructor(client: RedisClient, name: string, calls: StoreCalls, events: Events) {
    this.#client = client;
    this.#ready = new ReadyRedis(client);
    this.#name = name;
    this.#calls = calls;
    this.#events = events;
  }

  async publish(message: string): Promise<void> {
    await this.#calls.run('publish', async () => {
      const redis = await this.#ready.client();
      await redis.publish(this.#name, message);
    });
  }

  /** Subscribes on a connection of its own, which lives until `close`. */
  subscribe(hear: (message: string) => void): void {
    const subscriber = this.#client.duplicate();
    this.#subscriber = subscriber;
    subscriber.on('error', () => undefined);
    subscriber.on('message', (_channel: string, message: string) => {
      hear(message);
    });
    subscriber.on('ready', () => void this.#start(subscriber));
    subscriber.on('close', () => {
      this.#lose('not-connected');
    });
    // A lazy client's duplicate is lazy too.
    if (subscriber.status === 'wait') subscriber.connect().catch(() => undefined);
  }

  close(): void {
    const subscriber = this.#subscriber;
    this.#subscriber = undefined;
    subscriber?.disconnect();
  }

  // At each connection anew, because the app's client may be set not to.
  async #start(subscriber: RedisSubscriber): Promise<void> {
    try {
      await subscriber.subscribe(this.#name);
      this.#isLost = false;
    } catch (error) {
      this.#lose(failureReason(error));
    }
  }

  #lose(reason: string): void {
    if (this.#isLost || this.#subscriber === undefined) return;
    this.#isLost = true;
    this.#events.emit('store-error', { operation: 'subscribe', reason });
  }
}
