/* eslint-disable @typescript-eslint/require-await */
import { ExpiringMap } from '../store/expiring-map.ts';
import type { SessionStore, StoredRecord } from './session-store.ts';

/** Session records in the memory of this process, for one process only. */
export class MemorySessionStore implements SessionStore {
  readonly #records = new ExpiringMap<string>();
  readonly #sets = new ExpiringMap<ExpiringMap<true>>();

  async get(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => this.#records.get(key));
  }

  async set(records: readonly StoredRecord[]): Promise<void> {
    for (const { key, value, ttl } of records) this.#records.set(key, value, ttl);
  }

  async add({ key, value, ttl }: StoredRecord): Promise<boolean> {
    if (this.#records.get(key) !== undefined) return false;
    this.#records.set(key, value, ttl);
    return true;
  }

  async take(key: string): Promise<string | undefined> {
    const value = this.#records.get(key);
    this.#records.delete(key);
    return value;
  }

  async addMember(key: string, member: string, ttl: number): Promise<void> {
    const members = this.#sets.get(key) ?? new ExpiringMap<true>();
    members.set(member, true, ttl);
    this.#sets.set(key, members, ttl);
  }

  async members(key: string): Promise<string[]> {
    return this.#sets.get(key)?.keys() ?? [];
  }
}
