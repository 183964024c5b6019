import type { Request } from 'express';
import { InvalidRequestError } from '../errors.ts';
import { checkTexts } from '../option-checks.ts';

/** Options of one logout endpoint. */
export interface LogoutOptions {
  /**
   * Tells where the user wants to be after the logout: a path of this app, such as `/shop?page=2`, or one
   * of `allowedReturnTo`. It is kept with the logout, and handed to the page after
   * `postLogoutCallback()` when the `state` is verified. Any other place is answered 400, with nothing
   * changed. Default: nowhere special.
   */
  readonly returnTo?: ((req: Request) => string | undefined) | undefined;

  /** URLs outside of this app that `returnTo` may name, each compared as a whole. Default: none. */
  readonly allowedReturnTo?: string | readonly string[] | undefined;
}

/** Where a logout returns to, checked. */
export type ReturnTo = (req: Request) => string | undefined;

export function resolveReturnTo({ returnTo, allowedReturnTo = [] }: LogoutOptions): ReturnTo {
  const others = [allowedReturnTo].flat();
  const allowed = new Set(others.length > 0 ? checkTexts(others, 'allowedReturnTo') : []);
  if (returnTo === undefined) return () => undefined;
  if (typeof returnTo !== 'function') throw new TypeError('"returnTo" must be a function');
  return (req) => {
    const place: unknown = returnTo(req);
    if (place === undefined) return undefined;
    if (typeof place === 'string' && (allowed.has(place) || isOwnPath(place))) return place;
    throw new InvalidRequestError('return-to-not-allowed');
  };
}

const PRINTABLE_PATH = /^\/(?![/\\])[\x21-\x7e]*$/;
const ANY_ORIGIN = 'https://app.invalid';

// The URL parser decides as a browser does: `//host` and `/\host` are places elsewhere, and `/..//host` a
// path that would become one.
function isOwnPath(place: string): boolean {
  if (!PRINTABLE_PATH.test(place) || !URL.canParse(place, ANY_ORIGIN)) return false;
  const { origin, pathname } = new URL(place, ANY_ORIGIN);
  return origin === ANY_ORIGIN && !pathname.startsWith('//');
}
