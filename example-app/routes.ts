import express, { type Express, Router } from 'express';
import type { GuardedRequest, OidcLogout } from '../lib/index.ts'; // from 'express-oidc-logout'
import { BrowserSessions } from './browser-sessions.ts';
import { notFound, sendFailure } from './failure.ts';
import { browserLogin } from './login/browser-login.ts';
import { Logins } from './login/logins.ts';
import type { ProviderLogin } from './login/provider-login.ts';
import { page } from './page.ts';
import { secureHeaders } from './secure-headers.ts';
import { SessionStreams } from './session-streams.ts';
import { authenticate } from './trio/authenticate.ts';
import { refusePath, sendElasticsearchError, setProduct } from './trio/elasticsearch-error.ts';
import { prepare } from './trio/prepare.ts';

export interface RouteParts {
  readonly oidc: OidcLogout;
  readonly provider: ProviderLogin;
  readonly issuer: string;
  readonly baseUrl: string;
}

/** Mounts everything under its path. */
export function routes({ oidc, provider, issuer, baseUrl }: RouteParts): Express {
  const secure = baseUrl.startsWith('https:');
  const sessions = new BrowserSessions({ secure });
  const streams = new SessionStreams();
  const logins = new Logins(provider, oidc);
  oidc.on('session-ended', (event) => {
    streams.end(sessions.drop(event), event.cause);
  });
  const app = express().disable('x-powered-by').use(secureHeaders);

  app.use('/_security', setProduct);
  app.use('/_security/oidc/prepare', prepare({ issuer, logins }));
  app.use('/_security/oidc/authenticate', authenticate(logins));
  app.use('/_security/oidc/logout', oidc.logout());
  app.use('/_security', refusePath, sendElasticsearchError);
  app.use('/oidc/back-channel-logout', oidc.backChannelLogout());
  app.use('/oidc/front-channel-logout', oidc.frontChannelLogout());
  app.use('/logged-out', oidc.postLogoutCallback());
  app.use('/api', oidc.guard(), api());
  app.use(browserLogin({ logins: new Logins(provider, oidc), sessions, secure }));
  app.get('/provider/logout', (_req, res) => {
    res.redirect(303, provider.logoutPage);
  });
  app.use(page({ oidc, sessions, streams }));
  app.use(notFound, sendFailure);
  return app;
}

function api(): Router {
  return Router().get('/me', (req: GuardedRequest, res) => {
    res.json({ sub: req.auth?.payload.sub, claims: req.auth?.payload });
  });
}
