import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Events } from '../events.ts';
import type { Coverage, Invalidation, Invalidations } from '../invalidation/invalidations.ts';
import { buildEndSessionUrl } from '../provider/end-session-url.ts';
import type { LogoutAnswer, Logouts } from '../session/logouts.ts';
import type { SessionEnds } from '../session/session-ends.ts';
import type { RegisteredSession, SessionRegistry } from '../session/session-registry.ts';
import type { AccessToken, AccessTokens } from '../token/access-token.ts';
import { sidOf } from '../token/sid.ts';
import { refreshTokenKey } from '../token/token-keys.ts';
import { refuseUnknownParameters, sendElasticsearchError } from './elasticsearch-error.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import { readLogoutRequest } from './logout-request.ts';
import { findNamedSession, type NamedSession } from './named-session.ts';
import type { PostLogoutStates } from './post-logout.ts';
import { createBodyReader, FORM_TYPE, JSON_TYPES } from './request-body.ts';
import type { ReturnTo } from './return-to.ts';

export interface LogoutParts {
  readonly accessTokens: AccessTokens;
  readonly invalidations: Invalidations;
  readonly registry: SessionRegistry;
  readonly logouts: Logouts;
  readonly ends: SessionEnds;
  readonly states: PostLogoutStates;
  readonly events: Events;
  readonly returnTo: ReturnTo;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly errorFormat: 'oauth' | 'elasticsearch';
  readonly includeClientId: boolean;
  /** Seconds. */
  readonly retryWindow: number;
}

/** A logout request of which everything is known that the answer needs. */
interface Logout extends NamedSession {
  readonly accessToken: AccessToken;
  readonly refreshTokenKey: string | undefined;
  /** What is on the list already. */
  readonly coverage: Coverage;
  /** The access token was dead before. */
  readonly repeated: boolean;
  /** What was answered before, within `retryWindow`. */
  readonly keptAnswer: LogoutAnswer | undefined;
}

/**
 * Ends the session that the tokens in the body belong to, and answers where to send the browser.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
 */
