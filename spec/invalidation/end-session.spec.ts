import { describe, expect, it } from '@jest/globals';
import { saveLogin } from '../../lib/invalidation/save-login.ts';
import { settleEnd } from '../../lib/invalidation/settle-end.ts';
import {
  byFront,
  byLogin,
  byTime,
  byUnsaved,
  ended,
  loginAt,
  NOTHING,
  recordOf,
  saved,
  tokensAt,
} from '../support/session-states.ts';

const live = saved(loginAt(100));
const told = { ended: { event: '100 id100', claimant: 'at:1', owner: 'owner' } };
const changed = { changed: 'session' };

describe('endSession of a session that lives', () => {
  it('ends it by its login, and lets another login of that second be', () => {
    const { state, reply, published } = ended(live, byLogin(loginAt(100)), { answer: 'answer' });
    const end = {
      event: '100 id100',
      claimant: 'at:1',
      claimedAt: 1000,
      endedAt: 1000,
      answer: 'answer',
      left: 'tr',
    };
    expect(state.verdict).toEqual({ before: 99, named: ['id100'] });
    expect(state.record).toEqual({ ...live.record, end });
    expect(reply).toEqual({ status: 'ended', record: state.record, age: 0 });
    expect(published).toEqual([changed, told]);
  });

  it('ends all logins of its newest second with one of them', () => {
    const before = saved(loginAt(99), loginAt(100), loginAt(100, { id: 'b' }));
    const { state, published } = ended(before, byLogin(loginAt(99)));
    expect(state.verdict).toEqual({ before: 99, named: ['b', 'id100'] });
    expect(published).toEqual([changed, { ended: { ...told.ended, event: '100 b id100' } }]);
  });

  it.each([
    ['that second', byTime(100), { before: 100, named: [] }],
    ['a later time', byTime(107), { before: 107, named: [] }],
    [
      'an earlier time within the tolerance',
      byTime(95, { tolerance: 5 }),
      { before: 99, named: ['id100'] },
    ],
    ['the time of the front channel', byFront(100), { before: 100, named: [] }],
  ])('ends it by %s', (_which, how, verdict) => {
    const { state, reply, published } = ended(live, how);
    expect(reply.status).toBe('ended');
    expect(state.verdict).toEqual(verdict);
    expect(published).toEqual([changed, told]);
  });

  it('spares a login that is later than a time and its tolerance, and keeps the time', () => {
    const { state, reply, published } = ended(live, byTime(94, { tolerance: 5 }));
    expect(reply).toEqual({ status: 'late', record: undefined, age: 0 });
    expect(state).toEqual({ verdict: { before: 94, named: [] }, record: live.record });
    expect(published).toEqual([changed]);
  });

  it('does nothing for a front channel that is too early', () => {
    const { state, reply, published } = ended(live, byFront(99));
    expect([reply.status, state, published]).toEqual(['nothing', live, []]);
  });

  it('does nothing where a Logout Token names another user', () => {
    const { state, reply, published } = ended(live, byTime(100, { subject: 'other' }));
    expect([reply.status, state, published]).toEqual(['other-subject', live, []]);
    expect(ended(live, byTime(100, { subject: 'user' })).reply.status).toBe('ended');
  });

  it.each([
    ['with its session', byUnsaved(100, undefined), { before: 100, named: [] }],
    [
      'with its session, where it is older',
      byUnsaved(90, undefined),
      { before: 99, named: ['id100'] },
    ],
  ])('ends a token that nobody saved %s', (_which, how, verdict) => {
    const { state, reply } = ended(live, how);
    expect([reply.status, state.verdict]).toEqual(['ended', verdict]);
  });

  it('holds what the front channel must not revoke', () => {
    expect(ended(live, byFront(100)).state.record?.end?.left).toBe('th');
  });
});

describe('endSession where no session lives', () => {
  it.each([
    ['its login', byLogin(loginAt(100)), { before: 99, named: ['id100'] }],
    ['a token that nobody saved', byUnsaved(100, 90), { before: 100, named: [] }],
    ['a time', byTime(100), { before: 100, named: [] }],
  ])('keeps an end by %s for what is saved later, and publishes it', (_which, how, verdict) => {
    const { state, reply, published } = ended(NOTHING, how);
    expect(state).toEqual({ verdict, record: undefined });
    expect(reply).toEqual({ status: 'unknown', record: undefined, age: 0 });
    const event = 'unsaved session at:1';
    expect(published).toEqual([changed, { ended: { event, claimant: 'at:1', owner: 'owner' } }]);
  });

  it('publishes no end that is one of many of a subject', () => {
    expect(ended(NOTHING, byTime(100), { owner: '' }).published).toEqual([changed]);
  });

  it('does nothing for the front channel', () => {
    expect(ended(NOTHING, byFront(100))).toMatchObject({ state: NOTHING, published: [] });
  });

  it('ends a token of a later authentication that nobody saved', () => {
    const before = ended(NOTHING, byTime(100)).state;
    expect(ended(before, byUnsaved(120, 101)).reply.status).toBe('unknown');
    expect(ended(before, byUnsaved(120, 100)).reply.status).toBe('repeat');
    expect(ended(before, byUnsaved(120, undefined)).reply.status).toBe('repeat');
  });
});

