/** One line of the invalidation list. */
export interface InvalidationEntry {
  /** A digest, 22 characters of base64url. */
  readonly key: string;
  /**
   * What came until then is invalid, what comes later is not: a number that only grows. Left out for
   * a single token, which has no later.
   */
  readonly cutOff?: number;
  /** How long the entry is kept, in seconds. */
  readonly ttl: number;
}

/** Who is told what changes in an invalidation list. */
export interface InvalidationWatcher {
  /** From now on every change will be told. */
  live(): void;
  /** What was looked up before about these keys is out of date. */
  changed(keys: readonly string[]): void;
  /** From now on changes may be missed. */
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
   * Looks up all keys in one round trip: those of many requests, and some of them twice. The answer has one
   * member per key, in their order: the cut-off (any number, where the entry has none), or `undefined` when
   * the key is not listed.
   */
  check(keys: readonly string[]): Promise<(number | undefined)[]>;

  /**
   * Tells of the key of every entry that is added from now on, by any process, after it is stored; of this
   * process's own before `add` resolves. There is one watcher at most. Answers how to stop. The option
   * `nearCache` needs `watch` and `tell`.
   */
  watch?(watcher: InvalidationWatcher): () => void;

  /**
   * Tells those who watch, in every process, that these keys have changed, as `add` does, but stores nothing:
   * it became known whose tokens they are.
   */
  tell?(keys: readonly string[]): Promise<void>;
}
