import { isInstance } from '../input/app-function.ts';
import { NoAnswerError } from './bounded-fetch.ts';

type Task<T> = (signal: AbortSignal) => Promise<T>;

/** Each request takes bounded time, and none outlives the close of the app. */
export class Requests {
  readonly #timeoutMs: number;
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Both tries together stay within one time-out. */
  async make<T>(request: Task<T>): Promise<T> {
    return this.withinTime((signal) => onceMore(() => request(signal)));
  }

  /**
   * A task that ignores its signal ends in time too. Each task has its own controller and timer:
   * signals composed with a long-lived signal would stay in memory.
   */
  async withinTime<T>(task: Task<T>): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    if (this.#isClosed) controller.abort();
    signal.throwIfAborted();
    const timer = setTimeout(() => {
      controller.abort(new DOMException('The provider did not answer in time', 'TimeoutError'));
    }, this.#timeoutMs);
    this.#underWay.add(controller);
    try {
      return await Promise.race([task(signal), failureOf(signal)]);
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(controller);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const controller of this.#underWay) controller.abort();
  }
}

export async function onceMore<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!isInstance(error, NoAnswerError)) throw error;
    return request();
  }
}

function failureOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', fail, { once: true });
  });
}
