import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';
import type { BrowserSessions } from './browser-sessions.ts';

const ASSETS = fileURLToPath(new URL('page/', import.meta.url));

/** The page that shows it all, its files, and what it asks for: the session of its browser. */
export function page(sessions: BrowserSessions): Router {
  return Router()
    .use('/assets', express.static(ASSETS, { index: false, cacheControl: false }))
    .get(['/', '/logged-out'], (_req, res) => {
      res.sendFile('page.html', { root: ASSETS, cacheControl: false });
    })
    .get('/session', (req, res) => {
      res.json(sessions.find(req) ?? null);
    });
}
