import { randomBytes } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { SessionEndedEvent } from '../lib/index.ts'; // from 'express-oidc-logout'
import { readCookie } from './cookie.ts';
import type { Tokens } from './login/provider-login.ts';

const COOKIE = 'example_session';
const MOST_SESSIONS = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What the page shows of a login, and the tokens with which it calls the API and logs out. */
export interface BrowserSession {
  readonly user: {
    readonly name: string;
    readonly sub: string;
    readonly sid: string | null;
    readonly issuer: string;
    readonly loginTime: number;
  };
  readonly tokens: {
    readonly access_token: string;
    readonly refresh_token: string | null;
  };
  /** Seconds since the epoch; null where the provider does not tell. */
  readonly expiresAt: number | null;
}

/** The logins of browsers, in the memory of this process, each under a random cookie. */
export class BrowserSessions {
  readonly #sessions = new LRUCache<string, BrowserSession>({ max: MOST_SESSIONS, ttl: DAY_MS });
  readonly #cookie: CookieOptions;

  constructor({ secure }: { readonly secure: boolean }) {
    this.#cookie = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  }

  open(res: Response, tokens: Tokens): void {
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, sessionOf(tokens));
    res.cookie(COOKIE, id, { ...this.#cookie, maxAge: DAY_MS });
  }

  find(req: Request): BrowserSession | undefined {
    return this.#sessions.get(readCookie(req, COOKIE) ?? '');
  }

  /** Drops what has ended, and tells what that was. */
  drop(event: SessionEndedEvent): BrowserSession[] {
    const ended = [...this.#sessions.entries()].filter(([, { user }]) => isMeant(user, event));
    for (const [id] of ended) this.#sessions.delete(id);
    return ended.map(([, session]) => session);
  }
}

// Without a `sid` all sessions of the user are meant.
function isMeant({ issuer, sid, sub }: BrowserSession['user'], event: SessionEndedEvent): boolean {
  if (issuer !== event.issuer) return false;
  return event.sid === undefined ? sub === event.subject : sid === event.sid;
}

function sessionOf(tokens: Tokens): BrowserSession {
  const claims = tokens.claims();
  if (claims === undefined) throw new TypeError('A login has an ID Token');
  const { sub, iss, sid, auth_time, iat } = claims;
  const name = claims.name ?? claims.preferred_username;
  const now = Math.floor(Date.now() / 1000);
  return {
    user: {
      name: typeof name === 'string' ? name : sub,
      sub,
      sid: typeof sid === 'string' ? sid : null,
      issuer: iss,
      loginTime: auth_time ?? iat,
    },
    tokens: {
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token ?? null,
    },
    expiresAt: tokens.expires_in === undefined ? null : now + tokens.expires_in,
  };
}
