/** What is to stand under a key from now on. */
export interface StoreWrite {
  /** Where the value is written. */
  readonly key: string;
  /** `undefined`: nothing. */
  readonly value: string | undefined;
  /** For how long, in seconds from now, as a whole number of 1 or more; `undefined`: for ever. */
  readonly ttl: number | undefined;
}

/** What a {@link StoreChange} makes of the values that it is given. */
export interface StoreUpdate<Result> {
  /** What {@link Store.update} answers. */
  readonly result: Result;
  /** What is to be stored, all of it or nothing. A key that is not named here stays as it is. */
  readonly writes: readonly StoreWrite[];
  /** What is to be published once that is stored; texts of at most some hundred bytes. */
  readonly messages: readonly string[];
}

/**
 * Decides what is to be stored. Pure, synchronous, and may be called again: what counts is the call whose writes
 * are stored. An error that it throws is to reject the update, and nothing is stored.
 *
 * @param values What stands under the keys, in their order; `undefined` or `null` where there is nothing.
 * @param now The time in seconds, by one clock for all processes.
 */
export type StoreChange<Result> = (
  values: readonly (string | null | undefined)[],
  now: number,
) => StoreUpdate<Result>;

/** What a process hears of all processes. Its methods throw nothing. */
export interface StoreSubscriber {
  /** A message that was published, by this process or another one. */
  hear(message: string): void;
  /** Every message that is published from now on will be heard. */
  live(): void;
  /** Messages may be missed from now on, until {@link StoreSubscriber.live} is called again. */
  lost(): void;
}

/**
 * An app's own database as the store: texts under keys that expire, changed in transactions. Every method may reject
 * with any error: whatever needs that call is answered 503.
 *
 * Keys are at most 100 characters of ASCII. Values are texts of any length, some with lines and characters of any
 * script.
 */
export interface Store {
  /**
   * What stands under these keys, in their order; `undefined` or `null` where there is nothing or what was there has
   * expired. One round trip: the guard reads here, once a request.
   */
  read(keys: readonly string[]): Promise<readonly (string | null | undefined)[]>;

  /**
   * Reads these keys, calls `change` with their values, stores what `change` answers, and then publishes its messages.
   * This is one atomic step: no other update that has one of these keys happens between the reading and the storing.
   * A transaction that is serializable does that, or one that locks the keys first, also keys that do not exist
   * yet; or a comparison when it stores, and another call of `change` where a value is not the same any more.
   *
   * What is stored outlives the process once this resolves, and every later `read` of any process sees it. Where a
   * process dies before its messages are published, they may be lost.
   *
   * @returns The `result` of the call of `change` whose writes were stored.
   */
  update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result>;

  /**
   * Hears what is published from now on, in this process and in every other one. Where messages are asked for every
   * now and then, that is how late another process hears that a session ended: a guard without `nearCache` does not
   * depend on it.
   *
   * @returns A function that ends the subscription, and calls no method of the subscriber afterwards.
   */
  subscribe(subscriber: StoreSubscriber): () => void;
}
