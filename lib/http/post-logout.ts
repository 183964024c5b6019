import type { Request } from 'express';

/** The post-logout callback's judgement of the returning browser. */
export interface PostLogout {
  /**
   * - `verified`: this browser started the logout, and returns for the first time.
   * - `unbound`: the `state` is genuine, but this browser may not have started the logout; a server
   *   may have handed in the tokens.
   * - `missing`: the provider sent no `state`.
   * - `mismatch`: the `state` is unknown, used, of another browser, or the store could not be
   *   asked.
   */
  readonly outcome: 'verified' | 'unbound' | 'missing' | 'mismatch';
  /** The place to return to; only for `verified`. */
  readonly returnTo?: string | undefined;
}

/** The request of a handler behind `postLogoutCallback()`. */
export type ReturningRequest = Request & {
  /** Set by `postLogoutCallback()`. */
  postLogout?: PostLogout | undefined;
};
