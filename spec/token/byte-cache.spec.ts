import { describe, expect, it } from '@jest/globals';
import { ByteCache } from '../../lib/token/byte-cache.ts';

const WHILE = { characters: 500, ttlMs: 60_000 };
const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

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