describe('endSession of a session that ended', () => {
  const { state: before } = ended(live, byTime(100), { claimant: 'jti:1' });

  it.each([
    ['its login', byLogin(loginAt(100))],
    ['an older login', byLogin(loginAt(50))],
    ['the same time', byTime(100)],
    ['an earlier time', byTime(99)],
    ['the front channel', byFront(100)],
  ])('ends nothing more by %s', (_which, how) => {
    const { state, reply, published } = ended(before, how);
    expect([reply, state, published]).toEqual([
      { status: 'repeat', record: undefined, age: 0 },
      before,
      [],
    ]);
  });

  it('keeps a later time, and tells nobody again', () => {
    const { state, reply, published } = ended(before, byTime(101));
    expect([reply.status, published]).toEqual(['repeat', [changed]]);
    expect(state.verdict).toEqual({ before: 101, named: [] });
  });

  it('answers what is left to the same call', () => {
    const { reply, state } = ended(before, byTime(100), { claimant: 'jti:1', now: 1030 });
    expect(reply).toEqual({ status: 'repeat', record: before.record, age: 30 });
    expect(state).toEqual(before);
  });

  it.each([
    [1119, undefined],
    [1120, '100 id100'],
  ])('lets another signed end take over after the lease: at %i', (now, event) => {
    const { reply } = ended(before, byTime(100), { claimant: 'app', now });
    expect(reply.record?.end?.event).toBe(event);
  });

  it('counts the lease from the last claim, and the age from the end', () => {
    const taken = ended(before, byTime(100), { claimant: 'app', now: 1200 });
    expect(taken.reply.record?.end).toMatchObject({
      claimant: 'app',
      claimedAt: 1200,
      endedAt: 1000,
    });
    expect(taken.reply.age).toBe(200);
    const other = ended(taken.state, byLogin(loginAt(100)), { now: 1319 });
    expect(other.reply.record).toBeUndefined();
    const same = ended(taken.state, byTime(100), { claimant: 'jti:1', now: 1319 });
    expect(same.reply.record).toBeUndefined();
  });

  it('never lets the front channel take over', () => {
    expect(
      ended(before, byFront(200), { claimant: 'front', now: 9000 }).reply.record,
    ).toBeUndefined();
  });

  it('lets nobody take over what is settled', () => {
    const logout = ended(live, byLogin(loginAt(100)), { answer: 'answer' }).state;
    const done = { event: '100 id100', done: 'tr', keepsLogouts: true };
    const settled = { ...logout, record: settleEnd(logout.record, done).state };
    const other = ended(settled, byTime(100), { claimant: 'jti:1', now: 9000 });
    expect(other.reply.record).toBeUndefined();
    const again = ended(settled, byLogin(loginAt(100)), { answer: 'another', now: 1059 });
    expect(again.reply).toEqual({ status: 'repeat', record: settled.record, age: 59 });
    expect(again.reply.record?.end?.answer).toBe('answer');
  });
});

describe('endSession after the front channel', () => {
  const front = ended(live, byFront(100), { claimant: 'front' }).state;
  const done = { event: '100 id100', done: 't', keepsLogouts: true };
  const held = { ...front, record: settleEnd(front.record, done).state };

  it.each([
    ['a logout', byLogin(loginAt(100)), 'at:2'],
    ['a Logout Token', byTime(100), 'jti:1'],
    ['a Logout Token within the tolerance', byTime(98, { tolerance: 2 }), 'jti:1'],
  ])('lets %s revoke what is held, at once', (_which, how, claimant) => {
    const { reply, state, published } = ended(held, how, { claimant, now: 1001 });
    expect(reply.record?.end).toMatchObject({
      left: 'r',
      claimant,
      claimedAt: 1001,
      endedAt: 1000,
    });
    expect(reply.record).toEqual(state.record);
    expect(published.filter((each) => 'ended' in each)).toEqual([]);
    expect(recordOf(state).tokens).toEqual({ web: { ...tokensAt(100), time: 100 } });
  });

  it.each([
    ['a Logout Token of an earlier time', byTime(97, { tolerance: 2 })],
    ['a logout of another user', byLogin(loginAt(99, { subject: 'other' }))],
    ['the front channel again', byFront(101)],
  ])('leaves it held at %s', (_which, how) => {
    expect(ended(held, how, { claimant: 'jti:1', now: 9000 }).state.record?.end?.left).toBe('h');
  });
});

describe('endSession of a session that lives again', () => {
  const before = ended(live, byTime(100), { claimant: 'jti:1' }).state;
  const again = saveLogin(before, {
    login: loginAt(150),
    owner: 'owner',
    clientId: 'web',
    tokens: tokensAt(150),
  }).state;

  it.each([
    ['the Logout Token again', byTime(100)],
    ['the Logout Token again, with a tolerance', byTime(100, { tolerance: 60 })],
    ['the old login', byLogin(loginAt(100))],
    ['an old token that nobody saved', byUnsaved(140, 90)],
  ])('spares it at %s', (_which, how) => {
    const { reply, state } = ended(again, how, { claimant: 'jti:1' });
    expect([reply.status, reply.record, state]).toEqual(['repeat', undefined, again]);
  });

  it.each([
    ['its new login', byLogin(loginAt(150))],
    ['a later time', byTime(150)],
    ['a token of its new authentication', byUnsaved(151, 145)],
    ['the front channel', byFront(150)],
  ])('ends it by %s', (_which, how) => {
    expect(ended(again, how).reply.status).toBe('ended');
  });
});
