import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import type { JWTHeaderParameters } from 'jose';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGGED_OUT,
  LOGOUT,
} from './app.ts';
import { targetOf } from './logout-page.ts';
import { BrowserSession, type Page } from './browser-session.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  LOGOUT_EVENT,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from './provider.ts';
import type { OidcLogoutOptions, ProviderOptions } from '../../lib/index.ts';

/** What the app answered to the provider. */
export interface Notification {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The session that a module is played with. */
export interface Login {
  readonly sub: string;
  readonly sid: string;
  readonly access_token: string;
  readonly id_token: string;
}

/**
 * The provider that the conformance suite plays against a Relying Party: it checks the logout request,
 * notifies the app while it is being served, and sends the browser back.
 */
export class ConformanceProvider {
  readonly signer: Signer;
  /** Signs with ES256, by a key that is published beside the other one. */
  readonly ecSigner: Signer;
  /** What the suite would fail the app for. */
  readonly faults: string[] = [];
  /** What the app answered on its back channel and in its frames. */
  readonly notifications: Notification[] = [];
  /** Does what the module under test does while the logout request is being served. */
  notify: () => Promise<void> = () => Promise.resolve();
  /** What becomes of the `state`. */
  returnState: (state: string) => string | undefined = (state) => state;
  readonly #server: ProviderServer;
  readonly #idTokens = new Set<string>();
  #postLogoutRedirectUri = '';

  static async start(): Promise<ConformanceProvider> {
    const server = await startProviderServer();
    const { issuer } = server;
    const signers = [
      await createSigner(issuer, { kid: 'rsa' }),
      await createSigner(issuer, { alg: 'ES256', kid: 'ec' }),
    ] as const;
    return new ConformanceProvider(server, ...signers);
  }

  private constructor(server: ProviderServer, signer: Signer, ecSigner: Signer) {
    this.#server = server;
    this.signer = signer;
    this.ecSigner = ecSigner;
    const documents = serveMetadata(server.issuer, [signer.jwk, ecSigner.jwk]);
    server.answer = (req, res) => {
      if (req.url?.startsWith('/logout?') === true) void this.#endSession(req, res);
      else documents(req, res);
    };
  }

  get issuer(): string {
    return this.signer.issuer;
  }

  register(postLogoutRedirectUri: string): void {
    this.#postLogoutRedirectUri = postLogoutRedirectUri;
  }

  /** The tokens of a new session, whose `sid` is what the suite makes. */
  async issueTokens(): Promise<Login> {
    const claims = { sub: `user-${randomText(5, DIGITS)}`, sid: createSid() };
    const access_token = await this.signer.accessToken(claims);
    const id_token = await this.signer.idToken(claims);
    this.#idTokens.add(id_token);
    return { ...claims, access_token, id_token };
  }

  /** What the suite puts into a Logout Token. */
  logoutClaims({ sub, sid }: Login): Claims {
    const now = Math.floor(Date.now() / 1000);
    return {
      ...{ iss: this.issuer, aud: CLIENT_ID, sub, sid, jti: randomText(20, LETTERS) },
      ...{ iat: now, exp: now + 120, events: LOGOUT_EVENT, ignored_claim: 'ignored' },
    };
  }

  /** A Logout Token as the suite makes it: without a type. */
  logoutToken(
    login: Login,
    claims: Claims = {},
    header: Partial<JWTHeaderParameters> = {},
  ): Promise<string> {
    return this.signer.sign({ ...this.logoutClaims(login), ...claims }, header);
  }

  async postLogoutToken(backChannelLogoutUri: string, logout_token: string): Promise<void> {
    const body = new URLSearchParams({ logout_token, ignored_parameter: 'ignored' });
    await this.#keep(
      await fetch(backChannelLogoutUri, { method: 'POST', body, redirect: 'manual' }),
    );
  }

  /** Loads the frame of a logout page; the suite does not encode what it puts into the query. */
  async loadFrame(frontChannelLogoutUri: string, query = ''): Promise<void> {
    const headers = { 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Site': 'cross-site' };
    await this.#keep(await fetch(frontChannelLogoutUri + query, { headers, redirect: 'manual' }));
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #keep(response: Response): Promise<void> {
    const { status, headers } = response;
    this.notifications.push({ status, headers, body: await response.text() });
  }

  async #endSession(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const query = new URL(req.url ?? '', this.issuer).searchParams;
    const postLogoutRedirectUri = query.get('post_logout_redirect_uri');
    if (!this.#idTokens.has(query.get('id_token_hint') ?? '')) this.faults.push('id_token_hint');
    if (postLogoutRedirectUri !== this.#postLogoutRedirectUri) {
      this.faults.push('post_logout_redirect_uri');
    }
    await this.notify().catch((error: unknown) => this.faults.push(String(error)));
    const location = new URL(this.#postLogoutRedirectUri);
    const state = this.returnState(query.get('state') ?? '');
    if (state !== undefined) location.searchParams.set('state', state);
    res.writeHead(302, { location: location.href }).end();
  }
}

/** The app under test, on a port of its own. */
export interface RelyingParty extends App {
  readonly postLogoutRedirectUri: string;
  readonly backChannelLogoutUri: string;
  readonly frontChannelLogoutUri: string;
  /** Logs a user in, as far as this package sees it. */
  login(): Promise<Login>;
  /** A browser asks for the logout and goes wherever it is sent, until a page stands. */
  logOut(login: Login): Promise<Page>;
  /** What the guard answers to the session's access token. */
  statusOf(login: Login): Promise<number>;
  close(): Promise<void>;
}

export async function startRelyingParty(
  provider: ConformanceProvider,
  options: Partial<OidcLogoutOptions> = {},
  registration: Partial<ProviderOptions> = {},
): Promise<RelyingParty> {
  const app: Express = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const postLogoutRedirectUri = base + LOGGED_OUT;
  provider.register(postLogoutRedirectUri);
  const { issuer } = provider;
  const standard = { issuer, clientId: CLIENT_ID, postLogoutRedirectUri };
  const entry = { ...standard, ...registration } as ProviderOptions;
  const started = appWith({ audience: AUDIENCE, provider: entry, ...options }, app);
  return {
    ...started,
    postLogoutRedirectUri,
    backChannelLogoutUri: base + BACK_CHANNEL_LOGOUT,
    frontChannelLogoutUri: base + FRONT_CHANNEL_LOGOUT,
    async login() {
      const login = await provider.issueTokens();
      await started.oidc.sessions.save(login);
      return login;
    },
    async logOut({ access_token }) {
      const html = `<form action="${base}${LOGOUT}"></form>`;
      const page = { url: new URL(base), status: 200, html };
      const browser = new BrowserSession({ stopAt: 'https://' });
      const answer = await browser.submit(page, LOGOUT, { access_token });
      return browser.open(targetOf(answer.html));
    },
    async statusOf({ access_token }) {
      return (await call(started, access_token)).status;
    },
    async close() {
      await started.oidc.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** 20 letters, 10 digits and 5 punctuation characters. */
export function createSid(): string {
  return randomText(20, LETTERS) + randomText(10, DIGITS) + randomText(5, PUNCTUATION);
}

function randomText(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
