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

    it('deletes records and sets', async () => {
      await under.store.set([{ key: 'deleted', value: 'x', ttl: 60 }]);
      await under.store.addMember('deleted-set', 'member', 60);
      await under.store.delete(['deleted', 'deleted-set', 'unknown']);
      expect(await under.store.get(['deleted'])).toEqual([undefined]);
      expect(await under.store.members('deleted-set')).toEqual([]);
    });

    it('keeps each member of a set once', async () => {
      await under.store.addMember('set', 'one', 60);
      await under.store.addMember('set', 'two', 60);
      await under.store.addMember('set', 'one', 60);
      expect((await under.store.members('set')).sort()).toEqual(['one', 'two']);
      expect(await under.store.members('unknown')).toEqual([]);
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
