import type { Request, Response } from 'express';
import { InvalidTokenError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { TokensOfLogout } from '../logout/presented-tokens.ts';
import type { LogoutAnswer, RpInitiatedLogout } from '../logout/rp-initiated-logout.ts';
import { providerOfAccessToken } from '../provider/provider-of-token.ts';
import type { Providers } from '../provider/providers.ts';
import { tellTokenRefused } from '../refusal-events.ts';
import { withoutDeadToken } from './dead-token.ts';
import { refuseUnknownParameters, sendElasticsearchError } from './elasticsearch-error.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import { sendAnswer } from './logout-answer.ts';
import type { ResolvedLogoutOptions } from './logout-options.ts';
import type { Middleware } from './middleware.ts';
import type { FindTokens } from './session-tokens.ts';
import { tokensFromBody, tokensFromSession } from './token-reader.ts';
import type { ReturningBrowser } from './returning-browser.ts';
import type { RequestEnd } from './request-end.ts';

export interface LogoutParts {
  readonly providers: Providers;
  readonly rpInitiatedLogout: RpInitiatedLogout;
  readonly browser: ReturningBrowser;
  readonly events: Events;
  readonly options: ResolvedLogoutOptions;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly errorFormat: 'oauth' | 'elasticsearch';
}

const PRODUCT = { 'X-Elastic-Product': 'Elasticsearch' };

export function logout(parts: LogoutParts): Middleware {
  const { browser, options } = parts;
  const elasticsearch = parts.errorFormat === 'elasticsearch';
  const tellRefusal = tellTokenRefused(parts.events, 'logout');
  const answerTo =
    options.tokens === undefined
      ? answerToBody(parts)
      : answerToApp(parts, options.tokens, tellRefusal);

  async function handle(req: Request, res: Response, end: RequestEnd): Promise<void> {
    if (elasticsearch) refuseUnknownParameters(req);
    const answer = await answerTo(req, res);
    end.answer(() => {
      browser.bind(answer.cookie, { req, res, trustedOrigins: options.trustedOrigins });
      const form = options.form ? answer.form?.() : undefined;
      sendAnswer(req, res, { redirect: answer.redirect, form, home: homeOf(answer) });
    });
  }

  const endpoint = {
    name: 'logout()',
    methods: ['POST'],
    headers: elasticsearch ? PRODUCT : {},
    handle,
    sendError: elasticsearch ? sendElasticsearchError : sendOAuthError,
    onRefusal: tellRefusal,
  };
  return async function logoutHandler(req, res, next) {
    await serve(endpoint, { req, res, next });
  };
}

type AnswerTo = (req: Request, res: Response) => Promise<LogoutAnswer>;

function answerToBody({ bodyLimit, options, rpInitiatedLogout }: LogoutParts): AnswerTo {
  const readTokens = tokensFromBody(bodyLimit);
  return async (req, res) => {
    const tokens = await readTokens(req, res);
    const answer = await rpInitiatedLogout.logOut(tokens, await options.wishesOf(req));
    if (answer === undefined) throw new InvalidTokenError('opaque-unknown');
    return answer;
  };
}

/** A user without tokens, or with dead ones, gets out all the same. */
function answerToApp(
  { options, providers, rpInitiatedLogout }: LogoutParts,
  find: FindTokens,
  tellRefusal: (error: InvalidTokenError) => void,
): AnswerTo {
  const readTokens = tokensFromSession(find, options.trustedOrigins);
  return async (req) => {
    const tokens = await readTokens(req);
    const wishes = await options.wishesOf(req);
    const logOut = (found: TokensOfLogout) => rpInitiatedLogout.logOut(found, wishes);
    const answer = tokens && (await withoutDeadToken(tokens, logOut, tellRefusal));
    if (answer !== undefined) return answer;
    const provider = providerOfAccessToken(tokens?.accessToken ?? '', providers);
    return rpInitiatedLogout.withoutSession(provider, wishes);
  };
}

// A native app's own URI is no page of the web.
function homeOf({ provider, postLogoutRedirectUri: chosen = '' }: LogoutAnswer): string {
  const uris = [chosen, ...provider.settings.postLogoutRedirectUri];
  return uris.find((uri) => /^https?:/i.test(uri)) ?? '/';
}
