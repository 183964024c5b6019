import type { Response } from 'express';
import { sendOAuthError, serve } from './endpoint.ts';
import type { Middleware } from './middleware.ts';
import type { ReturningRequest } from './post-logout.ts';
import { isPreview } from './preview.ts';
import type { RequestEnd } from './request-end.ts';
import type { ReturningBrowser } from './returning-browser.ts';

export function postLogoutCallback(browser: ReturningBrowser): Middleware {
  async function handle(req: ReturningRequest, res: Response, end: RequestEnd): Promise<void> {
    // A prefetch must not use up the state.
    const isSeen = !isPreview(req) && !res.headersSent;
    req.postLogout = isSeen ? await browser.verify(req, res) : { outcome: 'missing' };
    end.pass();
  }

  const endpoint = {
    name: 'postLogoutCallback()',
    methods: ['GET', 'HEAD'],
    handle,
    sendError: sendOAuthError,
  };
  return async function postLogoutCallbackHandler(req, res, next) {
    await serve(endpoint, { req, res, next });
  };
}
