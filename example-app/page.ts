import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';
import type { BrowserSessions } from './browser-sessions.ts';
import type { SessionStreams } from './session-streams.ts';

const ASSETS = fileURLToPath(new URL('page/', import.meta.url));
const PAGE = readFileSync(`${ASSETS}page.html`, 'utf8');

export interface PageParts {
  readonly sessions: BrowserSessions;
  readonly streams: SessionStreams;
}

/** The page that shows it all, its files, and what it asks for: the session of its browser and its end. */
export function page({ sessions, streams }: PageParts): Router {
  return Router()
    .use('/assets', express.static(ASSETS, { index: false, cacheControl: false }))
    .get('/', (_req, res) => {
      res.send(PAGE);
    })
    .get('/logged-out', (req, res) => {
      const outcome = req.postLogout?.outcome ?? 'missing';
      res.send(PAGE.replace('<html', `<html data-post-logout="${outcome}"`));
    })
    .get('/session', (req, res) => {
      res.json(sessions.find(req) ?? null);
    })
    .get('/session/events', (req, res) => {
      const session = sessions.find(req);
      // 204 tells the browser not to ask again.
      if (session === undefined) res.status(204).end();
      else streams.open(res, session);
    });
}
