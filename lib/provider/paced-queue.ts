import PQueue from 'p-queue';
import type { RevocationResult } from './revocation.ts';

const MOST_AT_ONCE = 8;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const ANSWERED = { retryAfter: undefined, isAnswer: true };

/**
 * Asks one provider, in order and eight at once, and observes `Retry-After`. After a time-out or a
 * refused connection the queue pauses for 1 s, then for 2, 4, 8, 16 and 30 s. One request goes
 * first after each pause, until the provider answers.
 */
export class PacedQueue {
  readonly #queue = new PQueue({ concurrency: MOST_AT_ONCE });
  #pauses = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  get isPaused(): boolean {
    return this.#queue.isPaused;
  }

  async add(ask: () => Promise<RevocationResult>): Promise<void> {
    await this.#queue.add(async () => {
      this.#adjust(await ask());
    });
  }

  hurry(): void {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#goOn();
    this.#queue.start();
  }

  clear(): void {
    this.#queue.clear();
  }

  #adjust(result: RevocationResult): void {
    if (this.#isClosing) return;
    const { retryAfter, isAnswer } = result.outcome === 'failed' ? result : ANSWERED;
    if (retryAfter !== undefined && retryAfter > 0) this.#pause(retryAfter);
    if (isAnswer) this.#goOn();
    // If several failed together, one has already paused the queue.
    else if (retryAfter !== undefined && !this.#queue.isPaused) this.#letOneGoFirst();
  }

  #goOn(): void {
    this.#pauses = 0;
    if (this.#queue.concurrency !== MOST_AT_ONCE) this.#queue.concurrency = MOST_AT_ONCE;
  }

  #letOneGoFirst(): void {
    this.#queue.concurrency = 1;
    this.#pause(Math.min(FIRST_PAUSE_MS * 2 ** this.#pauses, LONGEST_PAUSE_MS));
    this.#pauses += 1;
  }

  #pause(milliseconds: number): void {
    this.#queue.pause();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#queue.start();
    }, milliseconds).unref();
  }
}
