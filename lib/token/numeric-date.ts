// What every store can write as a whole number.
const LIMIT = 1e14;

/** A time in a token, in seconds since the epoch (RFC 7519, section 2); JSON can also make an infinite one. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < LIMIT;
}

/** The second in which a time in a token lies; `undefined` where the value is no time. */
export function secondOf(value: unknown): number | undefined {
  return isNumericDate(value) ? Math.floor(value) : undefined;
}
