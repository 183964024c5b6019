import { describe, expect, it } from '@jest/globals';
import {
  isOfLaterLogin,
  type Readings,
  type RefusingEntry,
  refusingEntry,
  type TokenTimes,
} from '../../lib/invalidation/judgement.ts';
import type { CutOff } from '../../lib/invalidation/cut-off.ts';
import type { SessionState } from '../../lib/invalidation/session-record.ts';
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

describe('an ID Token after the end of its session', () => {
  const record = { last: 100, ids: ['id100'], subject: 'subject', owner: '', tokens: {} };
  const live = { record: { ...record, end: undefined }, verdict: undefined };
  const ended = {
    ...live.record,
    end: { event: '', claimant: '', claimedAt: 0, endedAt: 0, answer: '', left: '' },
  };
  const cutOff = { all: 90, withoutSid: -1 };

  it.each<[string, boolean, number, Partial<SessionState>, Partial<CutOff>?]>([
    ['the session was saved again, and none ended before', true, 100, {}],
    ['nobody saved the session again', false, 100, { record: undefined }],
    ['the session ended again', false, 100, { record: ended }],
    ['the session is of another user', false, 100, { record: { ...live.record, subject: 'x' } }],
    ['it was issued before the newest login', false, 99, { verdict: upTo(90) }],
    ['it was issued with the newest login', true, 100, { verdict: upTo(90) }],
    ['it was issued by a refresh of the newest login', true, 200, { verdict: upTo(90) }],
    ['it was issued in the last second that ended', false, 150, { verdict: upTo(150) }],
    ['it was issued in the next second', true, 151, { verdict: upTo(150) }],
    [
      'further logins of that second ended',
      false,
      151,
      { verdict: { before: 150, named: ['id151'] } },
    ],
    ['its user ended before', true, 100, {}, { all: 99 }],
    ['its user ended in the second of the newest login', false, 200, {}, { all: 100 }],
    ['its user ended in the second of the token', false, 99, {}, { all: 99 }],
    ['its user ended for logins without a sid alone', true, 100, {}, { withoutSid: 500 }],
  ])('where %s, is of a later login: %s', (_where, expected, time, state, changes = {}) => {
    const login = { subject: 'subject', time };
    expect(isOfLaterLogin(login, { ...live, ...state }, { ...cutOff, ...changes })).toBe(expected);
  });

  it('of the second 0 is of a later login where no end is known', () => {
    const first = { ...live, record: { ...live.record, last: 0 } };
    expect(isOfLaterLogin({ subject: 'subject', time: 0 }, first, undefined)).toBe(true);
  });
});
