import type { ChangeSubscriber } from './operations.ts';

/**
 * The subscribers of this process. They hear of its own changes from here too, before anybody gets an answer: a message
 * of the store may come later.
 */
export class ChangeSubscribers {
  readonly #subscribers = new Set<ChangeSubscriber>();

  add(subscriber: ChangeSubscriber): void {
    this.#subscribers.add(subscriber);
  }

  delete(subscriber: ChangeSubscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Runs what may change what is stored under a digest. A call that failed may have changed it too. */
  async around<T>(digest: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } finally {
      for (const subscriber of this.#subscribers) subscriber.changed(digest);
    }
  }
}
