import type { Request, Response } from 'express';
import { InvalidTokenError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { TokensOfLogout } from '../logout/presented-tokens.ts';
import type {
  LogoutAnswer,
  LogoutWishes,
  RpInitiatedLogout,
} from '../logout/rp-initiated-logout.ts';
import { providerOfAccessToken } from '../provider/provider-of-token.ts';
import type { Providers } from '../provider/providers.ts';
import { tellTokenRefused } from '../refusal-events.ts';
import { withoutDeadToken } from './dead-token.ts';
import { refuseUnknownParameters, sendElasticsearchError } from './elasticsearch-error.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import { sendAnswer } from './logout-answer.ts';
import type { ResolvedLogoutOptions } from './logout-options.ts';
import type { Middleware } from './middleware.ts';
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
  const { browser, options, rpInitiatedLogout } = parts;
  const elasticsearch = parts.errorFormat === 'elasticsearch';
  const isOfApp = options.tokens !== undefined;
  const tellRefusal = tellTokenRefused(parts.events, 'logout');
  const readTokens =
    options.tokens === undefined
      ? tokensFromBody(parts.bodyLimit)
      : tokensFromSession(options.tokens, options.trustedOrigins);

  async function answerTo(
    tokens: TokensOfLogout | undefined,
    wishes: LogoutWishes,
  ): Promise<LogoutAnswer> {
    if (!isOfApp && tokens !== undefined) {
      const answer = await rpInitiatedLogout.logOut(tokens, wishes);
      if (answer === undefined) throw new InvalidTokenError('opaque-unknown');
      return answer;
    }
    const logOut = (found: TokensOfLogout) => rpInitiatedLogout.logOut(found, wishes);
    const answer = tokens && (await withoutDeadToken(tokens, logOut, tellRefusal));
    const provider = providerOfAccessToken(tokens?.accessToken ?? '', parts.providers);
    return answer ?? rpInitiatedLogout.withoutSession(provider, wishes);
  }

  async function handle(req: Request, res: Response, end: RequestEnd): Promise<void> {
    if (elasticsearch) refuseUnknownParameters(req);
    const tokens = await readTokens(req, res);
    const answer = await answerTo(tokens, await options.wishesOf(req));
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

// A native app's own URI is no page of the web.
function homeOf({ provider, postLogoutRedirectUri: chosen = '' }: LogoutAnswer): string {
  const uris = [chosen, ...provider.settings.postLogoutRedirectUri];
  return uris.find((uri) => /^https?:/i.test(uri)) ?? '/';
}
