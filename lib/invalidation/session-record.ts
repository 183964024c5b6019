import type { Owner } from './end-message.ts';
import type { Verdict } from './verdict.ts';

/** What one client keeps of a session, sealed where there is a key. Empty texts where there is none. */
export interface SessionTokens {
  readonly idToken: string;
  /** The refresh token with its scope. */
  readonly refreshToken: string;
}

/** The tokens of one client, and of which of its logins they are. */
export interface ClientTokens extends SessionTokens {
  /** The login time. */
  readonly time: number;
}

/**
 * What is left to be done about an end: `t` tell, `r` revoke, `h` held: revoke once a signed end asks for it.
 * Empty: the end is settled.
 */
export interface PendingEnd {
  /** The name of this end. */
  readonly event: string;
  /** The call that has to do what is left. */
  readonly claimant: string;
  /** Seconds, by the clock of the store. */
  readonly claimedAt: number;
  /** Seconds, by the clock of the store. */
  readonly endedAt: number;
  /** The `state` of a logout. */
  readonly state: string;
  readonly left: string;
}

/** What is needed to end a session; once it ended, also what is left to be done about that. */
export interface SessionRecord {
  /** The newest login time. */
  readonly last: number;
  /** The logins of that second, sorted. */
  readonly ids: readonly string[];
  readonly subject: string;
  readonly owner: Owner;
  /** By client. */
  readonly tokens: Readonly<Record<string, ClientTokens>>;
  readonly end: PendingEnd | undefined;
}

/** What is stored of one session, and changed in one step. */
export interface SessionState {
  readonly verdict: Verdict | undefined;
  readonly record: SessionRecord | undefined;
}

/** The record of a session that lives. */
export function liveRecord({ record }: SessionState): SessionRecord | undefined {
  return record?.end === undefined ? record : undefined;
}

/** The name of the end of a session that was saved. */
export function eventOf({ last, ids }: SessionRecord): string {
  return [last, ...ids].join(' ');
}
