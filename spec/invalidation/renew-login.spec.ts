import { describe, expect, it } from '@jest/globals';
import type { Login } from '../../lib/invalidation/login.ts';
import { renewLogin } from '../../lib/invalidation/renew-login.ts';
import { saveLogin } from '../../lib/invalidation/save-login.ts';
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

const fresh = { idToken: 'id-token-new', refreshToken: 'refresh-token-new' };

function renew(state: SessionState, login: Login, tokens = fresh, clientId = 'web') {
  return renewLogin(state, { login, clientId, tokens });
}

describe('renewLogin', () => {
  it('keeps the new tokens of the newest login', () => {
    const { state, reply, published } = renew(saved(loginAt(100)), loginAt(100));
    expect([reply, published]).toEqual(['ok', []]);
    expect(recordOf(state).tokens).toEqual({ web: { ...fresh, time: 100 } });
  });

  it.each([
    [
      { ...fresh, idToken: '' },
      { idToken: 'id-token-100', refreshToken: 'refresh-token-new' },
    ],
    [
      { ...fresh, refreshToken: '' },
      { idToken: 'id-token-new', refreshToken: 'refresh-token-100' },
    ],
  ])('keeps the old token where there is no new one', (tokens, expected) => {
    const { state } = renew(saved(loginAt(100)), loginAt(100), tokens);
    expect(recordOf(state).tokens).toEqual({ web: { ...expected, time: 100 } });
  });

  it('only prolongs the session for an older login', () => {
    const before = saved(loginAt(100), loginAt(101));
    const { state, reply } = renew(before, loginAt(100));
    expect([reply, state]).toEqual(['ok', before]);
    expect(state.record).not.toBe(before.record);
  });

  it("keeps the new tokens of a client's newest login beside a newer one of another client", () => {
    const later = { login: loginAt(105), owner: 'owner', clientId: 'app', tokens: tokensAt(105) };
    const both = saveLogin(saved(loginAt(100)), later).state;
    const { state, reply } = renew(both, loginAt(100));
    expect(reply).toBe('ok');
    const tokens = { web: { ...fresh, time: 100 }, app: { ...tokensAt(105), time: 105 } };
    expect(state.record).toMatchObject({ last: 105, tokens });
  });

  it.each([
    ['by its login', byLogin(loginAt(100))],
    ['by a time', byTime(100)],
  ])('refuses a login whose session ended %s', (_how, how) => {
    const before = ended(saved(loginAt(100)), how).state;
    expect(renew(before, loginAt(100))).toEqual({ state: before, reply: 'over', published: [] });
  });

  it('refuses an older login of a session that ended and lives again, and takes the newer one', () => {
    const before = ended(saved(loginAt(100)), byTime(100)).state;
    const later = { login: loginAt(101), owner: 'owner', clientId: 'web', tokens: tokensAt(101) };
    const again = saveLogin(before, later).state;
    expect(renew(again, loginAt(100)).reply).toBe('over');
    expect(renew(again, loginAt(101)).reply).toBe('ok');
  });

  it.each([
    ['nobody saved', NOTHING, loginAt(100)],
    ['is another user’s', saved(loginAt(100)), loginAt(100, { subject: 'other' })],
    ['is later than those that were saved', saved(loginAt(100)), loginAt(101)],
    [
      'is of the same second as those that were saved',
      saved(loginAt(100)),
      loginAt(100, { id: 'x' }),
    ],
    [
      'belongs to a session that ended without it',
      ended(saved(loginAt(100)), byTime(100)).state,
      loginAt(101),
    ],
  ])('does not know a login that %s', (_which, before, login) => {
    expect(renew(before, login)).toEqual({ state: before, reply: 'unknown', published: [] });
  });
});
