interface Expiring<T> {
  readonly value: T;
  readonly expiresAt: number;
}

const FIRST_SWEEP = 1000;

/**
 * Entries expire and are never evicted early: an evicted invalidation would make a token valid
 * again. Adding entries sweeps out expired ones.
 */
export class ExpiringMap<T> {
  readonly #entries = new Map<string, Expiring<T>>();
  readonly #now: () => number;
  #sweepAt = FIRST_SWEEP;

  /** `now` is in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.value : undefined;
  }

  set(key: string, value: T, ttlSeconds: number): void {
    this.#entries.set(key, { value, expiresAt: this.#now() + ttlSeconds * 1000 });
    if (this.#entries.size >= this.#sweepAt) this.#sweep();
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #sweep(): void {
    const now = this.#now();
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) this.#entries.delete(key);
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#entries.size);
  }
}
