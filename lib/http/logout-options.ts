import type { Request } from 'express';
import { callOption } from '../input/app-function.ts';
import { InvalidRequestError } from '../errors.ts';
import { checkBoolean, checkNames, checkObject, checkTexts } from '../input/checks.ts';
import type { SessionTokens } from './logout-tokens.ts';
import { isOwnPath } from './return-to.ts';

type FoundTokens = SessionTokens | undefined | null;
type FoundPlace = string | undefined | null;

/** Options of one logout endpoint. */
export interface LogoutOptions {
  /**
   * Takes the tokens from the app's own session, for apps whose browser never sees a token. The request
   * must then come from a page of the app itself, else it is answered 403; and where there is no session
   * left to end, the answer is a redirect all the same. It may be async. Where it fails, or finds what are no
   * tokens, the error goes to `next`, with nothing changed. Default: the tokens are in the body.
   */
  readonly tokens?: ((req: Request) => FoundTokens | Promise<FoundTokens>) | undefined;

  /**
   * Add to the answer a `form` with `action`, `method` and `fields` that a page can post to the provider,
   * for ID Tokens that make too long a URL. Default: `false`.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
   */
  readonly form?: boolean | undefined;

  /**
   * Tells where the user wants to be after the logout: a path of this app, such as `/shop?page=2`, or one
   * of `allowedReturnTo`. It is kept with the logout, and handed to the page after
   * `postLogoutCallback()` when the `state` is verified. It may be async; `''` is nowhere special, as are
   * `undefined` and `null`. Any other place is answered 400; where it fails, the error goes to `next`; both with
   * nothing changed. Default: nowhere special.
   */
  readonly returnTo?: ((req: Request) => FoundPlace | Promise<FoundPlace>) | undefined;

  /** URLs outside of this app that `returnTo` may name, each compared as a whole. Default: none. */
  readonly allowedReturnTo?: string | readonly string[] | undefined;
}

/** Where a logout returns to, checked. */
type ReturnTo = (req: Request) => Promise<string | undefined>;

export interface ResolvedLogoutOptions {
  readonly tokens: LogoutOptions['tokens'];
  readonly form: boolean;
  readonly returnTo: ReturnTo;
}

/** Checks the options of a logout endpoint. */
export function resolveLogoutOptions(options: LogoutOptions): ResolvedLogoutOptions {
  checkObject(options, 'options');
  checkNames(options, ['tokens', 'form', 'returnTo', 'allowedReturnTo'], 'logout()');
  const { tokens } = options;
  if (tokens !== undefined && typeof tokens !== 'function') {
    throw new TypeError('"tokens" must be a function');
  }
  const form = checkBoolean(options.form, 'form', false);
  return { tokens, form, returnTo: resolveReturnTo(options) };
}

function resolveReturnTo({ returnTo, allowedReturnTo = [] }: LogoutOptions): ReturnTo {
  const others = [allowedReturnTo].flat();
  const allowed = new Set(others.length > 0 ? checkTexts(others, 'allowedReturnTo') : []);
  if (returnTo === undefined) return () => Promise.resolve(undefined);
  if (typeof returnTo !== 'function') throw new TypeError('"returnTo" must be a function');
  return async (req) => {
    const place: unknown = await callOption('returnTo', () => returnTo(req));
    if (place === undefined || place === null || place === '') return undefined;
    if (typeof place === 'string' && (allowed.has(place) || isOwnPath(place))) return place;
    throw new InvalidRequestError('return-to-not-allowed');
  };
}
