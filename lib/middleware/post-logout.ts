import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'cookie';
import { StoreUnavailableError } from '../errors.ts';
import type { Logouts, PendingLogout } from '../session/logouts.ts';
import { stateKey } from '../token/token-keys.ts';
import { addCookie } from './answer.ts';
import { queryValues } from './query.ts';

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

// Seconds: the provider may ask the user first, who may take a while.
const LIFETIME = 60 * 60;
const STATE = /^[\w-]{43}$/;

interface Cookie {
  readonly name: string;
  readonly httpOnly: true;
  readonly sameSite: 'lax';
  readonly path: '/';
  readonly secure: boolean;
}

/**
 * The `state` of logouts whose browser is at the provider: kept in the store, good for one return, and
 * bound to the browser by a cookie.
 */
export class PostLogoutStates {
  readonly #logouts: Logouts;
  readonly #cookie: Cookie;

  /** `secure` tells that browsers come back by `https:`. */
  constructor(logouts: Logouts, { secure }: { readonly secure: boolean }) {
    this.#logouts = logouts;
    const name = secure ? '__Host-oidc-logout' : 'oidc-logout';
    this.#cookie = { name, httpOnly: true, sameSite: 'lax', path: '/', secure };
  }

  async keep(state: string, logout: PendingLogout): Promise<void> {
    await this.#logouts.keepPending(stateKey(state), logout, LIFETIME);
  }

  /** Binds the state to the browser, unless another site's page has sent it here. */
  bind(state: string, req: IncomingMessage, res: ServerResponse): void {
    if (req.headers['sec-fetch-site'] === 'cross-site') return;
    const expires = new Date(Date.now() + LIFETIME * 1000);
    addCookie(res, { ...this.#cookie, value: state, maxAge: LIFETIME, expires });
  }

  async verify(req: IncomingMessage, res: ServerResponse): Promise<PostLogout> {
    const [state = '', ...others] = queryValues(req, 'state');
    if (state === '' && others.length === 0) return { outcome: 'missing' };
    const bound = parse(req.headers.cookie ?? '')[this.#cookie.name];
    const isForeign = bound !== undefined && !isEqual(bound, state);
    if (others.length > 0 || !STATE.test(state) || isForeign) return { outcome: 'mismatch' };
    try {
      const logout = await this.#logouts.takePending(stateKey(state));
      if (bound !== undefined && !res.headersSent) this.#unbind(res);
      if (logout === undefined) return { outcome: 'mismatch' };
      return bound === undefined ? { outcome: 'unbound' } : { outcome: 'verified', ...logout };
    } catch (error) {
      if (error instanceof StoreUnavailableError) return { outcome: 'mismatch' };
      throw error;
    }
  }

  #unbind(res: ServerResponse): void {
    addCookie(res, { ...this.#cookie, value: '', expires: new Date(0) });
  }
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
