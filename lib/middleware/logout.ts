import type { NextFunction, Request, Response } from 'express';
import { InvalidTokenError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Invalidations } from '../invalidation/invalidations.ts';
import { endSessionRequest, type SessionToEnd } from '../provider/end-session-request.ts';
import type { Provider } from '../provider/provider.ts';
import type { Revocations } from '../provider/revocations.ts';
import type { LogoutAnswer, Logouts } from '../session/logouts.ts';
import type { SessionEnds } from '../session/session-ends.ts';
import type { RegisteredSession, SessionRegistry } from '../session/session-registry.ts';
import type { AccessTokens } from '../token/access-token.ts';
import { readAccessToken } from '../token/access-token-text.ts';
import { accessTokenKey, refreshTokenKey } from '../token/token-keys.ts';
import { providerOf } from '../token/unverified-issuer.ts';
import { refuseUnknownParameters, sendElasticsearchError } from './elasticsearch-error.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import { sendAnswer } from './logout-answer.ts';
import { invalidationsOf, listedOf, type NamedTokens, ownerOf } from './logout-invalidations.ts';
import type { ResolvedLogoutOptions } from './logout-options.ts';
import type { LogoutRequest } from './logout-request.ts';
import { tokensFromBody, tokensFromSession } from './logout-tokens.ts';
import { findNamedSession } from './named-session.ts';
import type { PostLogoutStates } from './post-logout.ts';
import type { RequestEnd } from './request-end.ts';

export interface LogoutParts {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly accessTokens: AccessTokens;
  readonly invalidations: Invalidations;
  readonly registry: SessionRegistry;
  readonly logouts: Logouts;
  readonly ends: SessionEnds;
  readonly revocations: Revocations;
  readonly states: PostLogoutStates;
  readonly events: Events;
  readonly options: ResolvedLogoutOptions;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly errorFormat: 'oauth' | 'elasticsearch';
  readonly includeClientId: boolean;
  /** Seconds. */
  readonly retryWindow: number;
}

// Seconds, for a retry after 503.
const LEAST_RETRY_WINDOW = 60;
const PRODUCT = { 'X-Elastic-Product': 'Elasticsearch' };

type Send = (answer: LogoutAnswer, provider: Provider) => void;

/** A logout request of which everything is known that the answer needs. */
interface Logout extends NamedTokens {
  readonly refreshToken: string | undefined;
  /** The access token was dead before, and its logout complete. */
  readonly repeated: boolean;
  /** No logout has named the refresh token before. */
  readonly isRefreshTokenNew: boolean;
  /** What was answered before, within `retryWindow`. */
  readonly keptAnswer: LogoutAnswer | undefined;
}

/**
 * Ends the session that the tokens of the request belong to, and answers where to send the browser.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
 */
