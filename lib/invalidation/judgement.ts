import { type CutOff, isCutOff } from './cut-off.ts';
import type { TokenEntry } from './token-entry.ts';
import { endedForUnsaved, isOver, type Verdict } from './verdict.ts';

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

export function isRefused(token: TokenTimes, readings: Readings): boolean {
  const { entry, entryVerdict, ownVerdict, cutOff, epoch = -1 } = readings;
  if (entry === undefined) return isUnsavedRefused(token, { ownVerdict, cutOff, epoch });
  const { login } = entry;
  if (login === undefined) return true;
  if (isOver(entryVerdict, login) || isCutOff(cutOff, login) || login.time <= epoch) return true;
  const isOfAnother = token.session !== undefined && token.session !== login.session;
  return isOfAnother && endedForUnsaved(ownVerdict, token.authTime);
}

function isUnsavedRefused(
  { session, authTime, issuedAt }: TokenTimes,
  { ownVerdict, cutOff, epoch }: Pick<Readings, 'ownVerdict' | 'cutOff'> & { epoch: number },
): boolean {
  const time = authTime ?? issuedAt ?? 0;
  if (time <= Math.max(cutOff?.all ?? -1, epoch)) return true;
  return session !== undefined && endedForUnsaved(ownVerdict, authTime);
}
