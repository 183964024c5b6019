import { liveRecord, type SessionRecord, type SessionState } from './session-record.ts';
import { endedForUnsaved, isOver, type Verdict } from './verdict.ts';

/** A logout, by the saved login of its token, else by the token's own times. */
export interface EndByLogin {
  readonly by: 'login';
  readonly time: number;
  readonly id: string;
  readonly subject: string;
  readonly saved: boolean;
  readonly authTime: number | undefined;
}

/** A Logout Token or an administrator. */
export interface EndByTime {
  readonly by: 'time';
  readonly time: number;
  readonly tolerance: number;
  readonly subject: string | undefined;
}

/** The unsigned front channel. */
export interface EndByFront {
  readonly by: 'front';
  readonly time: number;
  readonly tolerance: number;
}

export type HowToEnd = EndByLogin | EndByTime | EndByFront;

/**
 * - `ended`: the session was live.
 * - `unknown`: nobody saved the session, and nothing ended before.
 * - `repeat`: the session had ended.
 * - `late`: the live session is newer.
 * - `other-subject`: the session belongs to another user.
 * - `nothing`: no live session.
 */
export type EndStatus = 'ended' | 'unknown' | 'repeat' | 'late' | 'other-subject' | 'nothing';

export interface Effect {
  readonly status: EndStatus;
  readonly raises: readonly Verdict[];
}

export function effectOf(state: SessionState, how: HowToEnd): Effect {
  return how.by === 'login' ? effectOfLogin(state, how) : effectOfTime(state, how);
}

// An end by login asks no clock. A later login of the same second goes on.
function effectOfLogin(state: SessionState, how: EndByLogin): Effect {
  const { verdict } = state;
  const isRepeat = isOver(verdict, how) || (!how.saved && endedForUnsaved(verdict, how.authTime));
  if (isRepeat) return { status: 'repeat', raises: [] };
  const own = how.saved
    ? { before: how.time - 1, named: [how.id] }
    : { before: how.time, named: [] };
  const live = liveRecord(state);
  if (live?.subject !== how.subject) return { status: 'unknown', raises: [own] };
  return { status: 'ended', raises: [allLogins(live), own] };
}

function effectOfTime(state: SessionState, how: EndByTime | EndByFront): Effect {
  const { time } = how;
  const live = liveRecord(state);
  if (live !== undefined && isOfAnother(live, how)) return { status: 'other-subject', raises: [] };
  if (state.verdict !== undefined && time <= state.verdict.before) {
    return { status: 'repeat', raises: [] };
  }
  const upToTime = { before: time, named: [] };
  if (live !== undefined && live.last <= time + how.tolerance) {
    return { status: 'ended', raises: [live.last > time ? allLogins(live) : upToTime] };
  }
  if (how.by === 'front') return { status: 'nothing', raises: [] };
  // Logins up to this time are over, even if saved later.
  const unsaved = state.verdict === undefined ? 'unknown' : 'repeat';
  return { status: live === undefined ? unsaved : 'late', raises: [upToTime] };
}

function isOfAnother({ subject }: SessionRecord, how: EndByTime | EndByFront): boolean {
  return how.by === 'time' && how.subject !== undefined && how.subject !== subject;
}

function allLogins({ last, ids }: SessionRecord): Verdict {
  return { before: last - 1, named: ids };
}
