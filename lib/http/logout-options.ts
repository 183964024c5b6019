import type { Request } from 'express';
import { callOption } from '../input/app-function.ts';
import { InvalidRequestError } from '../errors.ts';
import { checkTexts } from '../input/checks.ts';
import { boolean, callable, optional, withDefault } from '../input/kinds.ts';
import {
  type Option,
  type OptionsOf,
  optionsOfCall,
  readOptions,
  type ValuesOf,
} from '../input/option.ts';
import type { FindTokens } from './session-tokens.ts';
import { isOwnPath } from './return-to.ts';

/** @inline */
type FoundPlace = string | undefined | null;

/** @inline */
type FindPlace = (req: Request) => FoundPlace | Promise<FoundPlace>;

export const LOGOUT_OPTIONS = {
  /**
   * Finds the tokens in the app's own session, for apps whose browser never sees a token. The
   * function may be async. The request must then come from a page of the app itself, otherwise the
   * answer is 403. Without a session to end, the answer is still a redirect. If the function fails,
   * or finds what is no text, the error goes to `next`, and nothing is changed. Default: the body.
   */
  tokens: optional(callable<FindTokens>(), 'the body'),

  /**
   * Add a `form` with `action`, `method` and `fields` to the answer. A page can post the form to
   * the provider where an ID Token makes the URL too long. Default: `false`.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
   */
  form: boolean(false),

  /**
   * Finds the place to return to after the logout: a path of this app, such as `/shop?page=2`, or
   * one of `allowedReturnTo`. The function may be async. The place is kept with the logout, and
   * given to the page after `postLogoutCallback()` when the `state` is verified. `''`, `undefined`
   * and `null` mean no place. Any other place is answered 400; if the function fails, the error
   * goes to `next`. In both cases nothing is changed. Default: none.
   */
  returnTo: optional(callable<FindPlace>()),

  /** URLs outside of this app that `returnTo` may find, each compared as a whole. Default: none. */
  allowedReturnTo: withDefault(urls(), new Set<string>(), 'none'),
};

/** Options of one logout endpoint. */
export interface LogoutOptions extends OptionsOf<typeof LOGOUT_OPTIONS> {}

type ReturnTo = (req: Request) => Promise<string | undefined>;

type Values = ValuesOf<typeof LOGOUT_OPTIONS>;

export interface ResolvedLogoutOptions extends Pick<Values, 'tokens' | 'form'> {
  readonly returnTo: ReturnTo;
}

export function resolveLogoutOptions(options: LogoutOptions): ResolvedLogoutOptions {
  const values = readOptions(LOGOUT_OPTIONS, options, optionsOfCall('logout()'));
  return { ...values, returnTo: resolveReturnTo(values) };
}

function resolveReturnTo({ returnTo, allowedReturnTo }: Values): ReturnTo {
  if (returnTo === undefined) return () => Promise.resolve(undefined);
  return async (req) => {
    const place: unknown = await callOption('returnTo', () => returnTo(req));
    if (place === undefined || place === null || place === '') return undefined;
    if (typeof place !== 'string') throw new InvalidRequestError('return-to-not-allowed');
    if (allowedReturnTo.has(place) || isOwnPath(place)) return place;
    throw new InvalidRequestError('return-to-not-allowed');
  };
}

function urls(): Option<string | readonly string[], ReadonlySet<string>> {
  return {
    takes: 'URL or URLs',
    read(given, { name }) {
      const isEmpty = Array.isArray(given) && given.length === 0;
      return new Set(isEmpty ? [] : checkTexts(given, name));
    },
  };
}
