import type { Request, Response } from 'express';
import { callOption } from '../input/app-function.ts';
import type { TokensOfLogout } from '../logout/presented-tokens.ts';
import { checkObject } from '../input/checks.ts';
import { textOrNone } from '../input/none.ts';
import { readLogoutRequest } from './logout-request.ts';
import { createBodyReader, FORM_TYPE, JSON_TYPES } from './request-body.ts';
import { type Origins, requireSameOrigin } from './same-origin.ts';
import type { FindTokens, SessionTokens } from './session-tokens.ts';

export function tokensFromBody(
  bodyLimit: number,
): (req: Request, res: Response) => Promise<TokensOfLogout> {
  const readBody = createBodyReader(bodyLimit, [...JSON_TYPES, FORM_TYPE]);
  return async (req, res) => readLogoutRequest(await readBody(req, res));
}

/**
 * The app's cookie comes with every request of the browser, so only requests from the app's own
 * pages, or trusted ones, count.
 */
export function tokensFromSession(
  find: FindTokens,
  trustedOrigins: Origins,
): (req: Request) => Promise<TokensOfLogout | undefined> {
  return async (req) => {
    requireSameOrigin(req, trustedOrigins);
    return findTokens(find, req);
  };
}

export function findTokens(find: FindTokens, req: Request): Promise<TokensOfLogout | undefined> {
  return callOption('tokens', async () => readTokens(await find(req)));
}

function readTokens(tokens: SessionTokens | undefined | null): TokensOfLogout | undefined {
  if (tokens === undefined || tokens === null) return undefined;
  checkObject(tokens, 'tokens()');
  const { access_token, refresh_token } = tokens;
  const accessToken = textOrNone(access_token, 'access_token');
  const refreshToken = textOrNone(refresh_token, 'refresh_token');
  const hasNone = accessToken === undefined && refreshToken === undefined;
  return hasNone ? undefined : { accessToken, refreshToken };
}
