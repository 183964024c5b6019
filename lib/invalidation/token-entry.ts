import type { Login } from './login.ts';
import type { Step } from './step.ts';

export interface LinkedToken {
  readonly login: Login;
  /** The kept claims of the token. */
  readonly claims: string;
}

export interface InvalidatedToken {
  readonly login: undefined;
  readonly note: string;
}

export type TokenEntry = LinkedToken | InvalidatedToken;

/** A token stays with a newer login. */
export function linkToken(
  entry: TokenEntry | undefined,
  link: LinkedToken,
  token: string,
): Step<TokenEntry | undefined, 'ok' | 'invalidated'> {
  if (entry === undefined) return linked(link, token);
  if (entry.login === undefined) return { state: entry, reply: 'invalidated', published: [] };
  const isOfNewer = entry.login.time > link.login.time;
  return isOfNewer ? { state: entry, reply: 'ok', published: [] } : linked(link, token);
}

function linked(link: LinkedToken, token: string): Step<TokenEntry, 'ok'> {
  return { state: link, reply: 'ok', published: [{ changed: token }] };
}

export interface InvalidateReply {
  /** Whether this call invalidated the token. */
  readonly isFirst: boolean;
  /** The login of a token that stays valid. */
  readonly linked: LinkedToken | undefined;
}

/**
 * Without `force`, a token with a login stays valid and its entry is answered. The first note
 * stays.
 */
export function invalidateToken(
  entry: TokenEntry | undefined,
  { note, force }: { readonly note: string; readonly force: boolean },
  token: string,
): Step<TokenEntry | undefined, InvalidateReply> {
  const unchanged = { state: entry, published: [] };
  if (entry?.login !== undefined && !force) {
    return { ...unchanged, reply: { isFirst: false, linked: entry } };
  }
  const isFirst = entry?.login !== undefined || entry === undefined;
  const reply = { isFirst, linked: undefined };
  if (!isFirst) return { ...unchanged, reply };
  return { state: { login: undefined, note }, reply, published: [{ changed: token }] };
}
