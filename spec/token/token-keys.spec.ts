import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAccessToken } from '../../lib/token/access-token-text.ts';
import { readJwt } from '../../lib/token/jwt.ts';
import {
  accessTokenKey,
  idTokenKey,
  loginKey,
  logoutTokenKey,
  ownerKeys,
  refreshTokenKey,
  sessionKey,
  stateKey,
  subjectKey,
} from '../../lib/token/token-keys.ts';

const HEADER = Buffer.from('{"alg":"RS256"}').toString('base64url');
const EMPTY = Buffer.from('{}').toString('base64url');
const OTHER = Buffer.from('{"a":1}').toString('base64url');

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('It cannot be read');
  return value;
}

function keyOf(text: string): string {
  return accessTokenKey(known(readAccessToken(text)));
}

describe('accessTokenKey', () => {
  it('does not depend on the signature of a JWT', () => {
    expect(keyOf(`${HEADER}.${EMPTY}.AAAA`)).toBe(keyOf(`${HEADER}.${EMPTY}.AAAB`));
    expect(keyOf(`${HEADER}.${EMPTY}.AAAA`)).not.toBe(keyOf(`${HEADER}.${OTHER}.AAAA`));
  });

  it('depends on all of an opaque token, dots or not', () => {
    expect(keyOf('0.AXEA.secret-1')).not.toBe(keyOf('0.AXEA.secret-2'));
    expect(keyOf('opaque')).not.toBe(keyOf('opaque='));
  });

  it('is 22 characters of base64url for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(keyOf(text)).toMatch(/^[\w-]{22}$/);
      }),
    );
  });

  it('of an opaque token is never that of a JWT, not of its signing input either', () => {
    const jwt = known(readAccessToken(`${HEADER}.${EMPTY}.AAAA`));
    const text = `${HEADER}.${EMPTY}`;
    expect(accessTokenKey({ kind: 'opaque', text })).not.toBe(accessTokenKey(jwt));
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
});

describe('keys of one text', () => {
  it('differ from kind to kind', () => {
    const text = `${HEADER}.${EMPTY}.AAAA`;
    const keys = [
      keyOf(text),
      accessTokenKey({ kind: 'opaque', text }),
      accessTokenKey({ kind: 'opaque', text: `${HEADER}.${EMPTY}` }),
      idTokenKey(known(readJwt(text))),
      refreshTokenKey(text),
      stateKey(text),
      sessionKey('i', text),
      subjectKey('i', text),
      loginKey('i', text),
      logoutTokenKey('i', text),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).toMatch(/^[\w-]{22}$/);
  });
});

describe('ownerKeys', () => {
  it.each<[object, string | undefined, string | undefined]>([
    [{ sub: 'alice', sid: 'sid-1' }, 'alice', 'sid-1'],
    [{ sub: 'alice' }, 'alice', undefined],
    [{ sid: 'sid-1' }, undefined, 'sid-1'],
    [{ sub: '', sid: '' }, undefined, undefined],
    [{ sub: 1, sid: 1 }, undefined, undefined],
  ])('of the claims %j are those of the subject %j and the session %j', (claims, sub, sid) => {
    expect(ownerKeys('i', { ...claims })).toEqual({
      subjectKey: sub && subjectKey('i', sub),
      sessionKey: sid && sessionKey('i', sid),
    });
  });
});
