import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5000;
const MOST_WAITING = 1000;
/** Seconds in which an end that failed is repeated. */
export const ENDS_REPEATED_FOR = 31;

/** Repeats failed calls in the background, until they succeed or are too old. */
export class Repetitions {
  readonly #closing = new AbortController();
  #waiting = 0;

  constructor() {
    setMaxListeners(MOST_WAITING, this.#closing.signal);
  }

  /** `false` where there is no room. */
  start(call: () => Promise<unknown>, seconds: number): boolean {
    if (this.#waiting >= MOST_WAITING || this.#closing.signal.aborted) return false;
    this.#waiting += 1;
    void this.#repeat(call, performance.now() + seconds * 1000).finally(() => {
      this.#waiting -= 1;
    });
    return true;
  }

  close(): void {
    this.#closing.abort();
  }

  async #repeat(call: () => Promise<unknown>, giveUpAt: number): Promise<void> {
    const { signal } = this.#closing;
    let wait = FIRST_WAIT_MS;
    while (performance.now() + wait <= giveUpAt) {
      await setTimeout(wait, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await call();
        return;
      } catch {
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      }
    }
  }
}
