import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'cookie';
import { StoreUnavailableError } from '../errors.ts';
import { type PostLogoutStates, STATE_LIFETIME } from '../logout/post-logout-states.ts';
import { addCookie } from './answer.ts';
import type { PostLogout } from './post-logout.ts';
import { queryValues } from './query.ts';
import { isFrom, type Origins } from './same-origin.ts';

const STATE = /^[\w-]{43}$/;

const NONE: Origins = new Set();

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly trustedOrigins?: Origins;
}

interface Cookie {
  readonly name: string;
  readonly httpOnly: true;
  readonly sameSite: 'lax';
  readonly path: '/';
  readonly secure: boolean;
}

export class ReturningBrowser {
  readonly #states: PostLogoutStates;
  readonly #cookie: Cookie;

  /** `secure`: browsers return by `https:`. */
  constructor(states: PostLogoutStates, { secure }: { readonly secure: boolean }) {
    this.#states = states;
    const name = secure ? '__Host-oidc-logout' : 'oidc-logout';
    this.#cookie = { name, httpOnly: true, sameSite: 'lax', path: '/', secure };
  }

  /** Another site's page may have sent the browser: then nothing is bound. */
  bind(cookie: string | undefined, { req, res, trustedOrigins = NONE }: Exchange): void {
    if (cookie === undefined) return;
    if (req.headers['sec-fetch-site'] === 'cross-site' && !isFrom(req, trustedOrigins)) return;
    const expires = new Date(Date.now() + STATE_LIFETIME * 1000);
    addCookie(res, { ...this.#cookie, value: cookie, maxAge: STATE_LIFETIME, expires });
  }

  async verify(req: IncomingMessage, res: ServerResponse): Promise<PostLogout> {
    const [state = '', ...others] = queryValues(req, 'state');
    if (state === '' && others.length === 0) return { outcome: 'missing' };
    if (others.length > 0 || !STATE.test(state)) return { outcome: 'mismatch' };
    const cookie = parse(req.headers.cookie ?? '')[this.#cookie.name];
    const isForeign = cookie !== undefined && !isEqual(this.#states.stateOf(cookie), state);
    return isForeign ? { outcome: 'mismatch' } : this.#take(state, cookie, res);
  }

  async #take(state: string, cookie: string | undefined, res: ServerResponse): Promise<PostLogout> {
    try {
      const logout = await this.#states.take(state, cookie);
      if (cookie !== undefined && !res.headersSent) this.#unbind(res);
      if (logout === undefined) return { outcome: 'mismatch' };
      return cookie === undefined ? { outcome: 'unbound' } : { outcome: 'verified', ...logout };
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
