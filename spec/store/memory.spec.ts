import { afterEach, expect, it, jest } from '@jest/globals';
import { MemoryStore } from '../../lib/store/memory.ts';
import { setTime } from '../support/clock.ts';

afterEach(() => {
  jest.useRealTimers();
});

it.each([-1, 1])('MemoryStore goes by no clock that can be set: %i day', async (days) => {
  const store = new MemoryStore();
  const told: number[] = [];
  const tell = () =>
    store.update(['key'], (_values, now) => {
      told.push(now);
      const writes = [{ key: 'key', value: 'text', ttl: 60 }];
      return { result: undefined, writes, messages: [] };
    });
  await tell();
  setTime(Date.now() + days * 24 * 3600 * 1000);
  expect(await store.read(['key'])).toEqual(['text']);
  await tell();
  const [before = 0, after = 0] = told;
  expect(after).toBeGreaterThanOrEqual(before);
  expect(after).toBeLessThan(before + 3600);
});
