import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../docs/examples/own-store.ts';
import { storeContract } from '../../lib/store/contract.ts';
import { MemoryStore } from '../../lib/store/memory.ts';

describe('MemoryStore', () => {
  function open() {
    const store = new MemoryStore();
    return { store, elsewhere: store, close: () => undefined };
  }

  it.each(storeContract)('$name', ({ run }) => run(open));
});

describe('the example of a store in an SQLite file', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'store-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  function open() {
    const path = join(folder, 'store.sqlite');
    const [store, elsewhere] = [new SqliteStore(path), new SqliteStore(path)];
    const close = () => {
      store.close();
      elsewhere.close();
    };
    return { store, elsewhere, close };
  }

  it.each(storeContract)('$name', ({ run }) => run(open));
});
