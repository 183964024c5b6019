import type { ChangeSubscriber } from './operations.ts';

/**
 * The subscribers hear the process's own changes before anybody gets an answer: a message from the
 * store may come later.
 */
export class ChangeSubscribers {
  readonly #subscribers = new Set<ChangeSubscriber>();

  /** The answered function takes the subscriber away. */
  add(subscriber: ChangeSubscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** A failed call may have changed the store too. */
  async around<T>(digest: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } finally {
      for (const subscriber of this.#subscribers) subscriber.changed(digest);
    }
  }
}
