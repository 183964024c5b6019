import type { Login } from './login.ts';

/** Which logins of a session are over. */
export interface Verdict {
  /** Logins of this second, and of all before it, are over. */
  readonly before: number;
  /** The digests of further logins that are over, all of the second after `before`; sorted. */
  readonly named: readonly string[];
}

/** Whether a login that was saved is over. */
export function isOver(verdict: Verdict | undefined, login: Pick<Login, 'time' | 'id'>): boolean {
  if (verdict === undefined) return false;
  return login.time <= verdict.before || verdict.named.includes(login.id);
}

/** The last second in which a login may be over. */
export function edge({ before, named }: Verdict): number {
  return named.length === 0 ? before : before + 1;
}

/**
 * Whether a token that nobody saved is over. Its `iat` says nothing, because a refreshed token of an ended
 * login has a new one: only a later authentication shows that it belongs to a later login.
 */
export function endedForUnsaved(
  verdict: Verdict | undefined,
  authTime: number | undefined,
): boolean {
  if (verdict === undefined) return false;
  return authTime === undefined || authTime <= edge(verdict);
}

/** Makes a verdict stricter, never milder: so the order in which ends come does not matter. */
export function raise(
  verdict: Verdict | undefined,
  before: number,
  named: readonly string[],
): Verdict {
  if (verdict === undefined || before > verdict.before) return { before, named };
  const added = named.filter((id) => !verdict.named.includes(id));
  // What is named for an earlier second lies in one that is over as a whole.
  if (before < verdict.before || added.length === 0) return verdict;
  return { before, named: [...verdict.named, ...added].sort() };
}
