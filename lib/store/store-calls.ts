import { isInstance } from '../input/app-function.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Events } from '../events.ts';
import { inTime } from './in-time.ts';
import { storeFailureReason } from './store-failure-reason.ts';

/** Every call to a store passes here, ends in time, and fails as one kind of error. */
export class StoreCalls {
  readonly #events: Events;
  readonly #timeoutMs: number;
  readonly #isConnected: () => boolean;
  #stalledUntil = 0;
  #nextProbeAt = 0;

  /** A store without a connection does not count as hanging. */
  constructor(events: Events, timeoutMs: number, isConnected = () => true) {
    this.#events = events;
    this.#timeoutMs = timeoutMs;
    this.#isConnected = isConnected;
  }

  async run<T>(operation: string, call: () => Promise<T>): Promise<T> {
    try {
      if (this.#isStalled()) this.#admitProbe();
      return await this.#attempt(call);
    } catch (error) {
      const reason = storeFailureReason(error);
      this.#events.emit('store-error', { operation, reason });
      throw isInstance(error, StoreUnavailableError) ? error : new StoreUnavailableError(reason);
    }
  }

  #isStalled(): boolean {
    return this.#stalledUntil > performance.now();
  }

  // A hanging store gets one call at a time. More calls would pile up in its client, where a call
  // stays even after the client gave up.
  #admitProbe(): void {
    const now = performance.now();
    if (now < this.#nextProbeAt) throw new StoreUnavailableError('stalled');
    this.#nextProbeAt = now + this.#timeoutMs;
  }

  async #attempt<T>(call: () => Promise<T>): Promise<T> {
    const wasConnected = this.#isConnected();
    try {
      const answer = await inTime(this.#timeoutMs, call, () => this.#late());
      this.#stalledUntil = 0;
      return answer;
    } catch (error) {
      const isConnected = wasConnected && this.#isConnected();
      const hangs = isConnected && storeFailureReason(error) === 'timeout';
      this.#stalledUntil = hangs ? performance.now() + 2 * this.#timeoutMs : 0;
      throw error;
    }
  }

  #late(): never {
    throw new StoreUnavailableError(this.#isConnected() ? 'timeout' : 'not-connected');
  }
}
