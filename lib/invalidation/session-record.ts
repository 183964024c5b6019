import type { Owner } from './end-message.ts';
import type { Login } from './login.ts';
import type { Verdict } from './verdict.ts';

/** The tokens of one client, sealed where there is a key. Empty texts for none. */
export interface SealedTokens {
  readonly idToken: string;
  /** The refresh token with its scope. */
  readonly refreshToken: string;
}

export interface ClientTokens extends SealedTokens {
  readonly time: number;
}

/**
 * Letters left: `t` announce, `r` revoke, `h` held, to be revoked by a signed end. Empty: settled.
 */
export interface PendingEnd {
  readonly event: string;
  /** The call that finishes the end. */
  readonly claimant: string;
  /** Seconds, by the clock of the store. */
  readonly claimedAt: number;
  /** Seconds, by the clock of the store. */
  readonly endedAt: number;
  /** To a logout, for a retry; empty for every other end. */
  readonly answer: string;
  readonly left: string;
}

/** Everything needed to end a session. After the end, also the work left. */
export interface SessionRecord {
  /** The newest login time. */
  readonly last: number;
  /** The logins of the second `last`, sorted. */
  readonly ids: readonly string[];
  readonly subject: string;
  readonly owner: Owner;
  /** By client. */
  readonly tokens: Readonly<Record<string, ClientTokens>>;
  readonly end: PendingEnd | undefined;
}

export interface SessionState {
  readonly verdict: Verdict | undefined;
  readonly record: SessionRecord | undefined;
}

export function liveRecord({ record }: SessionState): SessionRecord | undefined {
  return record?.end === undefined ? record : undefined;
}

/** Whether a login of the same user, later than this one, lives in the session. */
export function hasNewerLogin(state: SessionState, { subject, time }: Login): boolean {
  const live = liveRecord(state);
  return live?.subject === subject && live.last > time;
}

export function eventOf({ last, ids }: SessionRecord): string {
  return [last, ...ids].join(' ');
}
