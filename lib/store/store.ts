/** A new value for a key. */
export interface StoreWrite {
  /** Where the value is written. */
  readonly key: string;
  /** `undefined` removes the value. */
  readonly value: string | undefined;
  /** Lifetime in seconds from now, a whole number of 1 or more; `undefined`: for ever. */
  readonly ttl: number | undefined;
}

/** The decision of a {@link StoreChange}. */
export interface StoreUpdate<Result> {
  /** The answer of {@link Store.update}. */
  readonly result: Result;
  /** The writes, all or nothing. Other keys stay unchanged. */
  readonly writes: readonly StoreWrite[];
  /** The messages to publish after the writes are stored; texts of at most some hundred bytes. */
  readonly messages: readonly string[];
}

/**
 * Decides the writes. Pure, synchronous, and may be called again: the call counts whose writes are
 * stored. An error thrown here must reject the update, and nothing is stored.
 *
 * @param values The values of the keys, in their order; `undefined` or `null` for none.
 * @param now The time in seconds, by one clock for all processes.
 */
export type StoreChange<Result> = (
  values: readonly (string | null | undefined)[],
  now: number,
) => StoreUpdate<Result>;

/** Hears the messages of all processes. The methods throw nothing. */
export interface StoreSubscriber {
  /** A message published by this process or another one. */
  hear(message: string): void;
  /** Every message published from now on will be heard. */
  live(): void;
  /** Messages may be missed from now on, until {@link StoreSubscriber.live} is called again. */
  lost(): void;
}

/**
 * An app's own database as the store: texts under keys that expire, changed in transactions. Every
 * method may reject with any error; requests that need the call are then answered 503.
 *
 * Keys are at most 100 characters of ASCII. Values are texts of any length, some with lines and
 * characters of any script.
 */
export interface Store {
  /**
   * The values of the keys, in their order; `undefined` or `null` for no value or an expired one.
   * One round trip: the guard reads here, once a request.
   */
  read(keys: readonly string[]): Promise<readonly (string | null | undefined)[]>;

  /**
   * Reads the keys, calls `change` with their values, stores the writes of `change`, and then
   * publishes its messages. All of this is one atomic step: no other update of one of these keys
   * happens between the reading and the storing. A serializable transaction does so, or a
   * transaction that locks the keys first, absent keys too; or a comparison at the storing, with
   * another call of `change` where a value has changed.
   *
   * The writes outlive the process once the promise resolves, and every later `read` of any process
   * sees them. If a process dies before its messages are published, the messages may be lost.
   *
   * @returns The `result` of the call of `change` whose writes were stored.
   */
  update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result>;

  /**
   * Hears all messages published from now on, in this process and in every other. A store that
   * polls for messages tells other processes of ended sessions with the delay of its polling; a
   * guard without `nearCache` does not depend on messages.
   *
   * @returns A function that ends the subscription, and calls no method of the subscriber
   * afterwards.
   */
  subscribe(subscriber: StoreSubscriber): () => void;
}
