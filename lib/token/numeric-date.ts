// Every store can write such a whole number.
const LIMIT = 1e14;

/** Seconds since the epoch (RFC 7519, section 2). JSON can express an infinite number. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < LIMIT;
}

export function secondOf(value: unknown): number | undefined {
  return isNumericDate(value) ? Math.floor(value) : undefined;
}
