import { describe, expect, it } from '@jest/globals';
import { refusingEntry } from '../../lib/invalidation/judgement.ts';
import type { Login } from '../../lib/invalidation/login.ts';
import { renewLogin } from '../../lib/invalidation/renew-login.ts';
import { saveLogin } from '../../lib/invalidation/save-login.ts';
import { settleEnd } from '../../lib/invalidation/settle-end.ts';
import type { SessionState } from '../../lib/invalidation/session-record.ts';
import {
  byFront,
  byLogin,
  byTime,
  byUnsaved,
  ended,
  loginAt,
  NOTHING,
  saved,
  tokensAt,
} from '../support/session-states.ts';

/** The login that ended, and the later one of the session that lives again. */
const [first, later] = [loginAt(100), loginAt(200)];

const live = saved(first);
const endedByLogout = settled(ended(live, byLogin(first), { answer: 'answer' }).state);
const endedByTime = settled(ended(live, byTime(100)).state);
const endedByFront = settled(ended(live, byFront(100), { claimant: 'front' }).state, 't');
const liveAgain = save(endedByTime, later).state;

function settled(state: SessionState, done = 'tr'): SessionState {
  const end = { event: '100 id100', done, keepsLogouts: true };
  return { ...state, record: settleEnd(state.record, end).state };
}

function save(state: SessionState, login: Login) {
  const tokens = tokensAt(login.time);
  return saveLogin(state, { login, owner: 'owner', clientId: 'web', tokens });
}

function rotate(state: SessionState, login: Login) {
  return renewLogin(state, { login, clientId: 'web', tokens: tokensAt(1) }).reply;
}

/** What comes of an end: whether it ended the session, whether that is told, and what its caller has to do. */
function endedWith(
  state: SessionState,
  how: Parameters<typeof ended>[1],
  claimant = how.by === 'front' ? 'front' : 'new:1',
): [status: string, told: boolean, left: string] {
  const { reply, published } = ended(state, how, { claimant, now: 1010 });
  const told = published.some((each) => 'ended' in each);
  return [reply.status, told, reply.record?.end?.left ?? ''];
}

function passes({ verdict }: SessionState, authTime: number | undefined): boolean {
  const token = { session: 'session', authTime, issuedAt: 500 };
  const readings = {
    entry: undefined,
    entryVerdict: undefined,
    cutOff: undefined,
    epoch: undefined,
  };
  return refusingEntry(token, { ...readings, ownVerdict: verdict }) === undefined;
}

describe('a save', () => {
  it.each([
    ['issued after the end', 'unknown', NOTHING, later, 'ok'],
    ['issued after the end', 'live', live, later, 'ok'],
    ['issued after the end', 'ended', endedByTime, later, 'ok'],
    ['issued after the end', 'live again', liveAgain, loginAt(201), 'ok'],
    ['issued by then', 'ended by a logout', endedByLogout, loginAt(99), 'over'],
    ['issued by then', 'ended by a time', endedByTime, loginAt(99), 'over'],
    ['issued by then', 'live again', liveAgain, loginAt(99), 'over'],
    ['of what ended', 'ended by a logout', endedByLogout, first, 'over'],
    ['of what ended', 'live again', liveAgain, first, 'over'],
    ['of the same second', 'ended by a logout', endedByLogout, loginAt(100, { id: 'x' }), 'ok'],
    ['of the same second', 'ended by a time', endedByTime, loginAt(100, { id: 'x' }), 'over'],
  ])('%s, of a session that is %s', (_which, _state, state, login, reply) => {
    expect(save(state, login).reply).toBe(reply);
  });

  it('lets an ended session live again, and drops what was pending', () => {
    const pending = ended(live, byTime(100)).state;
    expect(save(pending, later).state.record?.end).toBeUndefined();
  });
});

describe('a rotate', () => {
  it.each([
    ['unknown', NOTHING, first, 'unknown'],
    ['live', live, first, 'ok'],
    ['ended by a logout', endedByLogout, first, 'over'],
    ['ended by a time', endedByTime, first, 'over'],
    ['live again, for its own login', liveAgain, later, 'ok'],
    ['live again, for an older login', liveAgain, first, 'over'],
  ])('of a session that is %s', (_state, state, login, reply) => {
    expect(rotate(state, login)).toBe(reply);
  });
});

