import type { Login } from './login.ts';

/** Which logins of a session are over. */
export interface Verdict {
  /** Logins up to and including this second are over. */
  readonly before: number;
  /** Ids of further logins, all of the next second; sorted. */
  readonly named: readonly string[];
}

export function isOver(verdict: Verdict | undefined, login: Pick<Login, 'time' | 'id'>): boolean {
  if (verdict === undefined) return false;
  return login.time <= verdict.before || verdict.named.includes(login.id);
}

/** The last second in which a login may be over. */
export function edge({ before, named }: Verdict): number {
  return named.length === 0 ? before : before + 1;
}

/**
 * A refreshed token of an ended login has a new `iat`, so only a later authentication shows a later
 * login.
 */
export function endedForUnsaved(
  verdict: Verdict | undefined,
  authTime: number | undefined,
): boolean {
  if (verdict === undefined) return false;
  return authTime === undefined || authTime <= edge(verdict);
}

/** Never milder: the order of ends does not matter. */
export function raise(
  verdict: Verdict | undefined,
  before: number,
  named: readonly string[],
): Verdict {
  if (verdict === undefined || before > verdict.before) return { before, named };
  const added = named.filter((id) => !verdict.named.includes(id));
  // Logins named for an earlier second are over by the later `before`.
  if (before < verdict.before || added.length === 0) return verdict;
  return { before, named: [...verdict.named, ...added].sort() };
}
