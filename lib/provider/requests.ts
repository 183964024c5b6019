import { isInstance } from '../input/app-function.ts';
import { NoAnswerError } from './bounded-fetch.ts';

type Task<T> = (signal: AbortSignal) => Promise<T>;

/** The requests to one provider that are under way: each in bounded time, and none when the app has closed. */
export class Requests {
  readonly #timeoutMs: number;
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Makes a request that may be repeated; both tries together take no longer than one may. */
  async make<T>(request: Task<T>): Promise<T> {
    return this.withinTime((signal) => onceMore(() => request(signal)));
  }

  /**
   * Gives a task up when it takes too long or when the app closes, also one that ignores its signal. Each has
   * a controller and a timer of its own: what is composed with a signal that lives as long as the app stays
   * in memory as long.
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

/** Tries again at once what met a connection that was closed without an answer. */
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
