import type { Login } from './login.ts';
import type { Step } from './step.ts';

/** A token that was saved: the login that it belongs to. */
export interface LinkedToken {
  readonly login: Login;
  /** What is kept of an access token; empty for a refresh token. */
  readonly claims: string;
}

/** A token that is refused whatever it belongs to. */
export interface InvalidatedToken {
  readonly login: undefined;
  readonly note: string;
}

/** What is stored of one access or refresh token. */
export type TokenEntry = LinkedToken | InvalidatedToken;

/** Lets a token belong to a login, unless it belongs to a newer one already. */
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

/** What it came to that a token was to be invalidated. */
export interface InvalidateReply {
  /** The token was not invalidated before, and is from now on. */
  readonly isFirst: boolean;
  /** The login that has the token, which stays its own. */
  readonly linked: LinkedToken | undefined;
}

/**
 * Invalidates a token. A token that a login has stays, and its entry is answered, unless it is forced. The first note
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
