import { afterEach, describe, expect, it } from '@jest/globals';
import { ByteCache } from '../../lib/token/byte-cache.ts';
import { letPass, resetClocks } from '../support/clock.ts';

const WHILE = { characters: 500, ttlMs: 60_000 };
const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

afterEach(resetClocks);

describe('ByteCache', () => {
  it('keeps as many values as fit, and forgets the one that was used longest ago', () => {
    // 500 bytes each, and 3 for each of their characters.
    const cache = new ByteCache(2 * 2000);
    cache.set('a', a, WHILE);
    cache.set('b', b, WHILE);
    expect([cache.get('b'), cache.get('a')]).toEqual([b, a]);
    cache.set('c', c, WHILE);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([a, undefined, c]);
  });

  it('counts what is longer for more', () => {
    const cache = new ByteCache(2 * 2000);
    cache.set('a', a, WHILE);
    cache.set('b', b, { ...WHILE, characters: 501 });
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, b]);
  });

  it('never answers one key for another with the same end', () => {
    const cache = new ByteCache(10_000);
    const [one, other] = [`1${'a'.repeat(32)}`, `2${'a'.repeat(32)}`];
    cache.set(one, a, WHILE);
    expect([cache.get(one), cache.get(other), cache.get('a'.repeat(32))]).toEqual([
      a,
      undefined,
      undefined,
    ]);
    cache.set(other, b, WHILE);
    expect([cache.get(one), cache.get(other)]).toEqual([undefined, b]);
  });

  it('answers a value until its time is over', () => {
    const cache = new ByteCache(10_000);
    cache.set('a', a, WHILE);
    letPass(59_000);
    expect(cache.get('a')).toBe(a);
    letPass(1000);
    expect(cache.get('a')).toBeUndefined();
  });

  it('gives no room to a value whose time is over', () => {
    const cache = new ByteCache(2 * 2000);
    cache.set('a', a, { ...WHILE, ttlMs: 1000 });
    cache.set('b', b, WHILE);
    letPass(1000);
    expect(cache.get('a')).toBeUndefined();
    cache.set('c', c, WHILE);
    expect([cache.get('b'), cache.get('c')]).toEqual([b, c]);
  });

  it('keeps nothing that does not fit by itself, nor what is over', () => {
    const cache = new ByteCache(2000);
    cache.set('a', a, WHILE);
    cache.set('b', b, { ...WHILE, characters: 501 });
    cache.set('c', c, { ...WHILE, ttlMs: 0 });
    cache.set('d', c, { ...WHILE, ttlMs: -1 });
    const kept = ['a', 'b', 'c', 'd'].map((key) => cache.get(key));
    expect(kept).toEqual([a, undefined, undefined, undefined]);
  });
});
