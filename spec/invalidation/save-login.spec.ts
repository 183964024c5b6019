import { describe, expect, it } from '@jest/globals';
import { type LoginToSave, saveLogin } from '../../lib/invalidation/save-login.ts';
import type { SessionState } from '../../lib/invalidation/session-record.ts';
import {
  byLogin,
  byTime,
  ended,
  loginAt,
  NOTHING,
  recordOf,
  saved,
  tokensAt,
} from '../support/session-states.ts';

function save(state: SessionState, login = loginAt(100), changes: Partial<LoginToSave> = {}) {
  const standard = { login, owner: 'owner', clientId: 'web', tokens: tokensAt(login.time) };
  return saveLogin(state, { ...standard, ...changes });
}

const ofWeb = (time: number) => ({ web: { ...tokensAt(time), time } });
const ofApp = { idToken: 'id-token-app', refreshToken: 'refresh-token-app' };

describe('saveLogin', () => {
  it('lets the session of a first login live', () => {
    expect(save(NOTHING)).toEqual({
      state: {
        verdict: undefined,
        record: {
          last: 100,
          ids: ['id100'],
          subject: 'user',
          owner: 'owner',
          tokens: ofWeb(100),
          end: undefined,
        },
      },
      reply: 'ok',
      published: [],
    });
  });

  it('keeps what a later login brings', () => {
    const { state, reply } = save(saved(loginAt(100)), loginAt(101));
    expect(reply).toBe('ok');
    expect(state.record).toMatchObject({ last: 101, ids: ['id101'], tokens: ofWeb(101) });
  });

  it('keeps the ids of all logins of the newest second, and the tokens of the last', () => {
    const { state } = save(saved(loginAt(100)), loginAt(100, { id: 'a' }), { tokens: ofApp });
    expect(state.record).toMatchObject({
      last: 100,
      ids: ['a', 'id100'],
      tokens: { web: { ...ofApp, time: 100 } },
    });
  });

  it.each([
    ['an older login', loginAt(99)],
    ['the same login again', loginAt(100)],
  ])('changes nothing for %s beside the newest, and prolongs the session', (_which, login) => {
    const before = saved(loginAt(100));
    const { state, reply } = save(before, login, { tokens: ofApp });
    expect([reply, state]).toEqual(['ok', before]);
    expect(state.record).not.toBe(before.record);
  });

  it.each([
    ['a later login', loginAt(101), { last: 101, ids: ['id101'] }],
    ['a login of the same second', loginAt(100, { id: 'a' }), { last: 100, ids: ['a', 'id100'] }],
    ['an older login', loginAt(99), { last: 100, ids: ['id100'] }],
  ])('keeps the tokens of each client: %s of another one', (_which, login, expected) => {
    const { state } = save(saved(loginAt(100)), login, { clientId: 'app', tokens: ofApp });
    const tokens = { ...ofWeb(100), app: { ...ofApp, time: login.time } };
    expect(state.record).toMatchObject({ ...expected, tokens });
    expect(Object.keys(recordOf(state).tokens)).toEqual(['web', 'app']);
  });

  it('keeps the newer tokens of a client whose logins are saved out of order beside a newer one', () => {
    const both = save(saved(loginAt(100)), loginAt(105), { clientId: 'app', tokens: ofApp }).state;
    const newer = save(both, loginAt(103)).state;
    const older = save(newer, loginAt(102)).state;
    const tokens = { ...ofWeb(103), app: { ...ofApp, time: 105 } };
    expect(older.record).toMatchObject({ last: 105, ids: ['id105'], tokens });
  });

  it.each([
    ['by its login', byLogin(loginAt(100))],
    ['by a time', byTime(100)],
  ])('refuses a login whose session ended %s, and changes nothing', (_how, how) => {
    const before = ended(saved(loginAt(100)), how).state;
    expect(save(before)).toEqual({ state: before, reply: 'over', published: [] });
    expect(save(before, loginAt(99)).reply).toBe('over');
  });

  it('refuses a login that ended before anybody saved it', () => {
    const before = ended(NOTHING, byTime(100)).state;
    expect(save(before).reply).toBe('over');
    expect(save(before, loginAt(101)).reply).toBe('ok');
  });

  it('spares another login of the second of a logout', () => {
    const before = ended(saved(loginAt(100)), byLogin(loginAt(100))).state;
    expect(save(before, loginAt(100, { id: 'later' })).reply).toBe('ok');
  });

  it('lets an ended session live again, with nothing of its earlier life', () => {
    const app = save(saved(loginAt(99)), loginAt(100), { clientId: 'app', tokens: ofApp }).state;
    const before = ended(app, byTime(100)).state;
    const { state } = save(before, loginAt(101));
    expect(state.record?.end).toBeUndefined();
    expect(recordOf(state).tokens).toEqual(ofWeb(101));
    expect(state.verdict).toEqual({ before: 100, named: [] });
  });

  it('ends the session of another user for a later login under the same sid', () => {
    const other = loginAt(101, { subject: 'other' });
    const { state, reply, published } = save(saved(loginAt(100)), other, {
      owner: 'new',
      clientId: 'app',
    });
    expect(reply).toBe('moved');
    expect(published).toEqual([
      { changed: 'session' },
      { ended: { event: '100 id100', claimant: '', owner: 'owner' } },
    ]);
    expect(state.verdict).toEqual({ before: 99, named: ['id100'] });
    expect(state.record).toMatchObject({ last: 101, subject: 'other', owner: 'new' });
    expect(Object.keys(recordOf(state).tokens)).toEqual(['app']);
  });

  it.each([99, 100])('refuses a login of another user that is not later (%i)', (time) => {
    const before = saved(loginAt(100));
    const other = loginAt(time, { subject: 'other', id: 'x' });
    expect(save(before, other)).toEqual({ state: before, reply: 'over', published: [] });
  });
});
