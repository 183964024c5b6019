import { LRUCache } from 'lru-cache';

/** Of so many entries. By size, because `max` reserves the memory at the start. */
export function boundedCache<Value extends object | true>(most: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
}
