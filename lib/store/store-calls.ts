import { StoreUnavailableError } from '../errors.ts';
import type { Events } from '../events.ts';
import { failureReason } from '../failure-reason.ts';

/** Every call to a store passes here: it ends in time, and fails as one kind of error. */
export class StoreCalls {
  readonly #events: Events;
  readonly #timeoutMs: number;
  #stalledUntil = 0;
  #probing = false;

  constructor(events: Events, timeoutMs: number) {
    this.#events = events;
    this.#timeoutMs = timeoutMs;
  }

  async run<T>(operation: string, call: () => Promise<T>): Promise<T> {
    try {
      return await (this.#isStalled() ? this.#probe(call) : this.#withDeadline(call));
    } catch (error) {
      const unavailable =
        error instanceof StoreUnavailableError
          ? error
          : new StoreUnavailableError(failureReason(error));
      this.#events.emit('store-error', { operation, reason: unavailable.reason });
      throw unavailable;
    }
  }

  #isStalled(): boolean {
    return this.#stalledUntil > performance.now();
  }

  // A store that hangs gets one call at a time: all others would only pile up in its client.
  async #probe<T>(call: () => Promise<T>): Promise<T> {
    if (this.#probing) throw new StoreUnavailableError('stalled');
    this.#probing = true;
    try {
      return await this.#withDeadline(call);
    } finally {
      this.#probing = false;
    }
  }

  async #withDeadline<T>(call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#stalledUntil = performance.now() + 2 * this.#timeoutMs;
        reject(new StoreUnavailableError('timeout'));
      }, this.#timeoutMs);
    });
    try {
      const answer = await Promise.race([call(), deadline]);
      this.#stalledUntil = 0;
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
