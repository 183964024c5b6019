import { describe, expect, it } from '@jest/globals';
import { isRefused, type Readings, type TokenTimes } from '../../lib/invalidation/judgement.ts';
import { loginAt } from '../support/session-states.ts';

const token: TokenTimes = { session: 'session', authTime: 90, issuedAt: 100 };
const nothing: Readings = {
  entry: undefined,
  entryVerdict: undefined,
  ownVerdict: undefined,
  cutOff: undefined,
  epoch: undefined,
};
const entry = { login: loginAt(100), claims: '' };
const withoutSid = { login: loginAt(100, { session: '-without' }), claims: '' };
const upTo = (before: number) => ({ before, named: [] });

describe('isRefused of a token that was saved', () => {
  it.each<[string, boolean, Partial<TokenTimes>, Partial<Readings>]>([
    ['nothing ended', false, {}, {}],
    ['it was invalidated', true, {}, { entry: { login: undefined, note: '' } }],
    ['its login is over', true, {}, { entryVerdict: upTo(100) }],
    ['its login is named', true, {}, { entryVerdict: { before: 99, named: ['id100'] } }],
    [
      'another login of its second is named',
      false,
      {},
      { entryVerdict: { before: 99, named: ['x'] } },
    ],
    ['an older login is over', false, {}, { entryVerdict: upTo(99) }],
    [
      'its user authenticated before the end that its login came after',
      false,
      { authTime: 1 },
      { entryVerdict: upTo(99), ownVerdict: upTo(99) },
    ],
    ['its subject ended', true, {}, { cutOff: { all: 100, withoutSid: -1 } }],
    ['its subject ended before', false, {}, { cutOff: { all: 99, withoutSid: -1 } }],
    ['the logins without a sid ended', false, {}, { cutOff: { all: -1, withoutSid: 100 } }],
    [
      'the logins without a sid ended, as one of them',
      true,
      {},
      { entry: withoutSid, cutOff: { all: -1, withoutSid: 100 } },
    ],
    [
      'its own sid names another session that ended',
      true,
      { session: 'other' },
      { ownVerdict: upTo(90) },
    ],
    [
      'its own sid names another session that ended before it authenticated',
      false,
      { session: 'other' },
      { ownVerdict: upTo(89) },
    ],
    ['it has no sid', false, { session: undefined }, { ownVerdict: upTo(500) }],
    ['the memory began after its login', true, {}, { epoch: 100 }],
    ['the memory began before its login', false, {}, { epoch: 99 }],
    ['nobody knows when the memory began', true, {}, { epoch: Infinity }],
  ])('where %s: %s', (_where, expected, times, readings) => {
    expect(isRefused({ ...token, ...times }, { ...nothing, entry, ...readings })).toBe(expected);
  });
});

describe('isRefused of a token that nobody saved', () => {
  it.each<[string, boolean, Partial<TokenTimes>, Partial<Readings>]>([
    ['nothing ended', false, {}, {}],
    ['its session ended after it authenticated', true, {}, { ownVerdict: upTo(90) }],
    ['its session ended before it authenticated', false, {}, { ownVerdict: upTo(89) }],
    [
      'a login of the second of its authentication is named',
      true,
      {},
      { ownVerdict: { before: 89, named: ['x'] } },
    ],
    [
      'it does not say when it authenticated',
      true,
      { authTime: undefined },
      { ownVerdict: upTo(1) },
    ],
    ['it has no sid', false, { session: undefined }, {}],
    ['its subject ended after it authenticated', true, {}, { cutOff: { all: 90, withoutSid: -1 } }],
    [
      'its subject ended before it authenticated',
      false,
      {},
      { cutOff: { all: 89, withoutSid: -1 } },
    ],
    [
      'its subject ended before it was issued',
      false,
      { authTime: undefined },
      { cutOff: { all: 99, withoutSid: -1 } },
    ],
    [
      'its subject ended after it was issued',
      true,
      { authTime: undefined },
      { cutOff: { all: 100, withoutSid: -1 } },
    ],
    [
      'only the logins without a sid ended',
      false,
      { session: undefined },
      { cutOff: { all: -1, withoutSid: 500 } },
    ],
    [
      'it has no times, and its subject ended',
      true,
      { authTime: undefined, issuedAt: undefined },
      { cutOff: { all: 0, withoutSid: -1 } },
    ],
    ['it has no times, and nothing ended', false, { authTime: undefined, issuedAt: undefined }, {}],
    ['the memory began after it authenticated', true, {}, { epoch: 90 }],
    ['the memory began before it authenticated', false, {}, { epoch: 89 }],
    ['nobody knows when the memory began', true, {}, { epoch: Infinity }],
  ])('where %s: %s', (_where, expected, times, readings) => {
    expect(isRefused({ ...token, ...times }, { ...nothing, ...readings })).toBe(expected);
  });
});
