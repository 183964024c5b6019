import { isObject } from '../input/json-object.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The most levels of objects and arrays within each other that a header or claims may have. */
export const MOST_LEVELS = 32;

/** A header, or the claims of a token. */
export type JoseObject = Readonly<Record<string, unknown>>;

/** Tells base64url from its other spellings: padding, other characters, unused bits that are not zero. */
export function isCanonical(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment;
}

/**
 * The JSON object that a segment is the base64url of; `undefined` for anything else. A header and claims are
 * decoded nowhere else: whoever walks through what is in them need not fear its depth.
 */
export function decodeObject(segment: string): JoseObject | undefined {
  if (!isCanonical(segment)) return undefined;
  try {
    const value: unknown = JSON.parse(UTF8.decode(Buffer.from(segment, 'base64url')));
    return isObject(value) && !isTooDeep(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a text begins as a JWS or a JWE does, however its base64url is spelled: with a JSON object before
 * the first dot.
 */
export function beginsWithObject(text: string): boolean {
  const [segment = ''] = text.split('.', 1);
  try {
    const letters = segment.replace(/[^\w+/-]/g, '');
    return isObject(JSON.parse(Buffer.from(letters, 'base64url').toString()));
  } catch {
    return false;
  }
}

/** Tells, level by level and not by recursion, whether a value is nested deeper than anything meant for use. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    level = level.filter((each) => typeof each === 'object' && each !== null);
    if (level.length === 0) return false;
    level = level.flatMap((each): unknown[] => Object.values(each as object));
  }
  return true;
}
