import { expect, it } from '@jest/globals';
import { hasNewerLogin, type SessionState } from '../../lib/invalidation/session-record.ts';
import { byTime, ended, loginAt, NOTHING, saved } from '../support/session-states.ts';

it.each<[string, SessionState, number, boolean]>([
  ['of a later second', saved(loginAt(100)), 99, true],
  ['of the same second', saved(loginAt(100)), 100, false],
  ['of an earlier second', saved(loginAt(100)), 101, false],
  ['of another user', saved(loginAt(100, { subject: 'other' })), 99, false],
  ['that ended', ended(saved(loginAt(100)), byTime(100)).state, 99, false],
  ['that nobody saved', NOTHING, 99, false],
])(
  'tells of a login %s whether the session lives by a newer one',
  (_what, state, time, isNewer) => {
    expect(hasNewerLogin(state, loginAt(time))).toBe(isNewer);
  },
);
