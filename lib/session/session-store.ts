/** A value to be kept under a key for a time. */
export interface StoredRecord {
  readonly key: string;
  readonly value: string;
  /** Seconds. */
  readonly ttl: number;
}

/** Where the session registry keeps its records: keys and values of text, and sets of text. */
export interface SessionStore {
  /** The values of all keys, in their order, in one round trip. */
  get(keys: readonly string[]): Promise<(string | undefined)[]>;

  /** Stores all records, replacing those that are there. Resolves when all are stored. */
  set(records: readonly StoredRecord[]): Promise<void>;

  /** Stores a record where there is none, in one step, and tells whether it did. */
  add(record: StoredRecord): Promise<boolean>;

  /** Answers a value and deletes its record, in one step: of all who ask only one gets it. */
  take(key: string): Promise<string | undefined>;

  /** Adds a member to the set under `key`; the member leaves it after `ttl` seconds. */
  addMember(key: string, member: string, ttl: number): Promise<void>;

  /** The members of the set under `key` that have not left it. */
  members(key: string): Promise<string[]>;
}
