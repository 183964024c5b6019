import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import express, { type RequestHandler } from 'express';
import type { OidcLogout, OidcLogoutOptions, SessionName } from '../../dist/index.js';
import { type Group, SATURATED, type Variant } from '../group.ts';
import { createApp, createOurs } from '../ours.ts';

const RESOLUTION_MS = 1;

/** How long a call took, and how long it kept all others waiting at most. */
export interface Duration {
  readonly wallMs: number;
  readonly longestTurnMs: number;
}

async function durationOf(call: () => Promise<unknown>): Promise<Duration> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const start = performance.now();
  await call();
  const wallMs = performance.now() - start;
  await setTimeout(5 * RESOLUTION_MS);
  delay.disable();
  return { wallMs, longestTurnMs: delay.max / 1e6 - RESOLUTION_MS };
}

const endWith =
  ({ sessions }: OidcLogout): RequestHandler =>
  async (req, res) => {
    res.json(await durationOf(() => sessions.end(req.body as SessionName)));
  };

// Holds all tokens of a measurement.
const tokenCacheSize = 128 * 1024 * 1024;

const variant = (options?: Partial<OidcLogoutOptions>): Variant => ({
  createApp(settings) {
    const oidc = createOurs(settings, 'ES256', { tokenCacheSize, ...options });
    oidc.on('session-ended', () => undefined);
    return createApp(oidc).post('/end', express.json(), endWith(oidc));
  },
  createRequests: () => Promise.resolve([]),
});

/** An app with all that ends sessions. */
export const APP: Group = {
  name: 'App',
  load: SATURATED,
  algorithm: 'ES256',
  about: '',
  variants: { strict: variant(), 'near-cache': variant({ nearCache: { maxStaleness: 60 } }) },
};