export function logout(parts: LogoutParts) {
  const { accessTokens, invalidations, registry, logouts, ends, states, events, options } = parts;
  const elasticsearch = parts.errorFormat === 'elasticsearch';
  const readTokens =
    options.tokens === undefined
      ? tokensFromBody(parts.bodyLimit)
      : tokensFromSession(options.tokens);

  async function read({ accessToken: token, refreshToken }: LogoutRequest): Promise<Logout> {
    const refreshKey = refreshToken && refreshTokenKey(refreshToken);
    const accessToken = await accessTokens.verifyForLogout(token);
    const [named, coverage, [refreshTokenEntry], keptAnswer] = await Promise.all([
      findNamedSession(parts, accessToken, refreshKey),
      invalidations.coverage(accessToken),
      invalidations.lookUp(refreshKey),
      logouts.findAnswer(accessToken.key),
    ]);
    const isListed = coverage.token || coverage.subject || coverage.session;
    const repeated = isListed && keptAnswer?.isUnfinished !== true;
    const tokens = { accessToken, refreshToken, refreshTokenKey: refreshKey };
    const isRefreshTokenNew = refreshKey !== undefined && refreshTokenEntry === undefined;
    return { ...named, ...tokens, coverage, repeated, isRefreshTokenNew, keptAnswer };
  }

  async function createAnswer(provider: Provider, session: SessionToEnd): Promise<LogoutAnswer> {
    const request = await endSessionRequest(provider, session, parts);
    const { redirect, form, state } = request ?? {};
    return { redirect, state, form: options.form ? form?.() : undefined };
  }

  async function answerOf(request: Logout, returnTo: string | undefined): Promise<LogoutAnswer> {
    const { accessToken, keptAnswer, repeated, session, proof } = request;
    if (keptAnswer !== undefined && isFor(keptAnswer, request)) return keptAnswer;
    // A dead token must not buy an ID Token, nor a token of another login.
    const idToken = repeated || proof === undefined ? undefined : session?.idToken;
    const owner = ownerOf(accessToken, session);
    const created = await createAnswer(accessToken.provider, { ...owner, idToken });
    const isShown = idToken !== undefined && proof === 'refresh-token';
    const answer = isShown ? { ...created, refreshTokenKey: request.refreshTokenKey } : created;
    const isKept = answer.redirect !== undefined && !repeated && parts.retryWindow > 0;
    await Promise.all([
      answer.state && states.keep(answer.state, { returnTo }),
      // Kept before anything is invalidated: a retry after a failure in between must find it.
      isKept && logouts.keepAnswer(accessToken.key, answer, parts.retryWindow),
    ]);
    return answer;
  }

  /** Puts on the list what the request names. When that fails, its retry is to complete what is left. */
  async function invalidate(request: Logout, answer: LogoutAnswer): Promise<void> {
    try {
      await invalidations.add(invalidationsOf(request), listedOf(request));
      if (answer.isUnfinished) await keepUntilRetried(request, answer, false);
    } catch (error) {
      if (!request.repeated) await keepUntilRetried(request, answer, true);
      throw error;
    }
  }

  async function keepUntilRetried(
    { accessToken }: Logout,
    answer: LogoutAnswer,
    isUnfinished: boolean,
  ): Promise<void> {
    const ttl = Math.max(parts.retryWindow, LEAST_RETRY_WINDOW);
    // What the store does not take now is told by `store-error`, and no reason to fail.
    await logouts
      .keepAnswer(accessToken.key, { ...answer, isUnfinished }, ttl)
      .catch(() => undefined);
  }

  /** The session, if it was this request that dropped it, and with that has to tell of its end. */
  async function forgetEnded({
    coverage,
    session,
  }: Logout): Promise<RegisteredSession | undefined> {
    if (session === undefined) return undefined;
    // Where the end came before, what is known under the session's key may be of a login after it.
    if (coverage.session) {
      const [cutOff = 0] = await invalidations.lookUp(session.session);
      if (cutOff <= session.generation) return undefined;
    }
    return registry.forget(session);
  }

  async function revoke(
    { accessToken, refreshToken, session }: Logout,
    dropped: RegisteredSession | undefined,
  ): Promise<void> {
    const { provider, token, expiresAt } = accessToken;
    const { subject, sid } = ownerOf(accessToken, session);
    await parts.revocations.revoke({
      ...{ provider, subject, sid },
      refreshTokens: [refreshToken, dropped?.refreshToken],
      accessToken: expiresAt > Date.now() / 1000 ? token : undefined,
    });
  }

  async function tell(
    { accessToken, login, session, repeated }: Logout,
    isNews: boolean,
  ): Promise<void> {
    const owner = ownerOf(accessToken, session);
    events.emit('logout', { ...owner, repeated });
    if (login !== undefined && isNews) await ends.announce([owner], 'logout');
  }

  async function findByRefreshToken(refreshToken: string): Promise<RegisteredSession | undefined> {
    const login = await registry.findRefreshToken(refreshTokenKey(refreshToken));
    return login && (await registry.findSession(login));
  }

  /** Ends the login that a refresh token is of, where the access token beside it is over. */
  async function endByRefreshToken(
    refreshToken: string,
    provider: Provider,
    session: RegisteredSession | undefined,
  ): Promise<void> {
    const key = refreshTokenKey(refreshToken);
    const { issuer } = provider;
    const { subject, sid } = session ?? {};
    await invalidations.add([{ kind: 'refresh-token', key, issuer, subject, sid }]);
    const found = session && ends.findSaved(session);
    if (found !== undefined) await ends.end(found);
    const ended = found === undefined ? [] : await ends.conclude(found);
    const kept = ended.map(({ registered }) => registered?.refreshToken);
    const refreshTokens = [refreshToken, ...kept];
    await parts.revocations.revoke({ provider, subject, sid, refreshTokens });
    await ends.announce(ended, 'logout');
  }

  async function answerWithoutSession(
    req: Request,
    { accessToken = '', refreshToken }: Partial<LogoutRequest>,
    send: Send,
  ): Promise<void> {
    const { providers } = parts;
    const [first] = providers.values();
    const session = refreshToken === undefined ? undefined : await findByRefreshToken(refreshToken);
    const named = session && providers.get(session.issuer);
    const provider = named ?? providerOf(accessToken, providers) ?? first;
    if (provider === undefined) return;
    const returnTo = await options.returnTo(req);
    const answer = await createAnswer(provider, session ?? {});
    if (answer.state !== undefined) await states.keep(answer.state, { returnTo });
    if (refreshToken !== undefined) await endByRefreshToken(refreshToken, provider, session);
    send(answer, provider);
  }

  function write(req: Request, res: Response, answer: LogoutAnswer, provider: Provider): void {
    if (answer.state !== undefined) states.bind(answer.state, req, res);
    const home = provider.settings.postLogoutRedirectUri ?? '/';
    sendAnswer(req, res, { ...answer, home });
  }

  // An opaque token that the provider has revoked is known only by what was answered to it.
  async function answerAgain(
    req: Request,
    { accessToken, refreshToken }: LogoutRequest,
    send: Send,
  ): Promise<boolean> {
    const [provider] = parts.providers.values();
    const token = readAccessToken(accessToken);
    if (token?.kind !== 'opaque' || provider === undefined) return false;
    const answer = await logouts.findAnswer(accessTokenKey(token));
    if (answer === undefined) return false;
    const shown = { refreshTokenKey: refreshToken && refreshTokenKey(refreshToken) };
    if (isFor(answer, shown)) send(answer, provider);
    else await answerWithoutSession(req, {}, send);
    return true;
  }

  async function logOut(req: Request, request: Logout, send: Send): Promise<void> {
    const answer = await answerOf(request, await options.returnTo(req));
    await invalidate(request, answer);
    const dropped = await forgetEnded(request);
    const isNews = dropped !== undefined || (request.session === undefined && !request.repeated);
    // A session that ended otherwise leaves it to its logout to hand in the refresh token.
    const isLate = request.repeated && request.isRefreshTokenNew;
    if (isNews || isLate) await revoke(request, dropped);
    send(answer, request.accessToken.provider);
    await tell(request, isNews);
  }

  async function handle(req: Request, res: Response, end: RequestEnd): Promise<void> {
    const send: Send = (answer, provider) => {
      end.answer(() => {
        write(req, res, answer, provider);
      });
    };
    if (elasticsearch) refuseUnknownParameters(req);
    const tokens = await readTokens(req, res);
    let request: Logout | undefined;
    try {
      request = tokens && (await read(tokens));
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      // What the app's own session holds may be over: its user is to get out all the same.
      if (options.tokens === undefined) {
        if (tokens !== undefined && (await answerAgain(req, tokens, send))) return;
        throw error;
      }
    }
    if (request === undefined) await answerWithoutSession(req, tokens ?? {}, send);
    else await logOut(req, request, send);
  }

  const endpoint = {
    name: 'logout()',
    methods: ['POST'],
    headers: elasticsearch ? PRODUCT : {},
    handle,
    sendError: elasticsearch ? sendElasticsearchError : sendOAuthError,
  };
  return async function logoutHandler(req: Request, res: Response, next: NextFunction) {
    await serve(endpoint, { req, res, next });
  };
}

/** Tells whether an answer may be given again: what a refresh token had to show for it, it has to show again. */
function isFor(
  answer: LogoutAnswer,
  { refreshTokenKey }: { readonly refreshTokenKey: string | undefined },
): boolean {
  return answer.refreshTokenKey === undefined || answer.refreshTokenKey === refreshTokenKey;
}
