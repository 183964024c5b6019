import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, Router } from 'express';
import { InvalidTokenError, type OidcLogout, type ReturningRequest } from '../lib/index.ts'; // from 'express-oidc-logout'
import { adviceOn } from './advice.ts';
import type { BrowserSessions } from './browser-sessions.ts';
import { withExcerpts } from './excerpts.ts';
import type { SessionStreams } from './session-streams.ts';

const ASSETS = fileURLToPath(new URL('page/', import.meta.url));
const PAGE = withExcerpts(readFileSync(`${ASSETS}page.html`, 'utf8'));

export interface PageParts {
  readonly oidc: OidcLogout;
  readonly sessions: BrowserSessions;
  readonly streams: SessionStreams;
}

/** The page that shows it all, its files, and what it asks for: the session of its browser and its end. */
export function page({ oidc, sessions, streams }: PageParts): Router {
  const guard = oidc.guard({
    token: (req) => sessions.find(req)?.tokens.access_token,
    errors: 'next',
  });

  return Router()
    .use('/assets', express.static(ASSETS, { index: false, cacheControl: false }))
    .get('/', (_req, res) => {
      res.send(PAGE);
    })
    .get('/logged-out', (req: ReturningRequest, res) => {
      const outcome = req.postLogout?.outcome ?? 'missing';
      res.send(PAGE.replace('<html', `<html data-post-logout="${outcome}"`));
    })
    .get('/session', (req, res) => {
      res.json(sessions.find(req) ?? null);
    })
    .get('/session/advice', guard, (_req, res) => {
      res.json(null);
    })
    .use('/session/advice', tellAdvice)
    .get('/session/events', (req, res) => {
      const session = sessions.find(req);
      // 204 tells the browser not to ask again.
      if (session === undefined) res.status(204).end();
      else streams.open(res, session);
    });
}

const tellAdvice: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const isRefusal = error instanceof InvalidTokenError;
  res.json(isRefusal ? (adviceOn('access token', error) ?? null) : null);
};
