import type { SessionRecord } from '../../invalidation/session-record.ts';
import { isObject } from '../../input/json-object.ts';
import { corrupt } from './corrupt.ts';

export function encodeRecord(record: SessionRecord): string {
  return JSON.stringify(record);
}

export function decodeRecord(text: string | undefined): SessionRecord | undefined {
  if (text === undefined) return undefined;
  return checkedRecord(parse(text));
}

export function checkedRecord(value: unknown): SessionRecord {
  if (!isRecord(value)) throw corrupt();
  return { ...value, end: value.end };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw corrupt();
  }
}

const TEXT = (value: unknown) => typeof value === 'string';
const TIME = (value: unknown) => Number.isSafeInteger(value);
const TOKENS = { idToken: TEXT, refreshToken: TEXT, time: TIME };
const END = {
  event: TEXT,
  claimant: TEXT,
  claimedAt: TIME,
  endedAt: TIME,
  answer: TEXT,
  left: TEXT,
};
const RECORD = {
  last: TIME,
  ids: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(TEXT),
  subject: TEXT,
  owner: TEXT,
  tokens: (value: unknown) =>
    isObject(value) && Object.values(value).every((own) => has(own, TOKENS)),
  end: (value: unknown) => value === undefined || has(value, END),
};

function isRecord(value: unknown): value is SessionRecord {
  return has(value, RECORD);
}

function has(value: unknown, members: Record<string, (member: unknown) => boolean>): boolean {
  if (!isObject(value)) return false;
  return Object.entries(members).every(([name, isRight]) => isRight(value[name]));
}
