import { readMembers } from '../input/json-object.ts';

export interface SessionOwner {
  /** Empty for refused tokens of an unknown owner. */
  readonly issuer: string;
  readonly subject: string | undefined;
  /** `undefined` where the provider gives none, and for all sessions of a subject. */
  readonly sid: string | undefined;
}

export function writeOwner({ issuer, subject, sid }: SessionOwner): string {
  return JSON.stringify({ issuer, subject, sid });
}

/** `undefined` for an unknown owner, whose text is empty. */
export function readOwner(text = ''): SessionOwner | undefined {
  const { issuer, subject, sid } = readMembers(text);
  if (typeof issuer !== 'string' || !isTextOrAbsent(subject) || !isTextOrAbsent(sid)) {
    return undefined;
  }
  return { issuer, subject, sid };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
