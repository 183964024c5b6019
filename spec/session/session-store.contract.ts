import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SessionStore } from '../../lib/index.ts';

export interface StoreUnderTest {
  readonly store: SessionStore;
  readonly close: () => Promise<void>;
}

/** What every session store must do. */
export function describeSessionStore(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let under: StoreUnderTest;

    beforeAll(async () => {
      under = await start();
    });

    afterAll(() => under.close());

    it('answers one value per key, in the order of the keys', async () => {
      await under.store.set([
        { key: 'a', value: 'one', ttl: 60 },
        { key: 'b', value: '{"two":"\u00e9 \\""}', ttl: 60 },
      ]);
      const values = await under.store.get(['b', 'unknown', 'a']);
      expect(values).toEqual(['{"two":"\u00e9 \\""}', undefined, 'one']);
    });

    it('replaces a record that is there', async () => {
      await under.store.set([{ key: 'replaced', value: 'old', ttl: 60 }]);
      await under.store.set([{ key: 'replaced', value: 'new', ttl: 60 }]);
      expect(await under.store.get(['replaced'])).toEqual(['new']);
    });

    it('keeps each member of a set once', async () => {
      await under.store.addMember('set', 'one', 60);
      await under.store.addMember('set', 'two', 60);
      await under.store.addMember('set', 'one', 60);
      expect((await under.store.members('set')).sort()).toEqual(['one', 'two']);
      expect(await under.store.members('unknown')).toEqual([]);
    });

    it('adds a record where there is none, and leaves one that is there', async () => {
      expect(await under.store.add({ key: 'added', value: 'first', ttl: 60 })).toBe(true);
      expect(await under.store.add({ key: 'added', value: 'second', ttl: 60 })).toBe(false);
      await under.store.set([{ key: 'known', value: 'set', ttl: 60 }]);
      expect(await under.store.add({ key: 'known', value: 'added', ttl: 60 })).toBe(false);
      expect(await under.store.get(['added', 'known'])).toEqual(['first', 'set']);
    });

    it('adds a record for one of all who come at the same time', async () => {
      const values = Array.from({ length: 20 }, (_, index) => `caller ${index}`);
      const added = await Promise.all(
        values.map((value) => under.store.add({ key: 'contested', value, ttl: 60 })),
      );
      expect(added.filter(Boolean)).toEqual([true]);
      expect(await under.store.get(['contested'])).toEqual([values[added.indexOf(true)]]);
    });

    it('adds a record again where the last one was taken', async () => {
      for (const value of ['first', 'second']) {
        expect(await under.store.add({ key: 'again', value, ttl: 60 })).toBe(true);
        expect(await under.store.take('again')).toBe(value);
      }
    });

    it('takes a value once', async () => {
      await under.store.set([{ key: 'taken', value: '{"a":1}', ttl: 60 }]);
      expect(await under.store.take('taken')).toBe('{"a":1}');
      expect(await under.store.take('taken')).toBeUndefined();
      expect(await under.store.get(['taken'])).toEqual([undefined]);
      expect(await under.store.take('unknown')).toBeUndefined();
    });

    it('gives a value to one of all who take it at the same time', async () => {
      await under.store.set([{ key: 'prize', value: 'x', ttl: 60 }]);
      const taken = await Promise.all(Array.from({ length: 20 }, () => under.store.take('prize')));
      expect(taken.filter((value) => value !== undefined)).toEqual(['x']);
    });

    it('drops what was added when its time is over: then nobody takes it, and it can be added again', async () => {
      const record = { key: 'short-add', value: 'x', ttl: 1 };
      await under.store.set([{ key: 'short-take', value: 'x', ttl: 1 }]);
      expect(await under.store.add(record)).toBe(true);
      while ((await under.store.get(['short-add', 'short-take'])).some(Boolean)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await under.store.take('short-take')).toBeUndefined();
      expect(await under.store.add({ ...record, ttl: 60 })).toBe(true);
      expect(await under.store.get(['short-add'])).toEqual(['x']);
    });

    it('drops records and members when their time is over', async () => {
      await under.store.set([{ key: 'short', value: 'x', ttl: 1 }]);
      await under.store.addMember('short-set', 'short', 1);
      await under.store.addMember('short-set', 'long', 60);
      expect(await under.store.get(['short'])).toEqual(['x']);
      while (
        (await under.store.get(['short']))[0] !== undefined ||
        (await short(under)).length > 1
      ) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await short(under)).toEqual(['long']);
    });
  });
}

function short({ store }: StoreUnderTest): Promise<string[]> {
  return store.members('short-set');
}
