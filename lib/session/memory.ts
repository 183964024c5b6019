/* eslint-disable @typescript-eslint/require-await */
import { LRUCache } from 'lru-cache';
import type { SessionStore, StoredRecord } from './session-store.ts';

const EXPIRING = { ttl: 1, ttlAutopurge: true } as const;

/** Session records in the memory of this process, for one process only. */
export class MemorySessionStore implements SessionStore {
  readonly #records = new LRUCache<string, string>(EXPIRING);
  readonly #sets = new LRUCache<string, LRUCache<string, true>>(EXPIRING);

  async get(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => this.#records.get(key));
  }

  async set(records: readonly StoredRecord[]): Promise<void> {
    for (const { key, value, ttl } of records) this.#records.set(key, value, { ttl: ttl * 1000 });
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#records.delete(key);
      this.#sets.delete(key);
    }
  }

  async addMember(key: string, member: string, ttl: number): Promise<void> {
    const members = this.#sets.get(key) ?? new LRUCache<string, true>(EXPIRING);
    members.set(member, true, { ttl: ttl * 1000 });
    this.#sets.set(key, members, { ttl: ttl * 1000 });
  }

  async members(key: string): Promise<string[]> {
    return [...(this.#sets.get(key)?.keys() ?? [])];
  }
}
