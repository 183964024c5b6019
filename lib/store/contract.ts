import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { inTime } from './in-time.ts';
import type { Store, StoreWrite } from './store.ts';

/** Two stores of one app, in two processes. */
export interface StoresUnderTest {
  /** The store of one process. */
  readonly store: Store;
  /** On the same database as `store`, by a connection of its own. */
  readonly elsewhere: Store;
  /** Closes both. Called once, after the test. */
  close(): void | Promise<void>;
}

/** One rule for every {@link Store}. */
export interface StoreContractTest {
  /** The rule, as a sentence. */
  readonly name: string;
  /**
   * Rejects where a store breaks the rule, with the rule in the message and what happened as the
   * `cause`. A store that does not answer within 20 seconds breaks the rule.
   *
   * @param open Opens both stores; `close` of the answer is called at the end. An error of `open`
   * rejects as it is, and one of `close`.
   */
  readonly run: (open: () => StoresUnderTest | Promise<StoresUnderTest>) => Promise<void>;
}

/**
 * The rules for every {@link Store}, for any test runner. Each test has its own keys, and all tests
 * may share a database, one after the other.
 */
export const storeContract: readonly StoreContractTest[] = [
  test('knows nothing that was not stored', async ({ store }, [a, b]) => {
    assert.deepEqual(await read(store, [a, b]), [undefined, undefined]);
    assert.deepEqual(await given(store, [a, b]), [undefined, undefined]);
  }),

  test('answers texts in the order of the keys', async ({ store }, [a, b, c]) => {
    await write(store, [text(a, '1'), text(b, '2')]);
    assert.deepEqual(await read(store, [b, c, a]), ['2', undefined, '1']);
    assert.deepEqual(await given(store, [c, b, a]), [undefined, '2', '1']);
  }),

  test('shows every other process at once what it stored', async ({ store, elsewhere }, [a, b]) => {
    await write(store, [text(a, '1'), text(b, '2')]);
    assert.deepEqual(await read(elsewhere, [a, b]), ['1', '2']);
    await write(elsewhere, [text(a, '3'), nothing(b)]);
    assert.deepEqual(await read(store, [a, b]), ['3', undefined]);
  }),

  test('leaves alone what an update does not write', async ({ store }, [a, b, c]) => {
    await write(store, [text(a, '1'), text(b, '2')]);
    await store.update([a, b, c], () => ({ result: 0, writes: [text(b, '3')], messages: [] }));
    assert.deepEqual(await read(store, [a, b, c]), ['1', '3', undefined]);
  }),

  test('answers the result of the change', async ({ store }, [a]) => {
    for (const result of [undefined, null, 0, '', 'text', { members: ['a'] }]) {
      const answer = await store.update([a], () => ({ result, writes: [], messages: [] }));
      assert.deepEqual(answer, result);
    }
  }),

  test('keeps every text as it is', async ({ store, elsewhere }, [a]) => {
    for (const value of [
      '',
      ' ! ',
      'ä 漢 😀',
      'a\n"b"\\\'c\'',
      '{"a":"%s $1 ?"}',
      'x'.repeat(500_000),
    ]) {
      await write(store, [text(a, value)]);
      assert.deepEqual(await read(elsewhere, [a]), [value]);
    }
  }),

  test('reads and writes many keys at once', async ({ store, elsewhere }, [a]) => {
    const keys = Array.from({ length: 500 }, (_, index) => `${a}${index}`);
    await write(
      store,
      keys.map((key) => text(key, key)),
    );
    assert.deepEqual(await read(elsewhere, keys), keys);
  }),

  test('stores nothing where the change throws', async ({ store }, [a]) => {
    const failure = new Error('not this time');
    const failing = store.update([a], () => {
      throw failure;
    });
    await assert.rejects(failing);
    assert.deepEqual(await read(store, [a]), [undefined]);
    await write(store, [text(a, '1')]);
    assert.deepEqual(await read(store, [a]), ['1']);
  }),

  test('loses no update of many at once, also of a key that is new', async (stores, [a]) => {
    const increments = Array.from({ length: 40 }, (_, index) =>
      increment(index % 2 === 0 ? stores.store : stores.elsewhere, a),
    );
    const counts = await Promise.all(increments);
    const sorted = counts.sort((one, other) => one - other);
    assert.deepEqual(
      sorted,
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    assert.deepEqual(await read(stores.store, [a]), ['40']);
  }),

  test('updates several keys as one, in whichever order', async ({ store, elsewhere }, [a, b]) => {
    await write(store, [text(a, '100'), text(b, '100')]);
    const moves = Array.from({ length: 30 }, (_, index) =>
      index % 2 === 0 ? move(store, a, b) : move(elsewhere, b, a),
    );
    await Promise.all(moves);
    assert.deepEqual(await read(store, [a, b]), ['100', '100']);
  }),

  test('drops what has expired', async ({ store, elsewhere }, [a, b, c]) => {
    await write(store, [{ key: a, value: '1', ttl: 1 }, text(b, '2')]);
    await write(store, [{ key: c, value: '3', ttl: undefined }]);
    assert.deepEqual(await read(elsewhere, [a, b, c]), ['1', '2', '3']);
    await until(async () => (await read(store, [a]))[0] === undefined);
    assert.deepEqual(await read(elsewhere, [a, b, c]), [undefined, '2', '3']);
    assert.deepEqual(await given(store, [a, b, c]), [undefined, '2', '3']);
  }),

  test('lets what is written again live anew', async ({ store }, [a, b]) => {
    await write(
      store,
      [a, b].map((key) => ({ key, value: '1', ttl: 1 })),
    );
    await write(store, [text(a, '2')]);
    await until(async () => (await read(store, [b]))[0] === undefined);
    assert.deepEqual(await read(store, [a]), ['2']);
  }),

  test('tells one time to all processes, in seconds', async ({ store, elsewhere }, [a]) => {
    const [first, second, third] = [
      await time(store, a),
      await time(elsewhere, a),
      await time(store, a),
    ];
    assert.ok(first <= second + 1 && second <= third + 1, 'the clocks differ');
    assert.ok(
      third - first < 60 && first > 1.7e9 && first < 1e11,
      'these are no seconds of the day',
    );
  }),

  test('tells its messages to all processes, in their order', async (stores, [a, b]) => {
    const heard = await subscribeBoth(stores);
    await publish(stores.store, a, ['one', 'two ä😀']);
    await until(() => heard.every((messages) => messages.length === 2));
    await publish(stores.elsewhere, b, ['three']);
    await until(() => heard.every((messages) => messages.length === 3));
    assert.deepEqual(heard, [
      ['one', 'two ä😀', 'three'],
      ['one', 'two ä😀', 'three'],
    ]);
  }),

  test('shows what was stored to whom a message tells of it', async ({ store, elsewhere }, [a]) => {
    const seen = new Promise<unknown>((resolve, reject) => {
      const live = () => {
        write(store, [text(a, 'stored')], ['written']).catch(reject);
      };
      const hear = () => {
        resolve(read(elsewhere, [a]));
      };
      elsewhere.subscribe({ hear, live, lost: () => undefined });
    });
    assert.deepEqual(await seen, ['stored']);
  }),

  test('tells nothing that was not stored, and nothing to who has left', async (stores, [a]) => {
    const left: string[] = [];
    const stop = await new Promise<() => void>((resolve) => {
      const hear = (message: string) => left.push(message);
      const live = () => {
        setImmediate(() => {
          resolve(stopHearing);
        });
      };
      const stopHearing = stores.elsewhere.subscribe({ hear, live, lost: () => undefined });
    });
    stop();
    const heard = await subscribeBoth(stores);
    const failing = stores.store.update([a], () => {
      throw new Error('not this time');
    });
    await assert.rejects(failing);
    await publish(stores.store, a, ['stored']);
    await until(() => heard.every((messages) => messages.length === 1));
    assert.deepEqual([left, heard], [[], [['stored'], ['stored']]]);
  }),
];

function test(
  name: string,
  check: (stores: StoresUnderTest, keys: [a: string, b: string, c: string]) => Promise<void>,
): StoreContractTest {
  const run: StoreContractTest['run'] = async (open) => {
    const stores = await answered(open);
    const close = () => answered(() => stores.close());
    const own = randomUUID();
    try {
      await answered(() => check(stores, [`xa${own}`, `sb${own}`, `t-c${own}`]));
    } catch (cause) {
      await close().catch(() => undefined);
      throw new Error(`The store breaks a rule: ${name}`, { cause });
    }
    await close();
  };
  return { name, run };
}

/** Longer than the waits of any test: those say what they waited for. */
const LIMIT_SECONDS = 20;

function answered<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  return inTime(
    LIMIT_SECONDS * 1000,
    async () => work(),
    () => assert.fail(`no answer within ${LIMIT_SECONDS} seconds`),
  );
}

