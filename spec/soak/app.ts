import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
// @ts-expect-error: the package under this name has no types of its own
import untypedExpress4 from 'express4';
import type {
  GuardedRequest,
  OidcLogout,
  ReturningRequest,
  SessionName,
  SessionTokens,
  TokenResponse,
} from '../../dist/index.js';

interface AppError extends Error {
  readonly code?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const STATUS: Readonly<Record<string, number>> = {
  ERR_OIDC_LOGOUT_SESSION_ENDED: 409,
  ERR_OIDC_LOGOUT_INVALID_ID_TOKEN: 400,
};

/** A route that calls `oidc.sessions`; what the call rejects with is told by its code. */
function calling(call: (body: never) => Promise<void>): RequestHandler {
  return (req, res, next) => {
    call(req.body as never).then(
      () => res.sendStatus(204),
      (error: unknown) => {
        const { code = '', status = STATUS[code], headers = {} } = error as AppError;
        if (status === undefined) next(error);
        else res.status(status).set(headers).json({ code });
      },
    );
  };
}

// The app's own time-out has answered; what comes next does not know.
const answerEarly: RequestHandler = (_req, res, next) => {
  res.status(408).json({ code: 'EARLY' });
  next();
};

/** The tokens in the app's session, which a header stands for. */
function sessionTokens(session: string | undefined): SessionTokens | undefined {
  if (session === undefined) return undefined;
  return JSON.parse(Buffer.from(session, 'base64url').toString()) as SessionTokens;
}

/** An app as a user of the package would write it, and every way in which its parts can be mounted. */
export function createApp(
  version: 4 | 5,
  oidc: OidcLogout,
  onError: (error: unknown) => void,
): Express {
  const framework = version === 4 ? (untypedExpress4 as typeof express) : express;
  const app = framework();
  const api: RequestHandler = (req: GuardedRequest, res) => {
    if (!res.headersSent) res.json({ sub: req.auth?.payload.sub });
  };
  const endpoints = framework.Router();
  const page: RequestHandler = (req: ReturningRequest, res) => {
    if (!res.headersSent) res.json(req.postLogout);
  };
  endpoints.use('/logout', oidc.logout());
  endpoints.use('/back-channel-logout', oidc.backChannelLogout());
  endpoints.use('/front-channel-logout', oidc.frontChannelLogout());
  endpoints.use('/logged-out', oidc.postLogoutCallback(), page);
  endpoints.use('/api/write', oidc.guard({ scope: 'write' }), api);
  endpoints.use('/api', oidc.guard(), api);
  endpoints.use(
    '/session-logout',
    oidc.logout({ tokens: (req) => sessionTokens(req.get('X-Session')) }),
  );

  const json = framework.json();
  app.use('/parsed', json, framework.urlencoded({ extended: false }), endpoints);
  app.use('/raw', framework.raw({ type: () => true }), endpoints);
  app.use('/early', answerEarly, endpoints);
  app.post(
    '/login',
    json,
    calling((tokens: TokenResponse) => oidc.sessions.save(tokens)),
  );
  app.post(
    '/refresh',
    json,
    calling(({ old, tokens }: { old: TokenResponse; tokens: TokenResponse }) =>
      oidc.sessions.rotate(old, tokens),
    ),
  );
  app.post(
    '/end',
    json,
    calling((name: SessionName) => oidc.sessions.end(name)),
  );
  app.get('/public', (_req, res) => void res.json({}));
  app.use(endpoints);

  const handleError: ErrorRequestHandler = (error: AppError, _req, res, _next) => {
    if (!res.headersSent || error.code === 'ERR_HTTP_HEADERS_SENT') onError(error);
    if (!res.headersSent) res.status(500).json({ code: 'APP_ERROR' });
  };
  app.use(handleError);
  return app;
}
