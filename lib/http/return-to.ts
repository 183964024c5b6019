const PRINTABLE_PATH = /^\/(?![/\\])[\x21-\x7e]*$/;
const ANY_ORIGIN = 'https://app.invalid';

/**
 * Tells a path of the app from a place elsewhere. The URL parser decides as a browser does:
 * `//host` and `/\host` are elsewhere, and `/..//host` would become so.
 */
export function isOwnPath(place: unknown): place is string {
  if (typeof place !== 'string' || !PRINTABLE_PATH.test(place)) return false;
  if (!URL.canParse(place, ANY_ORIGIN)) return false;
  const { origin, pathname } = new URL(place, ANY_ORIGIN);
  return origin === ANY_ORIGIN && !pathname.startsWith('//');
}
