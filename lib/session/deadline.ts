import type { StoreCalls } from '../store/store-calls.ts';
import type { SessionStore, StoredRecord } from './session-store.ts';

/** A session store whose calls end in time, whatever the store inside does. */
export class DeadlineSessionStore implements SessionStore {
  readonly #store: SessionStore;
  readonly #calls: StoreCalls;

  constructor(store: SessionStore, calls: StoreCalls) {
    this.#store = store;
    this.#calls = calls;
  }

  get(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#calls.run('get', async () => (await this.#store.get(keys)).map(orUndefined));
  }

  set(records: readonly StoredRecord[]): Promise<void> {
    return this.#calls.run('set', () => this.#store.set(records));
  }

  add(record: StoredRecord): Promise<boolean> {
    return this.#calls.run('add', () => this.#store.add(record));
  }

  take(key: string): Promise<string | undefined> {
    return this.#calls.run('take', async () => orUndefined(await this.#store.take(key)));
  }

  addMember(key: string, member: string, ttl: number): Promise<void> {
    return this.#calls.run('addMember', () => this.#store.addMember(key, member, ttl));
  }

  members(key: string): Promise<string[]> {
    return this.#calls.run('members', async () => [...(await this.#store.members(key))]);
  }
}

// An app's own store may answer null, as Redis does, for what is not there.
function orUndefined<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}
