import type { EndReply, SessionToEnd } from '../../lib/invalidation/end-session.ts';
import { endSession } from '../../lib/invalidation/end-session.ts';
import type {
  EndByFront,
  EndByLogin,
  EndByTime,
  HowToEnd,
} from '../../lib/invalidation/how-to-end.ts';
import type { Login } from '../../lib/invalidation/login.ts';
import { saveLogin } from '../../lib/invalidation/save-login.ts';
import type { SessionRecord, SessionState } from '../../lib/invalidation/session-record.ts';
import type { Publication } from '../../lib/invalidation/step.ts';

export const NOTHING: SessionState = { verdict: undefined, record: undefined };

/** A login of the user `user` in the session `session`. */
export function loginAt(time: number, changes: Partial<Login> = {}): Login {
  return { session: 'session', subject: 'user', time, id: `id${time}`, ...changes };
}

export function tokensAt(time: number) {
  return { idToken: `id-token-${time}`, refreshToken: `refresh-token-${time}` };
}

/** What is stored after these logins of one client were saved one after the other. */
export function saved(...logins: Login[]): SessionState {
  return logins.reduce(
    (state, login) =>
      saveLogin(state, { login, owner: 'owner', clientId: 'web', tokens: tokensAt(login.time) })
        .state,
    NOTHING,
  );
}

export function byLogin(login: Login): EndByLogin {
  const { time, id, subject } = login;
  return { by: 'login', time, id, subject, saved: true, authTime: undefined };
}

export function byUnsaved(time: number, authTime: number | undefined): EndByLogin {
  return { by: 'login', time, id: '', subject: 'user', saved: false, authTime };
}

export function byTime(
  time: number,
  changes: { tolerance?: number; subject?: string } = {},
): EndByTime {
  return { by: 'time', time, tolerance: 0, subject: undefined, ...changes };
}

export function byFront(time: number): EndByFront {
  return { by: 'front', time, tolerance: 0 };
}

export interface Ended {
  readonly state: SessionState;
  readonly reply: EndReply;
  readonly published: readonly Publication[];
}

/** Ends the session, by the logout `at:1` where nothing else is said; a lease is 120 seconds. */
export function ended(
  state: SessionState,
  how: HowToEnd,
  changes: Partial<SessionToEnd> & { readonly now?: number } = {},
): Ended {
  const { now = 1000, ...end } = changes;
  const standard = { session: 'session', how, claimant: 'at:1', answer: '', owner: 'owner' };
  return endSession(state, { ...standard, ...end }, { now, lease: 120 });
}

/** Of a record that must be there. */
export function recordOf({ record }: SessionState): SessionRecord {
  if (record === undefined) throw new Error('There is no record');
  return record;
}
