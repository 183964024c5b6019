const RENEWAL_COOL_DOWN_MS = 30_000;
const FAILURE_COOL_DOWN_MS = 1_000;

interface Failure {
  readonly error: unknown;
  readonly at: number;
}

/**
 * A value from the network that is fetched when first needed, once for all who wait, refreshed in the
 * background when it is old, and kept for as long as no newer one can be had.
 */
export class LastGood<T> {
  readonly #load: () => Promise<T>;
  readonly #maxAgeMs: number;
  #value: T | undefined;
  #loadedAt = 0;
  #renewedAt = 0;
  #failure: Failure | undefined;
  #pending: Promise<T> | undefined;

  constructor(load: () => Promise<T>, maxAgeMs: number) {
    this.#load = load;
    this.#maxAgeMs = maxAgeMs;
  }

  async get(): Promise<T> {
    if (this.#value === undefined) {
      if (this.#failedWithin(FAILURE_COOL_DOWN_MS)) throw this.#failure?.error;
      return this.#attempt();
    }
    const old = Date.now() - this.#loadedAt > this.#maxAgeMs;
    if (old && !this.#failedWithin(RENEWAL_COOL_DOWN_MS)) this.#attempt().catch(() => undefined);
    return this.#value;
  }

  /** Fetches anew because the value lacks something; at most once in a cool-down of 30 s. */
  async renew(): Promise<T> {
    if (Date.now() - this.#renewedAt < RENEWAL_COOL_DOWN_MS) {
      if (this.#failure !== undefined) throw this.#failure.error;
      return this.get();
    }
    this.#renewedAt = Date.now();
    return this.#attempt();
  }

  #attempt(): Promise<T> {
    this.#pending ??= this.#run().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #run(): Promise<T> {
    try {
      this.#value = await this.#load();
      this.#loadedAt = Date.now();
      this.#failure = undefined;
      return this.#value;
    } catch (error) {
      this.#failure = { error, at: Date.now() };
      throw error;
    }
  }

  #failedWithin(ms: number): boolean {
    return this.#failure !== undefined && Date.now() - this.#failure.at < ms;
  }
}
