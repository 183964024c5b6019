import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evidenceOf, evidenceOfTime } from '../../lib/token/evidence.ts';
import { resetClocks, setTime } from '../support/clock.ts';
import { encode } from '../support/raw-signer.ts';

const TOKEN = 'head.body-of-it.signature';
const SUSPECT = { text: TOKEN, claims: {} };
const WITHHELD = '(withheld)';

function foundOf(found: unknown, claims: object = {}): string | undefined {
  return evidenceOf({ text: TOKEN, claims: { ...claims } }, 'aud', { found }).found;
}

describe('evidenceOf', () => {
  it('tells the claim, what is expected and what is found', () => {
    const one = { expected: 'https://api.example.com', found: 'other' };
    expect(evidenceOf(SUSPECT, 'aud', one)).toEqual({ claim: 'aud', ...one });
    const several = { expected: ['a', 'b'], found: ['c', 'd'] };
    const joined = { claim: 'aud', expected: 'a, b', found: 'c, d' };
    expect(evidenceOf(SUSPECT, 'aud', several)).toEqual(joined);
  });

  it('tells the claim alone where nothing is expected nor found', () => {
    expect(evidenceOf(SUSPECT, 'aud')).toStrictEqual({
      claim: 'aud',
      expected: undefined,
      found: undefined,
    });
  });

  it.each([
    ...['iss', 'aud', 'client_id', 'azp', 'cid', 'appid', 'scope', 'scp', 'alg', 'enc', 'zip'],
    ...['kid', 'typ', 'token_type', 'token_use', 'tokenName', 'purpose'],
  ])('tells what is found in %s', (claim) => {
    expect(evidenceOf(SUSPECT, claim, { found: 'x' }).found).toBe('x');
  });

  it.each(['sub', 'sid', 'nonce', 'email', 'crit', 'jwk', 'anything'])(
    'tells nothing of what is found in %s',
    (claim) => {
      expect(evidenceOf(SUSPECT, claim, { found: 'x' })).toHaveProperty('found', undefined);
    },
  );

  it.each<[unknown, string]>([
    ['', ''],
    [null, 'null'],
    [1, '1'],
    [false, 'false'],
    [{ a: 'secret' }, 'object'],
    [['a', 1, null, ['secret'], {}], 'a, 1, null, object, object'],
    ['é\n\u007f~ ', '???~ '],
    ['-'.repeat(64), '-'.repeat(64)],
    ['a '.repeat(100), 'a '.repeat(100)],
    [Array(21).fill('a'), Array(20).fill('a').join(', ')],
    [Array(20).fill('a'.repeat(20)), Array(20).fill('a'.repeat(20)).join(', ').slice(0, 200)],
    ['a.b', 'a.b'],
    [`${'a'.repeat(19)}.${'b'.repeat(20)}`, `${'a'.repeat(19)}.${'b'.repeat(20)}`],
    [`${'a'.repeat(20)}.${'b'.repeat(19)}`, `${'a'.repeat(20)}.${'b'.repeat(19)}`],
  ])('prints %j as %j', (found, text) => {
    expect(foundOf(found)).toBe(text);
  });

  it('prints what is expected in 200 characters of ASCII at most', () => {
    const { expected } = evidenceOf(SUSPECT, 'sub', { expected: [`é${'a'.repeat(198)}`, 'b'] });
    expect(expected).toBe(`?${'a'.repeat(198)},`);
  });

  it.each<[string, unknown]>([
    ['too long', `${'a '.repeat(100)}a`],
    ['too long, among others', ['a', `${'a '.repeat(100)}a`]],
    ['an address', 'alice@example.com'],
    ['the beginning of a JWT', 'eyJ'],
    ['many letters as in a signature', 'aZ0-_'.repeat(13)],
    ['a part of a JWT', `${'a'.repeat(20)}.${'b'.repeat(20)}`],
    ['a JSON object in base64url', `x ${encode(' {"a":1}')} y`],
    ['the token', TOKEN],
    ['the token, among others', ['x', `<${TOKEN}>`]],
    ['the header of the token', 'head'],
    ['the claims of the token', 'my body-of-it'],
    ['the signature of the token', 'signature'],
  ])('withholds what is, or has, %s', (_what, found) => {
    expect(foundOf(found)).toBe(WITHHELD);
  });

  it('withholds a secret that came apart, or together, by the commas', () => {
    expect(foundOf(['al', 'ice'], { sub: 'al, ice' })).toBe(WITHHELD);
    expect(foundOf('al\u00e9ce', { sub: 'al?ce' })).toBe(WITHHELD);
    expect(foundOf(['\u00e9'.repeat(3)], { sub: '\u00e9'.repeat(3) })).toBe(WITHHELD);
  });

  it.each([
    ...['sub', 'sid', 'jti', 'nonce', 'email', 'phone_number', 'upn', 'oid', 'unique_name'],
    ...['name', 'given_name', 'family_name', 'nickname', 'preferred_username', 'username'],
  ])('withholds the %s of the user, wherever it stands', (name) => {
    expect(foundOf('for alice', { [name]: 'alice' })).toBe(WITHHELD);
    expect(foundOf('for alice', { [name]: ['x', 'alice'] })).toBe(WITHHELD);
    expect(foundOf('for 1234', { [name]: 1234 })).toBe(WITHHELD);
  });

  it('withholds one or two letters of the user only where they stand alone', () => {
    expect(foundOf('al', { sub: 'al' })).toBe(WITHHELD);
    expect(foundOf(['x', 'al'], { sub: 'al' })).toBe(WITHHELD);
    expect(foundOf('also', { sub: 'al' })).toBe('also');
    expect([foundOf('', { sub: '' }), foundOf('also', { sub: '' })]).toEqual(['', 'also']);
    expect(foundOf('falsetto', { sub: false, sid: { a: 1 } })).toBe('falsetto');
    expect(foundOf('also', { sub: 'als' })).toBe(WITHHELD);
  });

  it('tells nothing of the user and the token, whatever the sender wrote', () => {
    const secret = fc.string({ minLength: 3, maxLength: 20 });
    const part = fc.oneof(fc.constant('SECRET'), fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(secret, fc.array(part, { maxLength: 4 }), (sub, parts) => {
        const found = parts.map((each) => (each === 'SECRET' ? sub : each));
        const told = foundOf(found, { sub }) ?? '';
        expect(told).toMatch(/^[\x20-\x7e]{0,200}$/);
        if (told !== WITHHELD) expect(told).not.toContain(sub);
      }),
    );
  });
});

describe('evidenceOfTime', () => {
  beforeEach(() => {
    setTime(1_800_000_000_400);
  });

  afterEach(resetClocks);

  it.each<[number, string]>([
    [-60, '60 s ago'],
    [0, '0 s ago'],
    [0.5, '0 s ago'],
    [1, 'in 1 s'],
    [60, 'in 60 s'],
  ])('tells of a time %d seconds from now: %s', (offset, found) => {
    const evidence = { claim: 'exp', expected: 'later' };
    expect(evidenceOfTime('exp', 1_800_000_000 + offset, 'later')).toEqual({ ...evidence, found });
  });
});
