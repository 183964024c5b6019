/** One line of the invalidation list. */
export interface InvalidationEntry {
  /** A digest, 22 characters of base64url. */
  readonly key: string;
  /** The digest of the user whose entry it is, where it is known: told to those who watch the list. */
  readonly subject?: string | undefined;
  /**
   * What came until then is invalid, what comes later is not: a number that only grows. Left out for
   * a single token, which has no later.
   */
  readonly cutOff?: number;
  /** How long the entry is kept, in seconds. */
  readonly ttl: number;
}

/** Who is told what was added to an invalidation list. */
export interface InvalidationWatcher {
  /** From now on every addition will be told. */
  live(): void;
  /** Entries were added under these keys, or of these users: what was looked up before is out of date. */
  changed(keys: readonly string[]): void;
  /** From now on additions may be missed. */
  lost(): void;
}

/**
 * Where invalidations are kept. Every process of the app must see an entry as soon as `add` has
 * resolved.
 */
export interface InvalidationList {
  /**
   * Stores all entries, and resolves when all are stored. Of a key that is already listed the later
   * cut-off stays; its time to live starts anew.
   */
  add(entries: readonly InvalidationEntry[]): Promise<void>;

  /**
   * Looks up all keys in one round trip. The answer has one member per key, in their order: the
   * cut-off (any number, where the entry has none), or `undefined` when the key is not listed.
   */
  check(keys: readonly string[]): Promise<(number | undefined)[]>;

  /**
   * Tells of additions from now on, those of other processes too: the `key` and `subject` of each entry,
   * after it is stored. Of this process's own it has told before `add` resolves. The option `nearCache`
   * needs it. Answers how to stop.
   */
  watch?(watcher: InvalidationWatcher): () => void;
}
