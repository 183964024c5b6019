import { LRUCache } from 'lru-cache';

/** Holds so many entries. Bounded by size, because `max` reserves the memory at the start. */
export function boundedCache<Value extends object | true>(most: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
}
