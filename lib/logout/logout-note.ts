import type { TokenEntry } from '../invalidation/token-entry.ts';
import { readMembers } from '../input/json-object.ts';

/** What is kept with an access token that nobody had saved when its logout invalidated it. */
export interface LogoutNote {
  readonly iss: string;
  /** When the logout was, in seconds since the epoch. */
  readonly at: number;
  /** The sealed `state` of its redirect; empty where there was none. */
  readonly state: string;
}

export function writeLogoutNote(note: LogoutNote): string {
  return JSON.stringify(note);
}

/** `undefined` for a token that is not invalidated, or that was invalidated by something else than its logout. */
export function readLogoutNote(entry: TokenEntry | undefined): LogoutNote | undefined {
  if (entry === undefined || entry.login !== undefined || entry.note === '') return undefined;
  const { iss, at, state } = readMembers(entry.note);
  if (typeof iss !== 'string' || typeof at !== 'number' || typeof state !== 'string') {
    return undefined;
  }
  return { iss, at, state };
}
