import { liveRecord, type SessionRecord, type SessionState } from './session-record.ts';
import { endedForUnsaved, isOver, type Verdict } from './verdict.ts';

/** A logout: by the login of its token; of a token that nobody saved by its own times. */
export interface EndByLogin {
  readonly by: 'login';
  readonly time: number;
  readonly id: string;
  readonly subject: string;
  readonly saved: boolean;
  readonly authTime: number | undefined;
}

/** A Logout Token, an administrator. */
export interface EndByTime {
  readonly by: 'time';
  readonly time: number;
  readonly tolerance: number;
  readonly subject: string | undefined;
}

/** The front channel, which is unsigned. */
export interface EndByFront {
  readonly by: 'front';
  readonly time: number;
  readonly tolerance: number;
}

/** How a session is to end. */
export type HowToEnd = EndByLogin | EndByTime | EndByFront;

/**
 * `ended`: the session lived, and ends. `unknown`: none lived, and nothing had ended there. `repeat`: that ended
 * before. `late`: the session that lives is newer. `other-subject`: it is another user's. `nothing`: none lived.
 */
export type EndStatus = 'ended' | 'unknown' | 'repeat' | 'late' | 'other-subject' | 'nothing';

/** What an end does to the logins of a session: by how much the verdict becomes stricter. */
export interface Effect {
  readonly status: EndStatus;
  readonly raises: readonly Verdict[];
}

export function effectOf(state: SessionState, how: HowToEnd): Effect {
  return how.by === 'login' ? effectOfLogin(state, how) : effectOfTime(state, how);
}

// No clock is asked: what ends is said by the logins, and a login of the same second that comes later is spared.
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
  // What was issued by then is over, also where it is saved only later.
  const unsaved = state.verdict === undefined ? 'unknown' : 'repeat';
  return { status: live === undefined ? unsaved : 'late', raises: [upToTime] };
}

function isOfAnother({ subject }: SessionRecord, how: EndByTime | EndByFront): boolean {
  return how.by === 'time' && how.subject !== undefined && how.subject !== subject;
}

function allLogins({ last, ids }: SessionRecord): Verdict {
  return { before: last - 1, named: ids };
}
