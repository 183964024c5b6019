/** What the post-logout callback found out about the browser that came back. */
export interface PostLogout {
  /**
   * `verified`: this browser started the logout, and comes back from it for the first time.
   * `unbound`: the `state` is genuine, but nothing tells whether this browser started the logout; its
   * tokens may have been handed in by a server.
   * `missing`: the provider sent no `state`.
   * `mismatch`: the `state` is unknown, used, of another browser, or the store could not be asked.
   */
  readonly outcome: 'verified' | 'unbound' | 'missing' | 'mismatch';
  /** Where the logout was told to return to; only when it is verified. */
  readonly returnTo?: string | undefined;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Set by the post-logout callback of express-oidc-logout. */
      postLogout?: PostLogout;
    }
  }
}
