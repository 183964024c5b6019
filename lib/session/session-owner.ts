import { readMembers } from '../input/json-object.ts';

/** Whose session it is, as far as it is known. */
export interface SessionOwner {
  /** Empty where nobody knows whose tokens were refused. */
  readonly issuer: string;
  readonly subject: string | undefined;
  /** `undefined` where the provider names none, and for all sessions of a subject. */
  readonly sid: string | undefined;
}

export function writeOwner({ issuer, subject, sid }: SessionOwner): string {
  return JSON.stringify({ issuer, subject, sid });
}

/** What a text says of an owner; `undefined` where it says nothing that can be used. */
export function readOwner(text: string): SessionOwner | undefined {
  const { issuer, subject, sid } = readMembers(text);
  if (typeof issuer !== 'string' || !isTextOrAbsent(subject) || !isTextOrAbsent(sid)) {
    return undefined;
  }
  return { issuer, subject, sid };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
