import { LRUCache } from 'lru-cache';
import type { InvalidationEntry, InvalidationList } from './invalidation-list.ts';

/** An invalidation list in the memory of this process, for one process only. Nothing is evicted. */
export class MemoryInvalidationList implements InvalidationList {
  readonly #entries = new LRUCache<string, number>({ ttl: 1, ttlAutopurge: true });

  // eslint-disable-next-line @typescript-eslint/require-await
  async add(entries: readonly InvalidationEntry[]): Promise<void> {
    for (const { key, cutOff = 1, ttl } of entries) {
      const kept = Math.max(cutOff, this.#entries.get(key) ?? 0);
      this.#entries.set(key, kept, { ttl: ttl * 1000 });
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async check(keys: readonly string[]): Promise<(number | undefined)[]> {
    return keys.map((key) => this.#entries.get(key));
  }
}
