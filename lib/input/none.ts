import { checkText } from './checks.ts';

/** What a function of the app may answer for nothing. */
export function isNone(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

export function textOrNone(value: unknown, name: string): string | undefined {
  return isNone(value) ? undefined : checkText(value, name);
}
