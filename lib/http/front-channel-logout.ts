import type { Request, Response } from 'express';
import { InvalidRequestError } from '../errors.ts';
import type { Events } from '../events.ts';
import {
  endSavedLogin,
  endSavedSession,
  type FrontChannelLogoutParts,
} from '../logout/front-channel-logout.ts';
import type { PresentedTokens, TokensOfLogout } from '../logout/presented-tokens.ts';
import type { Provider } from '../provider/provider.ts';
import type { Providers } from '../provider/providers.ts';
import { tellTokenRefused } from '../refusal-events.ts';
import { sendEmpty, sendHtml } from './answer.ts';
import { withoutDeadToken } from './dead-token.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import type { FrontChannelLogoutOptions } from './front-channel-logout-options.ts';
import type { Middleware } from './middleware.ts';
import { isPreview } from './preview.ts';
import { queryNames, queryValues } from './query.ts';
import type { RequestEnd } from './request-end.ts';
import type { FindTokens } from './session-tokens.ts';
import { findTokens } from './token-reader.ts';

export interface FrontChannelEndpointParts extends FrontChannelLogoutParts {
  readonly providers: Providers;
  /** @throws {@link InvalidTokenError} when the tokens are dead. */
  readonly presentedTokens: (tokens: TokensOfLogout) => Promise<PresentedTokens | undefined>;
  readonly events: Events;
  readonly options: FrontChannelLogoutOptions;
}

const PAGE =
  '<!doctype html><html lang="en"><title>Logged out</title><body><p>Logged out</p></body></html>';

export function frontChannelLogout(parts: FrontChannelEndpointParts): Middleware {
  const { providers, options } = parts;
  const tellRefusal = tellTokenRefused(parts.events, 'front-channel-logout');

  function findProvider(req: Request): Provider {
    const issuers = queryValues(req, 'iss');
    if (issuers.length === 0 && providers.issuers.size === 1) return providers.first;
    const [provider] = issuers.length === 1 ? providers.ofIssuer(issuers[0]) : [];
    if (provider === undefined) throw new InvalidRequestError('issuer-unknown');
    return provider;
  }

  async function endNamed(req: Request): Promise<string[]> {
    const provider = findProvider(req);
    const sid = readSid(req);
    const { issuer } = provider;
    const [origins] = await Promise.all([
      provider.origins(),
      isPreview(req) ? undefined : endSavedSession(parts, { issuer, sid }),
    ]);
    return origins;
  }

  async function endOwn(req: Request, find: FindTokens): Promise<string[]> {
    const tokens = isPreview(req) ? undefined : await findTokens(find, req);
    const { presentedTokens } = parts;
    const presented = tokens && (await withoutDeadToken(tokens, presentedTokens, tellRefusal));
    if (presented !== undefined) await endSavedLogin(parts, presented);
    const all = await Promise.all(Array.from(providers, (each) => each.origins()));
    return [...new Set(all.flat())];
  }

  async function handle(req: Request, res: Response, end: RequestEnd): Promise<void> {
    const { tokens } = options;
    const isOwn = tokens !== undefined && isUnnamedFrame(req);
    const origins = await (isOwn ? endOwn(req, tokens) : endNamed(req));
    end.answer(() => {
      allowFraming(res, origins);
      // A browser does not show a prefetched page without a body, but sends the request again.
      if (isPreview(req) && req.method === 'GET') sendEmpty(res, 204);
      else sendHtml(res, 200, PAGE);
    });
  }

  const endpoint = {
    name: 'frontChannelLogout()',
    methods: ['GET', 'HEAD'],
    headers: { 'Referrer-Policy': 'no-referrer' },
    handle,
    sendError: sendOAuthError,
    onRefusal: tellRefusal,
  };
  return async function frontChannelLogoutHandler(req, res, next) {
    await serve(endpoint, { req, res, next });
  };
}

function isUnnamedFrame(req: Request): boolean {
  const names = queryNames(req);
  const isUnnamed = !names.includes('iss') && !names.includes('sid');
  return isUnnamed && req.headers['sec-fetch-dest'] === 'iframe';
}

function readSid(req: Request): string {
  const [sid = '', ...others] = queryValues(req, 'sid');
  if (sid === '' || others.length > 0) throw new InvalidRequestError('session-missing');
  return sid;
}

/** The provider's pages may frame this page, even if the app forbids framing elsewhere. */
function allowFraming(res: Response, origins: readonly string[]): void {
  res.removeHeader('X-Frame-Options');
  res.removeHeader('Cross-Origin-Resource-Policy');
  res.removeHeader('Cross-Origin-Embedder-Policy');
  const policy = `default-src 'none'; frame-ancestors ${origins.join(' ')}`;
  res.setHeader('Content-Security-Policy', policy);
}
