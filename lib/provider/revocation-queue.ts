import { PacedQueue } from './paced-queue.ts';
import type { Provider } from './provider.ts';
import { revokeToken, type RevocationResult } from './revocation.ts';
import type { TokenToAskFor } from './token-request.ts';

const MOST_WAITING = 20_000;
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_RETRIES = 5;
const FIRST_WAIT_MS = 1000;
const GIVE_UP_AFTER_MS = 5 * 60 * 1000;
const CLOSE_WITHIN_MS = 10_000;

export const CLOSED = 'closed';

export interface Revocation {
  readonly token: TokenToAskFor;
  /** Asked before each repeated try, and with `looksFirst` before the first one too. */
  readonly isDue?: (() => Promise<boolean>) | undefined;
  readonly looksFirst: boolean;
  /** Called once. */
  readonly tell: (result: RevocationResult) => void;
}

interface Progress {
  tries: number;
  /** Until the next try. */
  timer: NodeJS.Timeout | undefined;
}

/**
 * At most 20,000 tokens of 32 MiB together. A temporary failure is tried again after 1, 2, 4, 8 and
 * 16 s, or after `Retry-After`. After five minutes of nothing but temporary failures, all waiting
 * revocations fail.
 */
export class RevocationQueue {
  readonly #provider: Provider;
  readonly #queue = new PacedQueue();
  readonly #waiting = new Map<Revocation, Progress>();
  #bytes = 0;
  #failingSince: number | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #isEmpty: () => void = () => undefined;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  accept(revocation: Revocation): void {
    const { length } = revocation.token.token;
    const isFull = this.#waiting.size >= MOST_WAITING || this.#bytes + length > MOST_BYTES;
    if (this.#isClosing) {
      revocation.tell(failed(CLOSED));
    } else if (isFull) {
      revocation.tell(failed('queue-full'));
    } else {
      this.#bytes += length;
      this.#waiting.set(revocation, { tries: 0, timer: undefined });
    }
  }

  /** Resolves after the token's turn, or at once during a pause. */
  async ask(revocation: Revocation): Promise<void> {
    const progress = this.#waiting.get(revocation);
    if (progress === undefined) return;
    const asked = this.#queue.add(() => this.#try(revocation, progress));
    if (!this.#queue.isPaused) await asked;
  }

  /** Tries what failed before once more, at once. What waits after 10 s fails. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    const empty = new Promise<void>((resolve) => {
      this.#isEmpty = resolve;
    });
    if (this.#waiting.size === 0) return;
    for (const [revocation, { timer }] of this.#waiting) {
      if (timer !== undefined) void this.ask(revocation);
      clearTimeout(timer);
    }
    this.#queue.hurry();
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WITHIN_MS);
    });
    await Promise.race([empty, over]);
    clearTimeout(timer);
    this.#giveUp(CLOSED);
  }

  async #try(revocation: Revocation, progress: Progress): Promise<RevocationResult> {
    const isLast = this.#isClosing || progress.tries === MOST_RETRIES;
    progress.tries += 1;
    const result = await this.#revokeIfDue(revocation, progress.tries > 1);
    const isFinal = result.outcome !== 'failed' || result.retryAfter === undefined;
    if (isFinal || isLast) this.#settle(revocation, result);
    else this.#retryLater(revocation, result.retryAfter);
    this.#watch(result, isFinal);
    return result;
  }

  // Without a successful look at the session nothing is revoked.
  async #revokeIfDue(
    { token, isDue, looksFirst }: Revocation,
    isRepeated: boolean,
  ): Promise<RevocationResult> {
    if (isDue !== undefined && (looksFirst || isRepeated)) {
      try {
        if (!(await isDue())) return { outcome: 'skipped' };
      } catch {
        return { outcome: 'failed', reason: 'STORE_UNAVAILABLE', retryAfter: 0, isAnswer: true };
      }
    }
    return revokeToken(this.#provider, token);
  }

  #retryLater(revocation: Revocation, retryAfter: number): void {
    const progress = this.#waiting.get(revocation);
    if (progress === undefined) return;
    if (this.#isClosing) {
      void this.ask(revocation);
      return;
    }
    const wait = Math.max(retryAfter, FIRST_WAIT_MS * 2 ** (progress.tries - 1));
    progress.timer = setTimeout(() => {
      progress.timer = undefined;
      void this.ask(revocation);
    }, wait).unref();
  }

  #watch(result: RevocationResult, isFinal: boolean): void {
    const now = performance.now();
    if (isFinal) this.#failingSince = undefined;
    else this.#failingSince ??= now;
    const isOver = now - (this.#failingSince ?? now) > GIVE_UP_AFTER_MS;
    if (isOver && result.outcome === 'failed') this.#giveUp(result.reason);
  }

  #giveUp(reason: string): void {
    this.#failingSince = undefined;
    this.#queue.clear();
    for (const [revocation, { timer }] of this.#waiting) {
      clearTimeout(timer);
      this.#settle(revocation, failed(reason));
    }
  }

  #settle(revocation: Revocation, result: RevocationResult): void {
    if (!this.#waiting.delete(revocation)) return;
    this.#bytes -= revocation.token.token.length;
    revocation.tell(result);
    if (this.#waiting.size === 0) this.#isEmpty();
  }
}

function failed(reason: string): RevocationResult {
  return { outcome: 'failed', reason, retryAfter: undefined, isAnswer: false };
}
