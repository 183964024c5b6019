import { describe, expect, it } from '@jest/globals';
import { saveLogin } from '../../lib/invalidation/save-login.ts';
import { settleEnd } from '../../lib/invalidation/settle-end.ts';
import {
  byFront,
  byTime,
  ended,
  loginAt,
  recordOf,
  saved,
  tokensAt,
} from '../support/session-states.ts';

const event = '100 id100';
const app = { login: loginAt(99), owner: 'owner', clientId: 'app', tokens: tokensAt(99) };
const live = saveLogin(saved(loginAt(100)), app).state;
const ofTime = recordOf(ended(live, byTime(100)).state);
const ofLogout = recordOf(ended(live, byTime(100), { answer: 'answer' }).state);
const ofFront = recordOf(ended(live, byFront(100)).state);

function settle(record: typeof ofTime | undefined, done: string, changes = {}) {
  return settleEnd(record, { event, done, keepsLogouts: true, ...changes }).state;
}

const refreshTokens = (record: typeof ofTime | undefined) =>
  Object.values(record?.tokens ?? {}).map(({ refreshToken }) => refreshToken);

describe('settleEnd', () => {
  it.each([
    ['told', ofTime, 't', 'r'],
    ['revoked', ofTime, 'r', 't'],
    ['told, and is held', ofFront, 't', 'h'],
  ])('removes what was %s', (_what, record, done, left) => {
    expect(settle(record, done)?.end?.left).toBe(left);
  });

  it('keeps the refresh tokens of all clients while one may have to be revoked', () => {
    const kept = ['refresh-token-100', 'refresh-token-99'];
    expect(refreshTokens(settle(ofTime, 't'))).toEqual(kept);
    expect(refreshTokens(settle(ofFront, 't'))).toEqual(kept);
  });

  it('drops the refresh tokens of all clients once none has to be revoked', () => {
    expect(refreshTokens(settle(ofTime, 'r'))).toEqual(['', '']);
  });

  it('drops the record once it is settled', () => {
    expect(settle(ofTime, 'tr')).toBeUndefined();
    expect(settle(settle(ofTime, 'r'), 't')).toBeUndefined();
  });

  it('keeps the settled record of a logout, without its refresh tokens, for its repetition', () => {
    const settled = settle(ofLogout, 'tr');
    expect(settled?.end).toMatchObject({ answer: 'answer', left: '' });
    expect(refreshTokens(settled)).toEqual(['', '']);
    expect(settled?.tokens.web?.idToken).toBe('id-token-100');
  });

  it('drops the record of a logout at once where no repetition is answered', () => {
    expect(settle(ofLogout, 'tr', { keepsLogouts: false })).toBeUndefined();
  });

  it.each([
    ['another end', ofTime, { event: '99 id99' }],
    ['a session that lives', live.record, {}],
    ['a session that nobody saved', undefined, {}],
    ['what was done before', settle(ofTime, 'r'), { done: 'r' }],
    ['a settled logout', settle(ofLogout, 'tr'), {}],
  ])('changes nothing of %s', (_which, record, changes) => {
    expect(settle(record, 'tr', changes)).toBe(record);
  });
});
