import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Outages } from './outages.ts';

const EVERY_MS = 50;
// Well below the deadline of a call to the store.
const LONGEST_MS = 300;
// For so long a store that missed a deadline is asked by one call at a time.
const AFTER_MS = 1500;

/** Asks Redis all the time: when an answer takes too long for anybody, 503 is right. */
export class Slowness {
  readonly #redis: Redis;
  readonly #outages: Outages;
  readonly #closing = new AbortController();
  /** How often it was so outside of outages. */
  times = 0;

  constructor(redis: Redis, outages: Outages) {
    this.#redis = redis;
    this.#outages = outages;
    void this.#watch();
  }

  close(): void {
    this.#closing.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#ask();
      await wait(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #ask(): Promise<void> {
    const askedAt = performance.now();
    let end: ReturnType<Outages['begin']> | undefined;
    const timer = setTimeout(() => {
      if (!this.#outages.touch(askedAt, performance.now())) this.times += 1;
      end = this.#outages.begin(askedAt);
    }, LONGEST_MS);
    await this.#redis.ping().catch(() => undefined);
    clearTimeout(timer);
    end?.(AFTER_MS);
  }
}
