import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll } from '@jest/globals';
import express, { type RequestHandler } from 'express';
import * as openid from 'openid-client';
import { closeServer, listen } from '../../example-app/listening.ts';
import {
  type GuardedRequest,
  type OidcLogout,
  oidcLogout,
  type OidcLogoutOptions,
  type ProviderOptions,
  type ReturningRequest,
} from '../../lib/index.ts';
import { BrowserSession, type Page } from '../support/browser-session.ts';
import { targetOf } from '../support/logout-page.ts';
import { API_AUDIENCE, AUDIENCE } from './mappers.ts';
import { PASSWORD, Realm, type User } from './realm.ts';

export const SECRET = 'a secret of Keycloak and an app';

/** What the apps use of a browser. */
export type Browser = Pick<BrowserSession, 'open' | 'submit'>;

export function newBrowser(): BrowserSession {
  return new BrowserSession({ stopAt: 'https://app-' });
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

export interface LoggedIn {
  readonly tokens: Tokens;
  readonly sid: string;
  /** Keycloak asked for the password. */
  readonly wasAsked: boolean;
}

export interface AppSettings {
  /** Default: that of all specs. */
  readonly realm?: Realm;
  /** Default: a new one. */
  readonly clientId?: string;
  /** What the client is beyond the usual, in the admin API's words. */
  readonly client?: { readonly attributes?: object } & Record<string, unknown>;
  readonly provider?: Partial<ProviderOptions>;
  readonly options?: Partial<OidcLogoutOptions>;
  /** How the app authenticates at the token endpoint. Default: by its secret in the body. */
  readonly authentication?: openid.ClientAuth;
  /** Reaches the token endpoint. */
  readonly fetch?: typeof fetch;
}

export type Event = [name: string, event: object];

/** An app on loopback, and the client that it is at Keycloak. */
export interface App {
  readonly url: string;
  readonly clientId: string;
  /** What the admin API calls the client. */
  readonly id: string;
  readonly oidc: OidcLogout;
  /** The events that name a session, in their order. */
  eventsOf(sid: string): Event[];
  /** The statuses with which Logout Tokens were answered. */
  readonly logoutTokens: number[];
  logIn(user: User, browser: Browser, parameters?: Record<string, string>): Promise<LoggedIn>;
  /** Logs out by the form of the app's page; answers where the browser is sent. */
  logOut(tokens: Tokens, browser: Browser): Promise<string>;
  /** Asks Keycloak for new tokens. */
  refresh(tokens: Tokens): Promise<Tokens>;
  call(accessToken: string): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

export function newClientId(): string {
  return `app-${randomBytes(6).toString('hex')}`;
}

/** Starts apps for the specs of a file. */
export function useApps(): (settings?: AppSettings) => Promise<App> {
  const apps: App[] = [];

  afterAll(() => Promise.all(apps.map((app) => app.close())));

  return async (settings = {}) => {
    const app = await startApp(settings);
    apps.push(app);
    return app;
  };
}

async function startApp(settings: AppSettings): Promise<App> {
  const app = express();
  const server = createServer(app);
  const url = `http://127.0.0.1:${await listen(server, 0)}`;
  const { clientId = newClientId(), realm = Realm.current() } = settings;
  const { attributes, ...client } = settings.client ?? {};
  const id = await realm.addClient({
    clientId,
    secret: SECRET,
    redirectUris: [`${url}/callback`],
    protocolMappers: [API_AUDIENCE],
    ...client,
    attributes: {
      'post.logout.redirect.uris': `${url}/logged-out`,
      'backchannel.logout.url': `${url}/oidc/back-channel-logout`,
      'backchannel.logout.session.required': 'true',
      'frontchannel.logout.url': `${url}/oidc/front-channel-logout`,
      'frontchannel.logout.session.required': 'true',
      ...attributes,
    },
  });
  const isPublic = client.publicClient === true;
  const { authentication = openid.ClientSecretPost(SECRET), provider } = settings;
  const oidc = oidcLogout({
    provider: {
      issuer: realm.issuer,
      clientId,
      postLogoutRedirectUri: `${url}/logged-out`,
      ...(!isPublic && { clientSecret: SECRET }),
      ...provider,
    } as ProviderOptions,
    audience: AUDIENCE,
    encryptionKey: new Uint8Array(32),
    revocationDelay: 1,
    ...settings.options,
  });
  const events = record(oidc);
  const logoutTokens: number[] = [];
  mount(app, oidc, logoutTokens);
  const configuration = await openid.discovery(
    new URL(realm.issuer),
    clientId,
    undefined,
    authentication,
    {
      execute: [openid.allowInsecureRequests],
      ...(settings.fetch && { [openid.customFetch]: settings.fetch as openid.CustomFetch }),
    },
  );

  return {
    ...{ url, clientId, id, oidc, logoutTokens },
    eventsOf: (sid) => events.filter(([, event]) => 'sid' in event && event.sid === sid),
    async logIn(user, browser, parameters = {}) {
      const verifier = openid.randomPKCECodeVerifier();
      const request = openid.buildAuthorizationUrl(configuration, {
        ...{ redirect_uri: `${url}/callback`, scope: 'openid' },
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...parameters,
      });
      const { page, wasAsked } = await signIn(await browser.open(request.href), user, browser);
      const checks = { pkceCodeVerifier: verifier, idTokenExpected: true };
      const tokens = await openid.authorizationCodeGrant(configuration, page.url, checks);
      await oidc.sessions.save(tokens);
      return { tokens: tokens as Tokens, sid: tokens.claims()?.sid as string, wasAsked };
    },
    async logOut({ access_token }, browser) {
      const page = await browser.open(`${url}/`);
      const answer = await browser.submit(page, '/logout', { access_token });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.html}`);
      return targetOf(answer.html);
    },
    async refresh({ refresh_token }) {
      return (await openid.refreshTokenGrant(configuration, refresh_token)) as Tokens;
    },
    async call(accessToken) {
      const headers = { Authorization: `Bearer ${accessToken}` };
      const response = await fetch(`${url}/api`, { headers });
      return { status: response.status, body: await response.json() };
    },
    async close() {
      await oidc.close();
      await closeServer(server);
    },
  };
}

/** Logs in with the password, where Keycloak asks for it. */
async function signIn(page: Page, user: User, browser: Browser) {
  if (!page.html.includes('id="kc-form-login"')) return { page, wasAsked: false };
  const credentials = { username: user.name, password: PASSWORD };
  return { page: await browser.submit(page, '/authenticate', credentials), wasAsked: true };
}

function mount(app: express.Express, oidc: OidcLogout, logoutTokens: number[]): void {
  const countLogoutTokens: RequestHandler = (_req, res, next) => {
    res.once('finish', () => logoutTokens.push(res.statusCode));
    next();
  };
  app.use('/logout', oidc.logout());
  app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
    res.send(`<h1>${req.postLogout?.outcome}</h1>`);
  });
  app.use('/oidc/back-channel-logout', countLogoutTokens, oidc.backChannelLogout());
  app.use('/oidc/front-channel-logout', oidc.frontChannelLogout());
  app.use('/api', oidc.guard(), (req: GuardedRequest, res) => void res.json(req.auth?.payload));
  app.get('/callback', (_req, res) => void res.send('<h1>Logged in</h1>'));
  app.get('/', (_req, res) => {
    const field = '<input name="access_token">';
    res.send(`<form method="post" action="/logout">${field}<button>Log out</button></form>`);
  });
}

function record(oidc: OidcLogout): Event[] {
  const events: Event[] = [];
  for (const name of ['logout', 'session-ended', 'revocation'] as const) {
    oidc.on(name, (event) => events.push([name, event]));
  }
  return events;
}
