import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isJwt, loginKey, sessionKey, subjectKey, tokenKey } from '../../lib/token/token-keys.ts';
import { createSigner } from '../support/provider.ts';

const HEADER = Buffer.from('{"alg":"RS256"}').toString('base64url');

describe('tokenKey', () => {
  it('does not depend on the signature of a JWT', () => {
    expect(tokenKey(`${HEADER}.e30.AAAA`)).toBe(tokenKey(`${HEADER}.e30.AAAB`));
    expect(tokenKey(`${HEADER}.e30.AAAA`)).not.toBe(tokenKey(`${HEADER}.e31.AAAA`));
  });

  it('depends on all of an opaque token, dots or not', () => {
    expect(tokenKey('0.AXEA.secret-1')).not.toBe(tokenKey('0.AXEA.secret-2'));
    expect(tokenKey('opaque')).not.toBe(tokenKey('opaque='));
  });

  it('is 22 characters of base64url for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (token) => {
        expect(tokenKey(token)).toMatch(/^[\w-]{22}$/);
      }),
    );
  });
});

describe('isJwt', () => {
  it('recognises a signed token', async () => {
    expect(isJwt(await (await createSigner()).accessToken())).toBe(true);
  });

  it.each([
    '',
    'opaque',
    'a.b.c',
    'a.b',
    `${HEADER}.e30.`,
    `${HEADER}.e30.AA=`,
    ` ${HEADER}.e30.AA`,
  ])('does not take %j for one', (token) => {
    expect(isJwt(token)).toBe(false);
  });
});

describe('keys of sessions and subjects', () => {
  it('differ when any part differs, however the parts are cut', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        fc.pre(a !== c || b !== d);
        expect(sessionKey(a, b)).not.toBe(sessionKey(c, d));
        expect(subjectKey(a, b)).not.toBe(subjectKey(c, d));
      }),
    );
  });

  it('differ from each other for the same values', () => {
    const keys = [sessionKey('i', 'x'), subjectKey('i', 'x'), loginKey('i', 'x'), tokenKey('x')];
    expect(new Set(keys).size).toBe(4);
  });
});
