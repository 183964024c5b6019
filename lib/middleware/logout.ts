import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Events } from '../events.ts';
import type { Coverage, Invalidation, Invalidations } from '../invalidation/invalidations.ts';
import { buildEndSessionUrl } from '../provider/end-session-url.ts';
import type { RegisteredSession, SessionRegistry } from '../session/session-registry.ts';
import type { AccessToken, AccessTokens } from '../token/access-token.ts';
import { sidOf } from '../token/sid.ts';
import { refreshTokenKey } from '../token/token-keys.ts';
import { refuseUnknownParameters, sendElasticsearchError } from './elasticsearch-error.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import { readLogoutRequest } from './logout-request.ts';
import { findNamedSession, type NamedSession } from './named-session.ts';
import { createBodyReader } from './request-body.ts';

export interface LogoutParts {
  readonly accessTokens: AccessTokens;
  readonly invalidations: Invalidations;
  readonly registry: SessionRegistry;
  readonly events: Events;
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
  readonly keptAnswer: string | undefined;
}

/**
 * Ends the session that the tokens in the body belong to, and answers where to send the browser.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
 */
export function logout(parts: LogoutParts) {
  const { accessTokens, invalidations, registry, events } = parts;
  const readBody = createBodyReader(parts.bodyLimit);
  const elasticsearch = parts.errorFormat === 'elasticsearch';

  async function read(req: Request, res: Response): Promise<Logout> {
    const request = await readLogoutRequest(await readBody(req, res));
    const refreshKey = request.refreshToken && refreshTokenKey(request.refreshToken);
    const accessToken = await accessTokens.verifyForLogout(request.accessToken);
    const [named, coverage, keptAnswer] = await Promise.all([
      findNamedSession(parts, accessToken, refreshKey),
      invalidations.coverage(accessToken),
      registry.findAnswer(accessToken.key),
    ]);
    const repeated = coverage.token || coverage.subject || coverage.session;
    return { ...named, accessToken, refreshTokenKey: refreshKey, coverage, repeated, keptAnswer };
  }

  async function redirectOf({
    accessToken,
    session,
    repeated,
  }: Logout): Promise<string | undefined> {
    const { provider } = accessToken;
    const endpoint = await provider.endSessionEndpoint();
    if (endpoint === undefined) return undefined;
    const { clientId, postLogoutRedirectUri } = provider.settings;
    return buildEndSessionUrl(endpoint, {
      // A dead token must not buy an ID Token.
      id_token_hint: repeated ? undefined : session?.idToken,
      client_id: parts.includeClientId ? clientId : undefined,
      post_logout_redirect_uri: postLogoutRedirectUri,
      state: postLogoutRedirectUri && randomBytes(32).toString('base64url'),
    });
  }

  // The answer is kept first: a retry after a failure in between must find it.
  async function store(request: Logout, redirect: string | undefined): Promise<void> {
    const { accessToken, keptAnswer, repeated } = request;
    if (redirect !== undefined && keptAnswer === undefined && !repeated && parts.retryWindow > 0) {
      await registry.keepAnswer(accessToken.key, redirect, parts.retryWindow);
    }
    await invalidations.add(invalidationsOf(request));
    await forgetEnded(request);
  }

  async function forgetEnded({ coverage, session }: Logout): Promise<void> {
    if (session === undefined) return;
    // Where the end came before, what is known under the session's key may be of a login after it.
    if (coverage.session) {
      const [cutOff = 0] = await invalidations.lookUp(session.session);
      if (cutOff <= session.generation) return;
    }
    await registry.forget([session.session]);
  }

  function tell({ accessToken, session, repeated }: Logout): void {
    const { issuer, subject, sid } = ownerOf(accessToken, session);
    events.emit('logout', { issuer, subject, sid, repeated });
  }

  async function handle(req: Request, res: Response): Promise<void> {
    if (elasticsearch) refuseUnknownParameters(req);
    const request = await read(req, res);
    const redirect = request.keptAnswer ?? (await redirectOf(request));
    await store(request, redirect);
    tell(request);
    answer(req, res, redirect, request.accessToken.provider.settings.postLogoutRedirectUri ?? '/');
  }

  const sendError = elasticsearch ? sendElasticsearchError : sendOAuthError;
  return async function logoutHandler(req: Request, res: Response, next: NextFunction) {
    if (elasticsearch) res.set('X-Elastic-Product', 'Elasticsearch');
    await serve({ method: 'POST', handle, sendError }, req, res, next);
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

function answer(req: Request, res: Response, redirect: string | undefined, home: string): void {
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
