import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type StoresUnderTest, storeContract } from '../../lib/store/contract.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import type { Store } from '../../lib/store/store.ts';
import { letPass, resetClocks } from '../support/clock.ts';

/** What a store does otherwise than one in memory. */
type Fault = (memory: MemoryStore) => Partial<Store>;

const never = () => new Promise<never>(() => undefined);

const BROKEN: [fault: string, rule: string, fault: Fault][] = [
  [
    'finds nothing',
    'answers texts in the order of the keys',
    () => ({ read: (keys) => Promise.resolve(keys.map(() => undefined)) }),
  ],
  [
    'reads in an order of its own',
    'answers texts in the order of the keys',
    (memory) => ({ read: async (keys) => (await memory.read(keys)).reverse() }),
  ],
  [
    'answers an iterator',
    'answers texts in the order of the keys',
    (memory) => ({ read: async (keys) => (await memory.read(keys)).values() as never }),
  ],
  [
    'trims what it keeps',
    'keeps every text as it is',
    (memory) => ({
      read: async (keys) => (await memory.read(keys)).map((value) => value?.trim()),
    }),
  ],
  [
    'hides the error of a change',
    'stores nothing where the change throws',
    (memory) => ({
      update: (keys, change) => memory.update(keys, change).catch(() => undefined as never),
    }),
  ],
  ...[
    'loses no update of many at once, also of a key that is new',
    'updates several keys as one, in whichever order',
  ].map((rule): (typeof BROKEN)[number] => [
    'reads before its transaction',
    rule,
    (memory) => ({
      async update(keys, change) {
        const values = await memory.read(keys);
        return memory.update(keys, (_, now) => change(values, now));
      },
    }),
  ]),
  [
    'counts in milliseconds',
    'tells one time to all processes, in seconds',
    (memory) => ({
      update: (keys, change) => memory.update(keys, (values, now) => change(values, now * 1000)),
    }),
  ],
  [
    'publishes before it stores',
    'shows what was stored to whom a message tells of it',
    (memory) => ({
      async update(keys, change) {
        await memory.update(keys, (values, now) => ({ ...change(values, now), writes: [] }));
        return memory.update(keys, (values, now) => ({ ...change(values, now), messages: [] }));
      },
    }),
  ],
  [
    'goes on telling',
    'tells nothing that was not stored, and nothing to who has left',
    (memory) => ({
      subscribe(subscriber) {
        memory.subscribe(subscriber);
        return () => undefined;
      },
    }),
  ],
];

/** Without the clock these would come to an end after 10 seconds. */
const LACKING: typeof BROKEN = [
  [
    'lets nothing expire',
    'drops what has expired',
    (memory) => ({
      update: (keys, change) =>
        memory.update(keys, (values, now) => {
          const { writes, ...rest } = change(values, now);
          return { ...rest, writes: writes.map((write) => ({ ...write, ttl: undefined })) };
        }),
    }),
  ],
  [
    'tells no message',
    'tells its messages to all processes, in their order',
    () => ({
      subscribe(subscriber) {
        subscriber.live();
        return () => undefined;
      },
    }),
  ],
];

function storesWith(fault: Fault) {
  const memory = new MemoryStore();
  const store: Store = {
    read: (keys) => memory.read(keys),
    update: (keys, change) => memory.update(keys, change),
    subscribe: (subscriber) => memory.subscribe(subscriber),
    ...fault(memory),
  };
  return { store, elsewhere: store, close: jest.fn(() => Promise.resolve()) };
}

function run(name: string, open: () => StoresUnderTest | Promise<StoresUnderTest>) {
  const rule = storeContract.find((each) => each.name === name);
  if (rule === undefined) throw new Error(`No rule: ${name}`);
  return rule.run(open);
}

const brokenRule = (name: string, cause: unknown = expect.anything()) =>
  expect.objectContaining({ message: `The store breaks a rule: ${name}`, cause });

describe('the contract refuses', () => {
  afterEach(resetClocks);

  it.each(BROKEN)('a store that %s: %s', async (_what, rule, fault) => {
    const stores = storesWith(fault);
    await expect(run(rule, () => stores)).rejects.toEqual(brokenRule(rule));
    expect(stores.close).toHaveBeenCalledTimes(1);
  });

  it('two stores that are strangers', async () => {
    const rule = 'shows every other process at once what it stored';
    const open = () => ({ ...storesWith(() => ({})), elsewhere: new MemoryStore() });
    await expect(run(rule, open)).rejects.toEqual(brokenRule(rule));
  });

  it.each(LACKING)('a store that %s: %s', async (_what, rule, fault) => {
    const stores = storesWith(fault);
    const clock = setInterval(() => {
      letPass(1000);
    }, 1);
    const late = { message: 'it never came to that' };
    await expect(run(rule, () => stores))
      .rejects.toEqual(brokenRule(rule, expect.objectContaining(late)))
      .finally(() => {
        clearInterval(clock);
      });
    expect(stores.close).toHaveBeenCalledTimes(1);
  });

  it('a store whose calls fail, by each rule, with the failure', async () => {
    const failure = new Error('no such table');
    const failing = () => Promise.reject(failure);
    for (const { name } of storeContract) {
      const stores = storesWith(() => ({ update: failing }));
      const isRefused = expect(run(name, () => stores)).rejects;
      await isRefused.toEqual(brokenRule(name, failure));
      expect(stores.close).toHaveBeenCalledTimes(1);
    }
  });

  const ORDER = 'answers texts in the order of the keys';

  it.each<[string, string, Fault]>([
    ['read', ORDER, () => ({ read: never })],
    ['update', ORDER, () => ({ update: never })],
    [
      'subscribe',
      'tells its messages to all processes, in their order',
      () => ({ subscribe: () => () => undefined }),
    ],
  ])('a store whose %s never answers, and closes it: %s', async (_what, rule, fault) => {
    jest.useFakeTimers();
    const stores = { ...storesWith(fault), close: jest.fn(never) };
    const late = { message: 'no answer within 20 seconds' };
    const running = run(rule, () => stores);
    const refused = expect(running).rejects.toEqual(
      brokenRule(rule, expect.objectContaining(late)),
    );
    await jest.advanceTimersByTimeAsync(21_000);
    expect(stores.close).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(21_000);
    await refused;
  });

  it.each<[string, () => StoresUnderTest | Promise<StoresUnderTest>]>([
    ['opening', never],
    ['closing', () => ({ ...storesWith(() => ({})), close: never })],
  ])('the %s that never ends', async (_what, open) => {
    jest.useFakeTimers();
    const refused = expect(run(ORDER, open)).rejects.toThrow('no answer within 20 seconds');
    await jest.advanceTimersByTimeAsync(21_000);
    await refused;
  });

  it.each<[string, () => StoresUnderTest | Promise<StoresUnderTest>]>([
    ['opening', () => Promise.reject(new Error('no connection'))],
    [
      'closing',
      () => ({
        ...storesWith(() => ({})),
        close() {
          throw new Error('no connection');
        },
      }),
    ],
  ])('the %s that fails, with the failure', async (_what, open) => {
    await expect(run(ORDER, open)).rejects.toThrow('no connection');
  });
});

it('the contract takes the arrays of another realm', async () => {
  const stores = storesWith((memory) => ({
    read: async (keys) => structuredClone(await memory.read(keys)),
    update: (keys, change) =>
      memory.update(keys, (values, now) => change(structuredClone(values), now)),
  }));
  await run('answers texts in the order of the keys', () => stores);
});
