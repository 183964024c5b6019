import { setImmediate } from 'node:timers/promises';

/** Joins what one turn of the event loop reads into one call. */
export class Batch<T> {
  readonly #readAll: (keys: readonly string[]) => Promise<readonly T[]>;
  #keys: string[] = [];
  #answers: Promise<readonly T[]> | undefined;

  constructor(readAll: (keys: readonly string[]) => Promise<readonly T[]>) {
    this.#readAll = readAll;
  }

  /** The answers to these keys, in their order. */
  async read(keys: readonly string[]): Promise<T[]> {
    const start = this.#keys.length;
    this.#keys.push(...keys);
    this.#answers ??= this.#atTheEndOfTheTurn();
    return (await this.#answers).slice(start, start + keys.length);
  }

  async #atTheEndOfTheTurn(): Promise<readonly T[]> {
    await setImmediate();
    const keys = this.#keys;
    this.#keys = [];
    this.#answers = undefined;
    return this.#readAll(keys);
  }
}
