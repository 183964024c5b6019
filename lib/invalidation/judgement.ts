import { type CutOff, isCutOff } from './cut-off.ts';
import type { TokenEntry } from './token-entry.ts';
import type { Login } from './login.ts';
import { liveRecord, type SessionState } from './session-record.ts';
import { edge, endedForUnsaved, isOver, type Verdict } from './verdict.ts';

/** Seconds, by the provider's clock. */
export interface TokenTimes {
  /** By the token's own `sid`. */
  readonly session: string | undefined;
  readonly authTime: number | undefined;
  readonly issuedAt: number | undefined;
}

/** The reads need not be of one moment: ends are never taken back. */
export interface Readings {
  readonly entry: TokenEntry | undefined;
  /** Of the login's session. */
  readonly entryVerdict: Verdict | undefined;
  /** By the token's own `sid`. */
  readonly ownVerdict: Verdict | undefined;
  readonly cutOff: CutOff | undefined;
  /** For the policy `refuse`: since when the memory is complete; infinite where unknown. */
  readonly epoch: number | undefined;
}

/** What of the list refuses a token. */
export type RefusingEntry = 'token-invalidated' | 'session-ended' | 'subject-ended' | 'memory-lost';

export function refusingEntry(token: TokenTimes, readings: Readings): RefusingEntry | undefined {
  const { entry, entryVerdict, ownVerdict, cutOff, epoch = -1 } = readings;
  if (entry === undefined) return refusingUnsaved(token, { ownVerdict, cutOff, epoch });
  const { login } = entry;
  if (login === undefined) return 'token-invalidated';
  if (isOver(entryVerdict, login)) return 'session-ended';
  if (isCutOff(cutOff, login)) return 'subject-ended';
  if (login.time <= epoch) return 'memory-lost';
  const isOfAnother = token.session !== undefined && token.session !== login.session;
  return isOfAnother && endedForUnsaved(ownVerdict, token.authTime) ? 'session-ended' : undefined;
}

function refusingUnsaved(
  { session, authTime, issuedAt }: TokenTimes,
  { ownVerdict, cutOff, epoch }: Pick<Readings, 'ownVerdict' | 'cutOff'> & { epoch: number },
): RefusingEntry | undefined {
  const time = authTime ?? issuedAt ?? 0;
  if (session !== undefined && endedForUnsaved(ownVerdict, authTime)) return 'session-ended';
  if (isCutOff(cutOff, { session: session ?? '', time })) return 'subject-ended';
  return time <= epoch ? 'memory-lost' : undefined;
}

/**
 * An ID Token issued after the end of its session, and not before the newest login saved after the
 * end, is of a later login.
 */
export function isOfLaterLogin(
  { subject, time }: Pick<Login, 'subject' | 'time'>,
  state: SessionState,
  cutOff: CutOff | undefined,
): boolean {
  const live = liveRecord(state);
  if (live?.subject !== subject) return false;
  // The verdict of a logout stops at the login's time, and a later refresh has a later one.
  if (state.verdict !== undefined && time < Math.max(live.last, edge(state.verdict) + 1)) {
    return false;
  }
  return Math.min(time, live.last) > (cutOff?.all ?? -1);
}
