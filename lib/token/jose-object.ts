import { isObject } from '../input/json-object.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Nested objects and arrays in a header or in claims. */
export const MOST_LEVELS = 32;

export type JoseObject = Readonly<Record<string, unknown>>;

/** Other spellings have padding, other characters, or unused bits other than zero. */
export function isCanonical(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

/** Headers and claims are decoded nowhere else, so their depth is bounded everywhere. */
export function decodeObject(segment: string): JoseObject | undefined {
  if (!isCanonical(segment)) return undefined;
  try {
    const value: unknown = JSON.parse(UTF8.decode(Buffer.from(segment, 'base64url')));
    return isObject(value) && !isTooDeep(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** In any spelling of base64url: a JSON object before the first dot. */
export function beginsWithObject(text: string): boolean {
  const [segment = ''] = text.split('.', 1);
  try {
    const letters = segment.replace(/[^\w+/-]/g, '');
    return isObject(JSON.parse(Buffer.from(letters, 'base64url').toString()));
  } catch {
    return false;
  }
}

/** Level by level, without recursion. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    level = level.filter((each) => typeof each === 'object' && each !== null);
    if (level.length === 0) return false;
    level = level.flatMap((each): unknown[] => Object.values(each as object));
  }
  return true;
}
