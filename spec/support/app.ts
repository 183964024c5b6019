import express, { type Express } from 'express';
import request from 'supertest';
import {
  type GuardedRequest,
  type OidcLogout,
  oidcLogout,
  type OidcLogoutOptions,
  type ProviderOptions,
  type ReturningRequest,
  type TokenResponse,
} from '../../lib/index.ts';
import { AUDIENCE, CLIENT_ID, type Signer } from './provider.ts';

export const LOGOUT = '/_security/oidc/logout';
export const BACK_CHANNEL_LOGOUT = '/oidc/back-channel-logout';
export const FRONT_CHANNEL_LOGOUT = '/oidc/front-channel-logout';
export const LOGGED_OUT = '/logged-out';

export interface App {
  readonly app: Express;
  readonly oidc: OidcLogout;
  /** All events but `session-ended`, in their order. */
  readonly events: [name: string, event: object][];
}

/**
 * Options for a provider whose metadata and keys are given, so that nothing is fetched; with
 * `metadata: undefined` they are.
 */
export function optionsFor(
  signer: Signer,
  options: Omit<Partial<OidcLogoutOptions>, 'provider'> & {
    provider?: Partial<ProviderOptions>;
  } = {},
): OidcLogoutOptions {
  const metadata = { end_session_endpoint: `${signer.issuer}/logout` };
  const entry = { metadata, ...options.provider };
  const known =
    entry.metadata === undefined
      ? {}
      : { discovery: false, metadata: { end_session_endpoint: null, ...entry.metadata } };
  return {
    audience: AUDIENCE,
    ...options,
    provider: {
      issuer: signer.issuer,
      clientId: CLIENT_ID,
      postLogoutRedirectUri: 'https://app.example.com/logged-out',
      jwks: { keys: [signer.jwk] },
      ...entry,
      ...known,
    } as ProviderOptions,
  };
}

/** An app as a user of the package would write it. */
export function appWith(options: OidcLogoutOptions, app: Express = express()): App {
  const oidc = oidcLogout(options);
  const events: App['events'] = [];
  const names = [
    'logout',
    'invalidated',
    'store-error',
    'provider-error',
    'listener-error',
  ] as const;
  for (const name of names) oidc.on(name, (event) => events.push([name, event]));
  app.use(LOGOUT, oidc.logout({ returnTo: (req) => req.get('Return-To') }));
  app.use(BACK_CHANNEL_LOGOUT, oidc.backChannelLogout());
  app.use(FRONT_CHANNEL_LOGOUT, oidc.frontChannelLogout());
  app.use(
    LOGGED_OUT,
    oidc.postLogoutCallback(),
    (req: ReturningRequest, res) => void res.json(req.postLogout),
  );
  if (options.audience !== undefined) {
    app.use(
      '/api/write',
      oidc.guard({ scope: 'write' }),
      (req: GuardedRequest, res) => void res.json(req.auth),
    );
    app.use('/api', oidc.guard(), (req: GuardedRequest, res) => void res.json(req.auth));
  }
  return { app, oidc, events };
}

/** Calls the guarded API. */
export function call({ app }: Pick<App, 'app'>, accessToken: string): request.Test {
  return request(app).get('/api').set('Authorization', `Bearer ${accessToken}`);
}

/** Calls the logout endpoint with these tokens of a login. */
export function logOut(
  { app }: Pick<App, 'app'>,
  { access_token, refresh_token }: Partial<TokenResponse>,
): request.Test {
  return request(app).post(LOGOUT).send({ access_token, refresh_token });
}

/** Sends a Logout Token, as the provider does. */
export function deliver({ app }: Pick<App, 'app'>, logout_token: string): request.Test {
  return request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });
}

/** Where a logout sends the browser. */
export function redirectOf({ body }: { readonly body: unknown }): string {
  return (body as { redirect: string }).redirect;
}
