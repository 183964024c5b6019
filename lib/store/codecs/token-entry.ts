import type { InvalidatedToken, LinkedToken, TokenEntry } from '../../invalidation/token-entry.ts';
import { corrupt } from './corrupt.ts';

const LINKED = /^(\S+) (\S+) (-?\d{1,15}) (\S+)(?: (.*))?$/s;

/** The text `session subject time id claims`; for an invalidated token `!` or `! note`. */
export function encodeTokenEntry(entry: TokenEntry): string {
  return entry.login === undefined ? encodeInvalidated(entry) : encodeLinked(entry);
}

export function encodeInvalidated({ note }: Pick<InvalidatedToken, 'note'>): string {
  return note === '' ? '!' : `! ${note}`;
}

export function encodeLinked({ login, claims }: LinkedToken): string {
  const { session, subject, time, id } = login;
  return [session, subject, time, id, ...(claims === '' ? [] : [claims])].join(' ');
}

export function decodeTokenEntry(text: string | undefined): TokenEntry | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith('!')) return { login: undefined, note: text.slice(2) };
  const [, session, subject, time, id, claims = ''] = LINKED.exec(text) ?? [];
  if (session === undefined || subject === undefined || id === undefined) throw corrupt();
  return { login: { session, subject, time: Number(time), id }, claims };
}