export function logout(parts: LogoutParts) {
  const { accessTokens, invalidations, registry, logouts, ends, states, events } = parts;
  const readBody = createBodyReader(parts.bodyLimit, [...JSON_TYPES, FORM_TYPE]);
  const elasticsearch = parts.errorFormat === 'elasticsearch';

  async function read(req: Request, res: Response): Promise<Logout> {
    const request = await readLogoutRequest(await readBody(req, res));
    const refreshKey = request.refreshToken && refreshTokenKey(request.refreshToken);
    const accessToken = await accessTokens.verifyForLogout(request.accessToken);
    const [named, coverage, keptAnswer] = await Promise.all([
      findNamedSession(parts, accessToken, refreshKey),
      invalidations.coverage(accessToken),
      logouts.findAnswer(accessToken.key),
    ]);
    const repeated = coverage.token || coverage.subject || coverage.session;
    return { ...named, accessToken, refreshTokenKey: refreshKey, coverage, repeated, keptAnswer };
  }

  async function createAnswer({ accessToken, session, repeated }: Logout): Promise<LogoutAnswer> {
    const { provider } = accessToken;
    const endpoint = await provider.endSessionEndpoint();
    if (endpoint === undefined) return { redirect: undefined, state: undefined };
    const { clientId, postLogoutRedirectUri } = provider.settings;
    const state = postLogoutRedirectUri && randomBytes(32).toString('base64url');
    const redirect = buildEndSessionUrl(endpoint, {
      // A dead token must not buy an ID Token.
      id_token_hint: repeated ? undefined : session?.idToken,
      client_id: parts.includeClientId ? clientId : undefined,
      post_logout_redirect_uri: postLogoutRedirectUri,
      state,
    });
    return { redirect, state };
  }

  // The answer is kept first: a retry after a failure in between must find it.
  async function keep(request: Logout, answer: LogoutAnswer, returnTo?: string): Promise<void> {
    const { accessToken, repeated } = request;
    if (answer.state !== undefined) await states.keep(answer.state, { returnTo });
    if (answer.redirect === undefined || repeated || parts.retryWindow === 0) return;
    await logouts.keepAnswer(accessToken.key, answer, parts.retryWindow);
  }

  /** Whether the end of the session is this request's to tell: of a saved one only one takes the record. */
  async function forgetEnded({ coverage, repeated, session }: Logout): Promise<boolean> {
    if (session === undefined) return !repeated;
    // Where the end came before, what is known under the session's key may be of a login after it.
    if (coverage.session) {
      const [cutOff = 0] = await invalidations.lookUp(session.session);
      if (cutOff <= session.generation) return false;
    }
    return registry.forget(session);
  }

  function tell({ accessToken, login, session, repeated }: Logout, isNews: boolean): void {
    const owner = ownerOf(accessToken, session);
    events.emit('logout', { ...owner, repeated });
    if (login !== undefined && isNews) ends.announce([owner], 'logout');
  }

  async function handle(req: Request, res: Response): Promise<void> {
    if (elasticsearch) refuseUnknownParameters(req);
    const request = await read(req, res);
    const returnTo = parts.returnTo(req);
    const answer = request.keptAnswer ?? (await createAnswer(request));
    if (request.keptAnswer === undefined) await keep(request, answer, returnTo);
    await invalidations.add(invalidationsOf(request));
    const isNews = await forgetEnded(request);
    if (answer.state !== undefined) states.bind(answer.state, req, res);
    const { postLogoutRedirectUri } = request.accessToken.provider.settings;
    send(req, res, answer.redirect, postLogoutRedirectUri ?? '/');
    tell(request, isNews);
  }

  const sendError = elasticsearch ? sendElasticsearchError : sendOAuthError;
  return async function logoutHandler(req: Request, res: Response, next: NextFunction) {
    if (elasticsearch) res.set('X-Elastic-Product', 'Elasticsearch');
    await serve({ methods: ['POST'], handle, sendError }, req, res, next);
  };
}

function invalidationsOf(request: Logout): Invalidation[] {
  const { accessToken, coverage, refreshTokenKey: refreshKey, session } = request;
  const { key, expiresAt } = accessToken;
  const owner = ownerOf(accessToken, session);
  const invalidations: Invalidation[] = [];
  if (refreshKey !== undefined) {
    invalidations.push({ kind: 'refresh-token', key: refreshKey, ...owner });
  }
  invalidations.push(...endsOf(request).map((end) => ({ ...end, ...owner })));
  if (!coverage.token) {
    invalidations.push({ kind: 'access-token', key, expiresAt, ...owner });
  }
  return invalidations;
}

// The cut-off is that of this very login, not of now: a logout that is late spares a login after it.
function endsOf({ accessToken, coverage, isRegistered, login }: Logout) {
  if (login === undefined) return [];
  const keys = [...new Set([login.session, accessToken.sessionKey ?? login.session])];
  // Of two keys one may be missing; of a token that was not saved nobody knows which login it means.
  if (coverage.session && (keys.length === 1 || !isRegistered)) return [];
  return keys.map((key) => ({ kind: 'session', key, cutOff: login.generation + 1 }) as const);
}

function ownerOf({ payload, provider }: AccessToken, session: RegisteredSession | undefined) {
  const sid = sidOf(payload) ?? session?.sid;
  return { issuer: provider.issuer, subject: payload.sub ?? session?.subject, sid };
}

function send(req: Request, res: Response, redirect: string | undefined, home: string): void {
  res.vary('Accept').set('Referrer-Policy', 'no-referrer');
  if (req.accepts(['json', 'html']) === 'html') {
    // Set as it is: res.redirect() would encode the URL once more and repeat it in a body.
    res
      .status(303)
      .set('Location', redirect ?? home)
      .end();
  } else {
    res.json({ redirect: redirect ?? null });
  }
}
