import { StoreUnavailableError } from '../errors.ts';
import type { StoreCalls } from '../store/store-calls.ts';
import type { InvalidationEntry, InvalidationList } from './invalidation-list.ts';

/** An invalidation list whose calls end in time, whatever the list inside does. */
export class DeadlineInvalidationList implements InvalidationList {
  readonly #list: InvalidationList;
  readonly #calls: StoreCalls;
  readonly #additions: StoreCalls;

  /** Additions have calls of their own where they may take longer. */
  constructor(list: InvalidationList, calls: StoreCalls, additions = calls) {
    this.#list = list;
    this.#calls = calls;
    this.#additions = additions;
  }

  add(entries: readonly InvalidationEntry[]): Promise<void> {
    return this.#additions.run('add', () => this.#list.add(entries));
  }

  check(keys: readonly string[]): Promise<(number | undefined)[]> {
    return this.#calls.run('check', async () => {
      const cutOffs = await this.#list.check(keys);
      if (cutOffs.length !== keys.length) throw new StoreUnavailableError('corrupt-answer');
      // An app's own list may answer null, as Redis does, for what is not there.
      return cutOffs.map((cutOff) => cutOff ?? undefined);
    });
  }

  async tell(keys: readonly string[]): Promise<void> {
    if (this.#list.tell === undefined) return;
    await this.#calls.run('tell', async () => this.#list.tell?.(keys));
  }
}
