import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../docs/examples/own-store.ts';
import { storeContract } from '../../lib/store/contract.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { openPage } from '../support/page.ts';

describe('MemoryStore', () => {
  function open() {
    const store = new MemoryStore();
    return { store, elsewhere: store, close: () => undefined };
  }

  it.each(storeContract)('$name', ({ run }) => run(open));
});

describe('the example of a store in an SQLite file, by the lines of the page', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'store-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  class InFolder extends SqliteStore {
    constructor(path: string) {
      super(join(folder, path));
    }
  }

  const lines = openPage('docs/configuration.md').take('js', 'storeContract');
  const body = lines.replace(/^import .*\n/gm, '');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const run = new Function('test', 'storeContract', 'SqliteStore', body) as (
    ...parts: unknown[]
  ) => void;
  run(it, storeContract, InFolder);
});
