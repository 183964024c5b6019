import { describe, expect, it } from '@jest/globals';
import {
  type Readings,
  type RefusingEntry,
  refusingEntry,
  type TokenTimes,
} from '../../lib/invalidation/judgement.ts';
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
const withoutSid = { login: loginAt(100, { session: '~without' }), claims: '' };
const upTo = (before: number) => ({ before, named: [] });

describe('refusingEntry of a token that was saved', () => {
  it.each<[string, RefusingEntry | undefined, Partial<TokenTimes>, Partial<Readings>]>([
    ['nothing ended', undefined, {}, {}],
    ['it was invalidated', 'token-invalidated', {}, { entry: { login: undefined, note: '' } }],
    ['its login is over', 'session-ended', {}, { entryVerdict: upTo(100) }],
    ['its login is named', 'session-ended', {}, { entryVerdict: { before: 99, named: ['id100'] } }],
    [
      'another login of its second is named',
      undefined,
      {},
      { entryVerdict: { before: 99, named: ['x'] } },
    ],
    ['an older login is over', undefined, {}, { entryVerdict: upTo(99) }],
    [
      'its user authenticated before the end that its login came after',
      undefined,
      { authTime: 1 },
      { entryVerdict: upTo(99), ownVerdict: upTo(99) },
    ],
    ['its subject ended', 'subject-ended', {}, { cutOff: { all: 100, withoutSid: -1 } }],
    ['its subject ended before', undefined, {}, { cutOff: { all: 99, withoutSid: -1 } }],
    ['the logins without a sid ended', undefined, {}, { cutOff: { all: -1, withoutSid: 100 } }],
    [
      'the logins without a sid ended, as one of them',
      'subject-ended',
      {},
      { entry: withoutSid, cutOff: { all: -1, withoutSid: 100 } },
    ],
    [
      'its own sid names another session that ended',
      'session-ended',
      { session: 'other' },
      { ownVerdict: upTo(90) },
    ],
    [
      'its own sid names another session that ended before it authenticated',
      undefined,
      { session: 'other' },
      { ownVerdict: upTo(89) },
    ],
    ['it has no sid', undefined, { session: undefined }, { ownVerdict: upTo(500) }],
    ['the memory began after its login', 'memory-lost', {}, { epoch: 100 }],
    ['the memory began before its login', undefined, {}, { epoch: 99 }],
    ['nobody knows when the memory began', 'memory-lost', {}, { epoch: Infinity }],
  ])('where %s: %s', (_where, expected, times, readings) => {
    expect(refusingEntry({ ...token, ...times }, { ...nothing, entry, ...readings })).toBe(
      expected,
    );
  });
});

describe('refusingEntry of a token that nobody saved', () => {
  it.each<[string, RefusingEntry | undefined, Partial<TokenTimes>, Partial<Readings>]>([
    ['nothing ended', undefined, {}, {}],
    ['its session ended after it authenticated', 'session-ended', {}, { ownVerdict: upTo(90) }],
    ['its session ended before it authenticated', undefined, {}, { ownVerdict: upTo(89) }],
    [
      'a login of the second of its authentication is named',
      'session-ended',
      {},
      { ownVerdict: { before: 89, named: ['x'] } },
    ],
    [
      'it does not say when it authenticated',
      'session-ended',
      { authTime: undefined },
      { ownVerdict: upTo(1) },
    ],
    ['it has no sid', undefined, { session: undefined }, {}],
    [
      'its subject ended after it authenticated',
      'subject-ended',
      {},
      { cutOff: { all: 90, withoutSid: -1 } },
    ],
    [
      'its subject ended before it authenticated',
      undefined,
      {},
      { cutOff: { all: 89, withoutSid: -1 } },
    ],
    [
      'its subject ended before it was issued',
      undefined,
      { authTime: undefined },
      { cutOff: { all: 99, withoutSid: -1 } },
    ],
    [
      'its subject ended after it was issued',
      'subject-ended',
      { authTime: undefined },
      { cutOff: { all: 100, withoutSid: -1 } },
    ],
    [
      'only the logins without a sid ended',
      undefined,
      { session: undefined },
      { cutOff: { all: -1, withoutSid: 500 } },
    ],
    [
      'it has no times, and its subject ended',
      'subject-ended',
      { authTime: undefined, issuedAt: undefined },
      { cutOff: { all: 0, withoutSid: -1 } },
    ],
    [
      'it has no times, and nothing ended',
      undefined,
      { authTime: undefined, issuedAt: undefined },
      {},
    ],
    ['the memory began after it authenticated', 'memory-lost', {}, { epoch: 90 }],
    ['the memory began before it authenticated', undefined, {}, { epoch: 89 }],
    ['nobody knows when the memory began', 'memory-lost', {}, { epoch: Infinity }],
  ])('where %s: %s', (_where, expected, times, readings) => {
    expect(refusingEntry({ ...token, ...times }, { ...nothing, ...readings })).toBe(expected);
  });
});