describe('a logout', () => {
  const nothing = ['repeat', false, ''];

  it.each([
    ['by its login', 'live', live, byLogin(first), ['ended', true, 'tr']],
    ['by an older login', 'ended', endedByTime, byLogin(loginAt(90)), nothing],
    [
      'by an older login',
      'held by the front channel',
      endedByFront,
      byLogin(loginAt(90)),
      ['repeat', false, 'r'],
    ],
    ['by an older login', 'live again', liveAgain, byLogin(first), nothing],
    ['by its new login', 'live again', liveAgain, byLogin(later), ['ended', true, 'tr']],
    ['by an unsaved token', 'unknown', NOTHING, byUnsaved(100, undefined), ['unknown', true, '']],
    ['by an unsaved token', 'live', live, byUnsaved(100, undefined), ['ended', true, 'tr']],
    ['by an unsaved token', 'ended', endedByTime, byUnsaved(150, undefined), nothing],
    ['by an unsaved token', 'live again', liveAgain, byUnsaved(250, undefined), nothing],
    [
      'by an unsaved token of a later authentication',
      'live again',
      liveAgain,
      byUnsaved(250, 101),
      ['ended', true, 'tr'],
    ],
  ])('%s, of a session that is %s', (_which, _state, state, how, expected) => {
    expect(endedWith(state, how)).toEqual(expected);
  });

  it('that comes again gets the record of the first, and what is left of it', () => {
    const before = ended(live, byLogin(first), { claimant: 'at:1', answer: 'answer' }).state;
    expect(endedWith(before, byLogin(first), 'at:1')).toEqual(['repeat', false, 'tr']);
    const { reply } = ended(endedByLogout, byLogin(first), { claimant: 'at:1' });
    expect(reply.record?.end).toMatchObject({ answer: 'answer', left: '' });
  });
});

describe('a Logout Token', () => {
  const within = byTime(100, { tolerance: 150 });

  it.each([
    ['of its time', 'unknown', NOTHING, byTime(100), ['unknown', true, '']],
    ['of its time', 'live', live, byTime(100), ['ended', true, 'tr']],
    ['of its time', 'ended', endedByTime, byTime(150), ['repeat', false, '']],
    ['of its time', 'held by the front channel', endedByFront, byTime(150), ['repeat', false, 'r']],
    ['of its time', 'live again', liveAgain, byTime(200), ['ended', true, 'tr']],
    ['of an earlier time', 'live', live, byTime(99), ['late', false, '']],
    [
      'of an earlier time within the tolerance',
      'live',
      live,
      byTime(99, { tolerance: 1 }),
      ['ended', true, 'tr'],
    ],
    ['of an earlier time', 'ended', endedByTime, byTime(99), ['repeat', false, '']],
    ['that comes again', 'live again', liveAgain, byTime(100), ['repeat', false, '']],
    [
      'that comes again, within the tolerance',
      'live again',
      liveAgain,
      within,
      ['repeat', false, ''],
    ],
    ['of an earlier time', 'live again', liveAgain, byTime(150), ['late', false, '']],
  ])('%s, of a session that is %s', (_which, _state, state, how, expected) => {
    expect(endedWith(state, how)).toEqual(expected);
  });

  it('is kept for what is saved later', () => {
    const { state } = ended(NOTHING, byTime(100));
    expect(save(state, first).reply).toBe('over');
    expect(save(ended(endedByTime, byTime(150)).state, loginAt(150)).reply).toBe('over');
  });
});

describe('the front channel', () => {
  it.each([
    ['unknown', NOTHING, ['nothing', false, '']],
    ['live', live, ['ended', true, 'th']],
    ['ended', endedByTime, ['nothing', false, '']],
    ['live again', liveAgain, ['ended', true, 'th']],
  ])('of a session that is %s', (_state, state, expected) => {
    expect(endedWith(state, byFront(300))).toEqual(expected);
  });
});

describe('a token that nobody saved', () => {
  it.each([
    ['unknown', NOTHING, undefined, true],
    ['live', live, undefined, true],
    ['ended', endedByTime, undefined, false],
    ['ended, with a later authentication', endedByTime, 101, true],
    ['ended by a logout, with an authentication of that second', endedByLogout, 100, false],
    ['ended by a logout, with a later authentication', endedByLogout, 101, true],
    ['live again', liveAgain, undefined, false],
    ['live again, with an unchanged authentication', liveAgain, 90, false],
    ['live again, with a later authentication', liveAgain, 101, true],
  ])('of a session that is %s', (_state, state, authTime, expected) => {
    expect(passes(state, authTime)).toBe(expected);
  });
});
