import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

const MOST_RECORDS = 10_000;

/** Keeps what the provider stores in the memory of this process: nothing survives it. */
export function createMemoryAdapters(): AdapterFactory {
  const records = new LRUCache<string, AdapterPayload>({ max: MOST_RECORDS });
  return (model) => new MemoryAdapter(model, records);
}

class MemoryAdapter implements Adapter {
  readonly #model: string;
  readonly #records: LRUCache<string, AdapterPayload>;

  constructor(model: string, records: LRUCache<string, AdapterPayload>) {
    this.#model = model;
    this.#records = records;
  }

  upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const ttl = expiresIn === undefined ? {} : { ttl: expiresIn * 1000 };
    this.#records.set(this.#key(id), payload, ttl);
    return Promise.resolve();
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(this.#records.get(this.#key(id)));
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(this.#findBy('uid', uid));
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(this.#findBy('userCode', userCode));
  }

  consume(id: string): Promise<void> {
    const payload = this.#records.get(this.#key(id));
    if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    return Promise.resolve();
  }

  destroy(id: string): Promise<void> {
    this.#records.delete(this.#key(id));
    return Promise.resolve();
  }

  revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, payload] of this.#records.entries()) {
      if (payload.grantId === grantId) this.#records.delete(key);
    }
    return Promise.resolve();
  }

  #key(id: string): string {
    return `${this.#model}:${id}`;
  }

  #findBy(member: 'uid' | 'userCode', value: string): AdapterPayload | undefined {
    return this.#records.find(
      (payload, key) => key.startsWith(`${this.#model}:`) && payload[member] === value,
    );
  }
}
