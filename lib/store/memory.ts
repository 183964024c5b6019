/* eslint-disable @typescript-eslint/require-await */
import { ExpiringMap } from './expiring-map.ts';
import type { Store, StoreChange, StoreSubscriber } from './store.ts';

// The time of day at the start of the process, and from then on a clock that nobody sets.
const now = () => performance.timeOrigin + performance.now();

/** A store in memory, for one process only. */
export class MemoryStore implements Store {
  readonly #texts = new ExpiringMap<string>(now);
  readonly #subscribers = new Set<StoreSubscriber>();

  async read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => this.#texts.get(key));
  }

  async update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    const values = keys.map((key) => this.#texts.get(key));
    const { result, writes, messages } = change(values, now() / 1000);
    for (const { key, value, ttl = Infinity } of writes) {
      if (value === undefined) this.#texts.delete(key);
      else this.#texts.set(key, value, ttl);
    }
    for (const message of messages) {
      for (const subscriber of this.#subscribers) subscriber.hear(message);
    }
    return result;
  }

  subscribe(subscriber: StoreSubscriber): () => void {
    this.#subscribers.add(subscriber);
    subscriber.live();
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }
}