function text(key: string, value: string): StoreWrite {
  return { key, value, ttl: 60 };
}

function nothing(key: string): StoreWrite {
  return { key, value: undefined, ttl: undefined };
}

async function read(store: Store, keys: readonly string[]): Promise<(string | undefined)[]> {
  return present(await store.read(keys));
}

function given(store: Store, keys: readonly string[]): Promise<(string | undefined)[]> {
  return store.update(keys, (values) => ({
    result: present(values),
    writes: [],
    messages: [],
  }));
}

/** In an array of this realm, as `assert` compares; in Jest a store may answer one of another realm. */
function present(values: readonly (string | null | undefined)[]): (string | undefined)[] {
  assert.equal(Array.isArray(values), true, 'the values are no array');
  return Array.from(values, (value) => value ?? undefined);
}

async function write(
  store: Store,
  writes: readonly StoreWrite[],
  messages: readonly string[] = [],
): Promise<void> {
  const keys = writes.map(({ key }) => key);
  await store.update(keys, () => ({ result: undefined, writes, messages }));
}

function publish(store: Store, key: string, messages: readonly string[]): Promise<void> {
  return write(store, [text(key, '1')], messages);
}

function increment(store: Store, key: string): Promise<number> {
  return store.update([key], ([value]) => {
    const count = Number(value ?? 0) + 1;
    return { result: count, writes: [text(key, String(count))], messages: [] };
  });
}

function move(store: Store, from: string, to: string): Promise<void> {
  return store.update([from, to], ([left, right]) => ({
    result: undefined,
    writes: [text(from, String(Number(left) - 1)), text(to, String(Number(right) + 1))],
    messages: [],
  }));
}

function time(store: Store, key: string): Promise<number> {
  return store.update([key], (_values, now) => ({ result: now, writes: [], messages: [] }));
}

function subscribeBoth({ store, elsewhere }: StoresUnderTest): Promise<string[][]> {
  return Promise.all(
    [store, elsewhere].map(
      (each) =>
        new Promise<string[]>((resolve) => {
          const heard: string[] = [];
          each.subscribe({
            hear: (message) => heard.push(message),
            live: () => {
              resolve(heard);
            },
            lost: () => undefined,
          });
        }),
    ),
  );
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) assert.fail('it never came to that');
    await setTimeout(5);
  }
}
