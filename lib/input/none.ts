/** What a function of the app may answer for nothing. */
export function isNone(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}
