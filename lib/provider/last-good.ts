const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const MOST_RENEWALS = 5;
const RENEWALS_SPAN_MS = 30_000;

/** `askedAt` is by the monotonic clock. */
export interface Copy<T> {
  readonly value: T;
  readonly askedAt: number;
}

export interface LastGoodParts<T> {
  readonly load: () => Promise<T>;
  readonly maxAgeMs: number;
}

interface Failure {
  readonly error: unknown;
  readonly until: number;
}

/**
 * Fetched at the first need, once for all waiting, refreshed in the background when old, and kept
 * until a newer fetch succeeds. After a failure the next fetch waits 1 s, then 2, 4, 8, 16 and 30
 * s.
 */
export class LastGood<T> {
  readonly #parts: LastGoodParts<T>;
  #copy: Copy<T> | undefined;
  #pending: Promise<Copy<T>> | undefined;
  #failures = 0;
  #failure: Failure | undefined;
  #renewals: number[] = [];
  #refusal: Error | undefined;

  constructor(parts: LastGoodParts<T>) {
    this.#parts = parts;
  }

  async get(): Promise<Copy<T>> {
    const copy = this.#copy;
    if (copy === undefined) return this.#fetchUnlessWaiting();
    if (performance.now() - copy.askedAt > this.#parts.maxAgeMs) {
      this.#fetchUnlessWaiting().catch(() => undefined);
    }
    return copy;
  }

  /**
   * For a value that lacks a part; a few times within 30 s. `refuse` makes the error for further
   * calls, and is called once until the next fetch.
   */
  async renew(refuse: () => Error): Promise<Copy<T>> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#isWaiting()) throw this.#failure?.error;
    if (!this.#takeRenewal()) throw (this.#refusal ??= refuse());
    return this.#fetch();
  }

  /** The first fetch need not wait after a failure; a few times within 30 s. */
  hasten(): void {
    if (this.#copy !== undefined || !this.#isWaiting()) return;
    if (this.#takeRenewal()) this.#failure = undefined;
  }

  /** Fetches anew what is wanting and older than `since`; a few times within 30 s. */
  async ask(since: number, isWanting: (value: T) => boolean): Promise<Copy<T>> {
    this.hasten();
    const copy = await this.get();
    if (copy.askedAt >= since || !isWanting(copy.value)) return copy;
    const isUnderWay = this.#pending !== undefined;
    if (!isUnderWay && (this.#isWaiting() || !this.#takeRenewal())) return copy;
    return this.#fetch().catch(() => copy);
  }

  #takeRenewal(): boolean {
    const now = performance.now();
    this.#renewals = this.#renewals.filter((at) => now - at < RENEWALS_SPAN_MS);
    if (this.#renewals.length >= MOST_RENEWALS) return false;
    this.#renewals.push(now);
    return true;
  }

  async #fetchUnlessWaiting(): Promise<Copy<T>> {
    if (this.#pending === undefined && this.#isWaiting()) throw this.#failure?.error;
    return this.#fetch();
  }

  #isWaiting(): boolean {
    return this.#failure !== undefined && performance.now() < this.#failure.until;
  }

  #fetch(): Promise<Copy<T>> {
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(): Promise<Copy<T>> {
    const askedAt = performance.now();
    this.#refusal = undefined;
    try {
      this.#copy = { value: await this.#parts.load(), askedAt };
      this.#failure = undefined;
      this.#failures = 0;
      return this.#copy;
    } catch (error) {
      const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
      this.#failures += 1;
      this.#failure = { error, until: performance.now() + wait };
      throw error;
    }
  }
}
