import { describe, expect, it } from '@jest/globals';
import { deepFreeze } from '../../lib/token/deep-freeze.ts';
import { isNumericDate, secondOf } from '../../lib/token/numeric-date.ts';
import { isBearer, isBoundToKey, isDpop } from '../../lib/token/sender-constraint.ts';
import { sidOf } from '../../lib/token/sid.ts';
import {
  readTokenClaims,
  type TokenClaims,
  writeTokenClaims,
} from '../../lib/token/token-claims.ts';

describe('a NumericDate', () => {
  it.each<[unknown, boolean, number | undefined]>([
    [0, true, 0],
    [1_800_000_000.9, true, 1_800_000_000],
    [-1.5, true, -2],
    [99_999_999_999_999, true, 99_999_999_999_999],
    [1e14, false, undefined],
    [-1e14, false, undefined],
    [Infinity, false, undefined],
    [NaN, false, undefined],
    ['1800000000', false, undefined],
    [null, false, undefined],
    [undefined, false, undefined],
  ])('%p: %j, of the second %j', (value, isDate, second) => {
    expect([isNumericDate(value), secondOf(value)]).toEqual([isDate, second]);
  });
});

describe('the sid', () => {
  it.each<[unknown, string | undefined]>([
    ['sid-1', 'sid-1'],
    ['', undefined],
    [1, undefined],
    [undefined, undefined],
  ])('%j counts as %j', (sid, found) => {
    expect(sidOf({ sid })).toBe(found);
  });
});

describe('a type of tokens', () => {
  it.each<[unknown, boolean, boolean]>([
    ['Bearer', true, false],
    ['bearer', true, false],
    [undefined, true, false],
    [null, true, false],
    ['DPoP', false, true],
    ['dpop', false, true],
    ['', false, false],
    ['mac', false, false],
    [['bearer'], false, false],
    [['dpop'], false, false],
  ])('%j is Bearer: %j, is DPoP: %j', (type, bearer, dpop) => {
    expect([isBearer(type), isDpop(type)]).toEqual([bearer, dpop]);
  });

  it.each<[object, boolean]>([
    [{ cnf: { jkt: 'x' } }, true],
    [{ cnf: null }, true],
    [{ typ: 'DPoP' }, true],
    [{ typ: 'Bearer' }, false],
    [{}, false],
  ])('the claims %j are bound to a key: %j', (claims, isBound) => {
    expect(isBoundToKey({ ...claims })).toBe(isBound);
  });
});

describe('the claims in the entry of a saved token', () => {
  it('come back as they were written', () => {
    const claims: TokenClaims = { iss: 'https://op.example.com', sub: 'é', exp: 1, bound: true };
    expect(readTokenClaims(writeTokenClaims(claims))).toEqual(claims);
  });

  it.each(['', '{', 'null', '"iss"', '[]', '{}', '{"iss":1}'])('are none in %j', (text) => {
    expect(readTokenClaims(text)).toBeUndefined();
  });
});

describe('deepFreeze', () => {
  it('freezes what is inside too', () => {
    const value = { a: [{ b: 1 }], c: null, d: 'e' };
    expect(deepFreeze(value)).toBe(value);
    expect([value, value.a, value.a[0]].every(Object.isFrozen)).toBe(true);
  });
});
