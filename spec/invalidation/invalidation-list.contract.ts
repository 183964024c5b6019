import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { InvalidationList } from '../../lib/index.ts';

export interface ListUnderTest {
  readonly list: InvalidationList;
  /** A list that another process of the same app would have. */
  readonly elsewhere: InvalidationList;
  readonly close: () => Promise<void>;
}

/** What every invalidation list must do. */
export function describeInvalidationList(name: string, start: () => Promise<ListUnderTest>): void {
  describe(name, () => {
    let under: ListUnderTest;

    beforeAll(async () => {
      under = await start();
    });

    afterAll(() => under.close());

    it('knows nothing that was not added', async () => {
      expect(await under.list.check(['unknown'])).toEqual([undefined]);
      expect(await under.list.check([])).toEqual([]);
    });

    it('answers one member per key, in the order of the keys', async () => {
      await under.list.add([
        { key: 'order-a', cutOff: 11, ttl: 60 },
        { key: 'order-b', cutOff: 22, ttl: 60 },
      ]);
      const keys = ['order-b', 'unknown', 'order-a', 'order-b'];
      expect(await under.list.check(keys)).toEqual([22, undefined, 11, 22]);
    });

    it('lists an entry without a cut-off', async () => {
      await under.list.add([{ key: 'token', ttl: 60 }]);
      expect(await under.list.check(['token'])).toEqual([expect.any(Number)]);
    });

    it('shows an addition to every other process as soon as it is made', async () => {
      await under.list.add([{ key: 'elsewhere', cutOff: 5, ttl: 60 }]);
      expect(await under.elsewhere.check(['elsewhere'])).toEqual([5]);
    });

    it('keeps the later of two cut-offs, whichever comes first', async () => {
      const later = 1_795_000_000_001;
      await under.list.add([{ key: 'cut-off', cutOff: later - 1, ttl: 60 }]);
      await under.list.add([{ key: 'cut-off', cutOff: later, ttl: 60 }]);
      await under.list.add([{ key: 'cut-off', cutOff: 7, ttl: 60 }]);
      expect(await under.list.check(['cut-off'])).toEqual([later]);
    });

    it('keeps the later of cut-offs that are added at the same time', async () => {
      const cutOffs = [3, 9, 4, 1, 8];
      await Promise.all(
        cutOffs.map((cutOff) => under.list.add([{ key: 'same-time', cutOff, ttl: 60 }])),
      );
      expect(await under.list.check(['same-time'])).toEqual([9]);
    });

    it('stores all entries of one addition', async () => {
      const keys = Array.from({ length: 200 }, (_, index) => `many-${index}`);
      await under.list.add(keys.map((key, cutOff) => ({ key, cutOff: cutOff + 1, ttl: 60 })));
      expect(await under.elsewhere.check(keys)).toEqual(keys.map((_, cutOff) => cutOff + 1));
    });

    it('drops an entry when its time is over, which starts anew with each addition', async () => {
      const [short, again] = [
        { key: 'short', cutOff: 1, ttl: 1 },
        { key: 'again', cutOff: 9, ttl: 1 },
      ];
      await under.list.add([short, again, { ...again, cutOff: 2, ttl: 60 }]);
      expect(await under.list.check(['short', 'again'])).toEqual([1, 9]);
      while ((await under.list.check(['short']))[0] !== undefined) {
        await setImmediate();
      }
      expect(await under.elsewhere.check(['short', 'again'])).toEqual([undefined, 9]);
    });
  });
}

/** Lists that tell of what is added. */
export interface WatchedListUnderTest extends ListUnderTest {
  readonly list: Required<InvalidationList>;
  readonly elsewhere: Required<InvalidationList>;
}

/** What an invalidation list with `watch` and `tell` must do beside. */
export function describeWatchedList(
  name: string,
  start: () => Promise<WatchedListUnderTest>,
): void {
  describe(`${name} that is watched`, () => {
    let under: WatchedListUnderTest;
    let told: string[];
    let cutOffs: Promise<(number | undefined)[]>[];
    let stop: () => void;

    beforeAll(async () => {
      under = await start();
      told = [];
      cutOffs = [];
      stop = under.list.watch({
        live: () => told.push('live'),
        lost: () => told.push('lost'),
        changed(keys) {
          told.push(...keys);
          cutOffs.push(under.list.check(keys));
        },
      });
      await untilTold('live');
    });

    afterAll(async () => {
      stop();
      await under.close();
    });

    async function untilTold(what: string): Promise<void> {
      while (!told.includes(what)) await setImmediate();
    }

    it('tells of the key of each own addition before it resolves', async () => {
      await under.list.add([
        { key: 'own-a', ttl: 60 },
        { key: 'own-b', ttl: 60 },
      ]);
      expect(told).toEqual(expect.arrayContaining(['own-a', 'own-b']));
    });

    it('tells of the key of each addition of another process', async () => {
      await under.elsewhere.add([
        { key: 'other-a', ttl: 60 },
        { key: 'other-b', ttl: 60 },
      ]);
      for (const key of ['other-a', 'other-b']) await untilTold(key);
    });

    it('tells of keys that it does not list', async () => {
      await under.list.tell(['told-here']);
      expect(told).toContain('told-here');
      await under.elsewhere.tell(['told-there']);
      await untilTold('told-there');
      const keys = ['told-here', 'told-there'];
      expect(await under.list.check(keys)).toEqual([undefined, undefined]);
    });

    it('tells of an addition after it is stored', async () => {
      const { length } = cutOffs;
      await under.list.add([{ key: 'own', cutOff: 7, ttl: 60 }]);
      await under.elsewhere.add([{ key: 'other', cutOff: 7, ttl: 60 }]);
      await untilTold('other');
      const found = await Promise.all(cutOffs.slice(length));
      expect(new Set(found.flat())).toEqual(new Set([7]));
    });

    it('tells of every addition in the time that it is live', async () => {
      const keys = Array.from({ length: 500 }, (_, index) => `every-${index}`);
      await Promise.all(keys.map((key) => under.elsewhere.add([{ key, ttl: 60 }])));
      await under.elsewhere.add([{ key: 'last', ttl: 60 }]);
      await untilTold('last');
      expect(told).toEqual(expect.arrayContaining(keys));
      expect(told).not.toContain('lost');
    });
  });
}
