import type { Request } from 'express';
import { callOption } from '../input/app-function.ts';
import { InvalidRequestError } from '../errors.ts';
import { checkBoolean, checkTexts } from '../input/checks.ts';
import { isNone } from '../input/none.ts';
import { isSecureUrl } from '../input/secure-url.ts';
import { boolean, callable, optional, withDefault } from '../input/kinds.ts';
import {
  type Option,
  type OptionsOf,
  optionsOfCall,
  readOptions,
  type ValuesOf,
} from '../input/option.ts';
import type { FindTokens } from './session-tokens.ts';
import type { LogoutWishes } from '../logout/rp-initiated-logout.ts';
import { isOwnPath } from './return-to.ts';

/** @inline */
type FoundPlace = string | undefined | null;

/** @inline */
type FindPlace = (req: Request) => FoundPlace | Promise<FoundPlace>;

/** @inline */
type Decide = (req: Request) => boolean | Promise<boolean>;

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

  /**
   * Chooses among the `postLogoutRedirectUri` of the provider, such as by the host of the request.
   * The function may be async. `''`, `undefined` and `null` mean the first. Any other URI is
   * answered 400; if the function fails, the error goes to `next`. In both cases nothing is
   * changed. A retry within `retryWindow` is answered by the first choice. Default: the first.
   */
  postLogoutRedirectUri: optional(callable<FindPlace>(), 'the first'),

  /**
   * Decides whether the logout ends the session here alone: the answer is `{"redirect": null}`, and
   * the provider's session goes on. The tokens are invalidated and revoked as usual. The function
   * may be async; if the function fails, or answers no boolean, the error goes to `next`, and
   * nothing is changed. Default: no logout.
   */
  localOnly: optional(callable<Decide>(), 'no logout'),

  /**
   * Origins of other pages that may log out, each compared as a whole: such as
   * `https://app.example.com` for an API on `https://api.example.com`. With `tokens`, their
   * requests count as those of the app itself. CORS is up to the app. Default: none.
   */
  trustedOrigins: withDefault(origins(), new Set<string>(), 'none'),
};

/** Options of one logout endpoint. */
export interface LogoutOptions extends OptionsOf<typeof LOGOUT_OPTIONS> {}

type Values = ValuesOf<typeof LOGOUT_OPTIONS>;

export interface ResolvedLogoutOptions extends Pick<Values, 'tokens' | 'form' | 'trustedOrigins'> {
  readonly wishesOf: (req: Request) => Promise<LogoutWishes>;
}

export function resolveLogoutOptions(
  options: LogoutOptions,
  { allowInsecureRequests }: { readonly allowInsecureRequests: boolean },
): ResolvedLogoutOptions {
  const place = { ...optionsOfCall('logout()'), allowInsecureRequests };
  const values = readOptions(LOGOUT_OPTIONS, options, place);
  return { ...values, wishesOf: (req) => readWishes(values, req) };
}

async function readWishes(values: Values, req: Request): Promise<LogoutWishes> {
  const { returnTo, allowedReturnTo, postLogoutRedirectUri, localOnly } = values;
  const place = await callOption('returnTo', () => returnTo?.(req));
  if (!isNone(place) && !allowedReturnTo.has(place) && !isOwnPath(place)) {
    throw new InvalidRequestError('return-to-not-allowed');
  }
  const uri = await callOption('postLogoutRedirectUri', () => postLogoutRedirectUri?.(req));
  const isLocal = await callOption('localOnly', async () =>
    localOnly === undefined ? false : checkBoolean(await localOnly(req), 'localOnly()'),
  );
  return {
    returnTo: isNone(place) ? undefined : place,
    postLogoutRedirectUri: isNone(uri) ? undefined : uri,
    isLocal,
  };
}

// A scheme without a slash may be the host of a URL whose scheme is missing.
const ABSOLUTE = /^(?:https?:\/\/[^/]|(?!https?:)[a-z][a-z\d+.-]*:\/)\S*$/i;

function urls(): Option<string | readonly string[], ReadonlySet<string>> {
  return {
    takes: 'URL or URLs',
    read(given, { name }) {
      const texts = setOfTexts(given, name);
      if ([...texts].every((text) => ABSOLUTE.test(text) && URL.canParse(text))) return texts;
      throw new TypeError(`"${name}" must be absolute URLs`);
    },
  };
}

function setOfTexts(given: unknown, name: string): ReadonlySet<string> {
  const isEmpty = Array.isArray(given) && given.length === 0;
  return new Set(isEmpty ? [] : checkTexts(given, name));
}

function origins(): Option<string | readonly string[], ReadonlySet<string>> {
  return {
    takes: 'origin or origins',
    read(given, place) {
      const texts = setOfTexts(given, place.name);
      const isOrigin = (text: string) =>
        isSecureUrl(text, place.allowInsecureRequests) && new URL(text).origin === text;
      if ([...texts].every(isOrigin)) return texts;
      throw new TypeError(
        `"${place.name}" must be origins such as "https://app.example.com" (http: on loopback, or with "allowInsecureRequests")`,
      );
    },
  };
}
