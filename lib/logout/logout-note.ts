import type { TokenEntry } from '../invalidation/token-entry.ts';
import { readMembers } from '../input/json-object.ts';

/** Kept with an unsaved access token invalidated by its own logout. */
export interface LogoutNote {
  readonly iss: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Sealed, and so never empty. */
  readonly answer: string;
}

export function writeLogoutNote(note: LogoutNote): string {
  return JSON.stringify(note);
}

export function readLogoutNote(entry: TokenEntry | undefined): LogoutNote | undefined {
  if (entry === undefined || entry.login !== undefined || entry.note === '') return undefined;
  const { iss, at, answer } = readMembers(entry.note);
  if (typeof iss !== 'string' || typeof at !== 'number' || typeof answer !== 'string') {
    return undefined;
  }
  return { iss, at, answer };
}
