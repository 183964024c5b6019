import { Batch } from '../store/batch.ts';
import type { StoreCalls } from '../store/store-calls.ts';
import type { InvalidationEntry, InvalidationList } from './invalidation-list.ts';

/**
 * An invalidation list whose calls end in time, whatever the list inside does. What one turn of the event loop
 * looks up is one call.
 */
export class DeadlineInvalidationList implements InvalidationList {
  readonly #list: InvalidationList;
  readonly #calls: StoreCalls;
  readonly #checks = new Batch((keys: readonly string[]) => this.#check(keys));

  constructor(list: InvalidationList, calls: StoreCalls) {
    this.#list = list;
    this.#calls = calls;
  }

  add(entries: readonly InvalidationEntry[]): Promise<void> {
    return this.#calls.run('add', () => this.#list.add(entries));
  }

  check(keys: readonly string[]): Promise<(number | undefined)[]> {
    return this.#checks.run(keys);
  }

  async tell(keys: readonly string[]): Promise<void> {
    await this.#calls.run('tell', async () => this.#list.tell?.(keys));
  }

  #check(keys: readonly string[]): Promise<(number | undefined)[]> {
    // An app's own list may answer null, as Redis does, for what is not there.
    return this.#calls.run('check', async () =>
      (await this.#list.check(keys)).map((cutOff) => cutOff ?? undefined),
    );
  }
}
