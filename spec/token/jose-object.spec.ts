import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  beginsWithObject,
  decodeObject,
  isCanonical,
  isTooDeep,
} from '../../lib/token/jose-object.ts';
import { encode, nestedJson } from '../support/raw-signer.ts';

describe('isCanonical', () => {
  it('is true of what base64url writes, and of no other spelling of it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('=', ' ', '\n', '.', '+', '/'),
        (bytes, other) => {
          const segment = encode(bytes);
          expect([isCanonical(segment), isCanonical(segment + other)]).toEqual([true, false]);
        },
      ),
    );
    expect([isCanonical('AA'), isCanonical('AB'), isCanonical('A')]).toEqual([true, false, false]);
  });
});

describe('decodeObject', () => {
  it('decodes any JSON object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 20 })), (members) => {
        const json = JSON.stringify(members);
        expect(decodeObject(encode(json))).toEqual(JSON.parse(json));
      }),
    );
  });

  it.each<[string, string]>([
    ['padded', `${encode('{"a":12}')}=`],
    ['no UTF-8', encode(Buffer.from('{"a":"\xff"}', 'latin1'))],
    ['no JSON', encode('{')],
    ['an array', encode([])],
    ['null', encode('null')],
    ['a text', encode('"a"')],
    ['deeper than 32 levels', encode(nestedJson(33))],
    ['nothing', ''],
  ])('decodes nothing that is %s', (_what, segment) => {
    expect(decodeObject(segment)).toBeUndefined();
  });
});

describe('beginsWithObject', () => {
  it.each<[string, boolean]>([
    [encode({ alg: 'none' }), true],
    [`${encode({ a: 12 })}==`, true],
    [` "${encode({ a: 1 })}\n.x.y`, true],
    [encode({ a: '???>>>' }).replaceAll('_', '/').replaceAll('-', '+'), true],
    [`x.${encode({})}`, false],
    [encode('[]'), false],
    [encode('null'), false],
    ['opaque', false],
    ['', false],
  ])('of %j is %j, in any spelling', (text, begins) => {
    expect(beginsWithObject(text)).toBe(begins);
  });
});

describe('isTooDeep', () => {
  it.each<[unknown, boolean]>([
    [JSON.parse(nestedJson(32)), false],
    [JSON.parse(nestedJson(33)), true],
    [JSON.parse(`{"first":1,"a":${'['.repeat(32)}${']'.repeat(32)}}`), true],
    [JSON.parse(`${'['.repeat(32)}null,"a"${']'.repeat(32)}`), false],
    ['a', false],
    [null, false],
  ])('of %j is %j', (value, isDeep) => {
    expect(isTooDeep(value)).toBe(isDeep);
  });
});
