/* eslint-disable @typescript-eslint/require-await */
import { ExpiringMap } from '../store/expiring-map.ts';
import type { InvalidationEntry, InvalidationList } from './invalidation-list.ts';

/** An invalidation list in the memory of this process, for one process only. */
export class MemoryInvalidationList implements InvalidationList {
  readonly #cutOffs = new ExpiringMap<number>();

  async add(entries: readonly InvalidationEntry[]): Promise<void> {
    for (const { key, cutOff = 1, ttl } of entries) {
      this.#cutOffs.set(key, Math.max(cutOff, this.#cutOffs.get(key) ?? 0), ttl);
    }
  }

  async check(keys: readonly string[]): Promise<(number | undefined)[]> {
    return keys.map((key) => this.#cutOffs.get(key));
  }
}
