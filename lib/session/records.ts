import { StoreUnavailableError } from '../errors.ts';
import { Batch } from '../store/batch.ts';
import type { Encryption } from './encryption.ts';
import type { SessionStore, StoredRecord } from './session-store.ts';

/**
 * JSON in a session store; what is sealed there is encrypted when there is a key. What one turn of the event loop
 * finds and opens is one call of the store.
 */
export class Records {
  readonly store: SessionStore;
  readonly #encryption: Encryption;
  readonly #reads = new Batch((keys: readonly string[]) => this.store.get(keys));

  constructor(store: SessionStore, encryption: Encryption) {
    this.store = store;
    this.#encryption = encryption;
  }

  async find<T>(key: string): Promise<T | undefined> {
    return parse(await this.#reads.runOne(key)) as T | undefined;
  }

  /** Finds at once what many requests need, in a call of its own; of a record that is corrupt the failure. */
  async findAll<T>(keys: readonly string[]): Promise<(T | StoreUnavailableError | undefined)[]> {
    if (keys.length === 0) return [];
    return (await this.store.get(keys)).map((value) => parseOrFailure(value) as T | undefined);
  }

  async open<T>(...keys: readonly string[]): Promise<(T | undefined)[]> {
    const values = await this.#reads.run(keys);
    const texts = await Promise.all(keys.map((key, index) => this.#text(key, values[index])));
    return texts.map(parse) as (T | undefined)[];
  }

  /** Opens a sealed record and deletes it, in one step. */
  async take<T>(key: string): Promise<T | undefined> {
    return parse(await this.#text(key, await this.store.take(key))) as T | undefined;
  }

  /** Makes the record of a value that is to be encrypted. */
  async sealed(key: string, value: object, ttl: number): Promise<StoredRecord> {
    return { key, value: await this.#encryption.seal(key, JSON.stringify(value)), ttl };
  }

  async #text(key: string, value: string | undefined): Promise<string | undefined> {
    return value === undefined ? undefined : this.#encryption.open(key, value);
  }
}

function parse(json: string | undefined): unknown {
  const value = parseOrFailure(json);
  if (value instanceof StoreUnavailableError) throw value;
  return value;
}

function parseOrFailure(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return new StoreUnavailableError('corrupt-record');
  }
}
