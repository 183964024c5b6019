import { isUtf8 } from 'node:buffer';
import { isObject } from '../input/json-object.ts';

/** Nested objects and arrays in a header or in claims. */
export const MOST_LEVELS = 32;

export type JoseObject = Readonly<Record<string, unknown>>;

/** Other spellings have padding, other characters, or unused bits other than zero. */
export function isCanonical(segment: string): boolean {
  return bytesOf(segment) !== undefined;
}

function bytesOf(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

/** Headers and claims are decoded nowhere else, so their depth is bounded everywhere. */
export function decodeObject(segment: string): JoseObject | undefined {
  const bytes = bytesOf(segment);
  if (bytes === undefined || !isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString());
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

export function isTooDeep(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isTooDeep(each, levels - 1));
}
