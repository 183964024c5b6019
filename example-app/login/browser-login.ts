import { type CookieOptions, type Request, type Response, Router } from 'express';
import { query, validationResult } from 'express-validator';
import type { BrowserSessions } from '../browser-sessions.ts';
import { readCookie } from '../cookie.ts';
import { type Failure, failurePage } from '../failure-page.ts';
import { LoginRefusedError, LoginUnavailableError } from './login-error.ts';
import type { Logins } from './logins.ts';

const COOKIE = 'example_login';

export interface BrowserLoginParts {
  readonly logins: Logins;
  readonly sessions: BrowserSessions;
  readonly secure: boolean;
}

/** `/login` and `/callback`: a browser's way to the provider and back. */
export function browserLogin({ logins, sessions, secure }: BrowserLoginParts): Router {
  const cookie: CookieOptions = { httpOnly: true, sameSite: 'lax', path: '/callback', secure };

  async function logIn(_req: Request, res: Response) {
    const { redirect, state } = await logins.start();
    // Binds the login to this browser: nobody can be made to finish somebody else's.
    res.cookie(COOKIE, state, { ...cookie, maxAge: 10 * 60 * 1000 });
    res.redirect(303, redirect);
  }

  async function comeBack(req: Request, res: Response) {
    const state = readCookie(req, COOKIE);
    res.clearCookie(COOKIE, cookie);
    if (!validationResult(req).isEmpty() || state === undefined || state !== req.query.state) {
      throw new LoginRefusedError('login_unknown');
    }
    const { search } = new URL(req.originalUrl, 'http://localhost');
    sessions.open(res, await logins.finish({ search, state }));
    res.redirect(303, '/');
  }

  function fail(error: unknown, _req: Request, res: Response, next: (error: unknown) => void) {
    const failure = failureOf(error);
    if (failure === undefined) {
      next(error);
      return;
    }
    res.status(failure.status).send(failurePage(failure));
  }

  return Router()
    .get('/login', logIn)
    .get('/callback', query('state').isString(), comeBack)
    .use(fail);
}

function failureOf(error: unknown): Failure | undefined {
  const failed = { title: 'You are not logged in' };
  if (error instanceof LoginUnavailableError) {
    return { ...failed, status: 503, text: 'The provider cannot be reached at the moment.' };
  }
  if (!(error instanceof LoginRefusedError)) return undefined;
  if (error.advice !== undefined) {
    return { ...failed, status: 502, text: error.advice, code: error.error };
  }
  switch (error.error) {
    case 'access_denied':
      return { ...failed, status: 403, text: 'The login was cancelled at the provider.' };
    case 'login_unknown':
      return {
        ...failed,
        status: 400,
        text: 'This login was not started in this browser, is used up, or took too long.',
      };
    case undefined:
      return { ...failed, status: 502, text: 'The provider’s answer cannot be trusted.' };
    default:
      return { ...failed, status: 502, text: 'The provider refused the login.', code: error.error };
  }
}
