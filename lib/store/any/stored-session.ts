import type { SessionRecord, SessionState } from '../../invalidation/session-record.ts';
import { decodeRecord, encodeRecord } from '../codecs/session-record.ts';
import { decodeVerdict, encodeVerdict } from '../codecs/verdict.ts';
import { LETTERS } from '../key-letters.ts';
import type { Lifetimes } from '../lifetimes.ts';
import type { StoreWrite } from '../store.ts';
import type { Stored } from './stored-step.ts';

export function storedRecord(
  session: string,
  lifetimes: Lifetimes,
): Stored<SessionRecord | undefined> {
  const key = LETTERS.record + session;
  return {
    keys: [key],
    decode: ([text]) => decodeRecord(text),
    writes: (before, after, now) =>
      before === after ? [] : [recordWrite(key, after, { lifetimes, now })],
  };
}

export function storedSession(session: string, lifetimes: Lifetimes): Stored<SessionState> {
  const verdictKey = LETTERS.verdict + session;
  const record = storedRecord(session, lifetimes);
  return {
    keys: [verdictKey, ...record.keys],
    decode: ([verdict, text]) => ({
      verdict: decodeVerdict(verdict),
      record: record.decode([text]),
    }),
    writes(before, after, now) {
      const writes = [...record.writes(before.record, after.record, now)];
      if (after.verdict !== undefined && after.verdict !== before.verdict) {
        const value = encodeVerdict(after.verdict);
        writes.push({ key: verdictKey, value, ttl: lifetimes.verdict });
      }
      return writes;
    },
  };
}

function recordWrite(
  key: string,
  record: SessionRecord | undefined,
  { lifetimes, now }: { readonly lifetimes: Lifetimes; readonly now: number },
): StoreWrite {
  if (record === undefined) return { key, value: undefined, ttl: undefined };
  const value = encodeRecord(record);
  const { end } = record;
  if (end === undefined) return { key, value, ttl: lifetimes.session };
  // The record of an end does not live longer, however often the end is claimed.
  const left = end.endedAt + lifetimes.ended - now;
  return { key, value, ttl: Math.max(1, end.left === '' ? lifetimes.settled : left) };
}
