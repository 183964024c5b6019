import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express, { type RequestHandler } from 'express';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { closeServer, listen } from '../example-app/listening.ts';
import { type OidcLogout, oidcLogout, type ReturningRequest } from '../lib/index.ts';
import { connectToChromium } from './support/chromium.ts';
import {
  AUDIENCE,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from './support/provider.ts';

interface App {
  readonly url: string;
  readonly oidc: OidcLogout;
  /** The `Cookie` headers that came to the front-channel logout. */
  readonly frontChannelCookies: (string | undefined)[];
  close(): Promise<void>;
}

/** What apps set to be safe, as helmet does, with which no page of another origin can show them. */
const forbidFraming: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy': "default-src 'self'; frame-ancestors 'self'",
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Frame-Options': 'SAMEORIGIN',
  });
  next();
};

/** An app at http://localhost, which to a browser is another site than http://127.0.0.1. */
async function startApp(issuer: string): Promise<App> {
  const app = express();
  const server = createServer(app);
  const url = `http://localhost:${await listen(server, 0)}`;
  const oidc = oidcLogout({
    provider: { issuer, clientId: CLIENT_ID, postLogoutRedirectUri: `${url}/logged-out` },
    audience: AUDIENCE,
  });
  const frontChannelCookies: App['frontChannelCookies'] = [];
  app.use(forbidFraming);
  app.use('/logout', oidc.logout({ returnTo: (req) => req.get('Return-To') }));
  app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
    const { outcome, returnTo } = req.postLogout ?? {};
    if (returnTo === undefined) res.send(`<h1>${outcome}</h1>`);
    else res.redirect(303, returnTo);
  });
  app.use(
    '/oidc/front-channel-logout',
    (req, _res, next) => {
      frontChannelCookies.push(req.headers.cookie);
      next();
    },
    oidc.frontChannelLogout(),
  );
  app.use('/api', oidc.guard(), (_req, res) => void res.json({}));
  app.get('/log-in', (_req, res) => {
    res.cookie('app', 'session', { sameSite: 'none', secure: true }).send('<h1>App</h1>');
  });
  app.get('/', (_req, res) => void res.send('<h1>App</h1>'));
  app.get('/basket', (_req, res) => void res.send('<h1>Basket</h1>'));
  async function close() {
    await oidc.close();
    await closeServer(server);
  }
  return { url, oidc, frontChannelCookies, close };
}

let provider: ProviderServer;
let signer: Signer;
let app: App;
let serial = 0;

beforeAll(async () => {
  provider = await startProviderServer();
  signer = await createSigner(provider.issuer);
  provider.answer = serveMetadata(provider.issuer, [signer.jwk]);
  app = await startApp(provider.issuer);
});

afterAll(async () => {
  await app.close();
  await provider.close();
});

/** A login that the app has saved. */
async function logIn() {
  const sid = `sid-${++serial}`;
  const accessToken = await signer.accessToken({ sid });
  await app.oidc.sessions.save({
    access_token: accessToken,
    id_token: await signer.idToken({ sid }),
  });
  return { sid, accessToken };
}

async function callApi(accessToken: string): Promise<number> {
  const headers = { Authorization: `Bearer ${accessToken}` };
  return (await fetch(`${app.url}/api`, { headers })).status;
}

describe('the front-channel logout in a browser', () => {
  let chromium: Browser;
  let page: Page;

  beforeAll(async () => {
    // Blocks third-party cookies, as some browsers do without being told.
    chromium = await connectToChromium('--test-third-party-cookie-phaseout');
  });

  afterAll(() => chromium.close());

  beforeEach(async () => {
    app.frontChannelCookies.length = 0;
    page = await chromium.newPage();
    await page.goto(`${app.url}/log-in`);
  });

  afterEach(() => page.close());

  function frontChannelUrl(sid: string): string {
    const query = new URLSearchParams({ iss: provider.issuer, sid });
    return `${app.url}/oidc/front-channel-logout?${query}`;
  }

  function serveLogoutPage(at: ProviderServer, sid: string): void {
    const documents = serveMetadata(provider.issuer, [signer.jwk]);
    const source = frontChannelUrl(sid).replace('&', '&amp;');
    at.answer = (req, res) => {
      if (req.url === '/logout') {
        res.writeHead(200, { 'content-type': 'text/html' });
        res.end(`<!doctype html><iframe src="${source}"></iframe>`);
      } else documents(req, res);
    };
  }

  /** Opens a page that shows the app's in a frame. */
  async function openLogoutPage(url: string): Promise<Frame> {
    await page.goto(`${url}/logout`);
    const [, frame] = page.frames();
    if (frame === undefined) throw new Error('There is no frame');
    return frame;
  }

  it('ends the session in a frame of the provider, without any cookie', async () => {
    const { sid, accessToken } = await logIn();
    expect(await callApi(accessToken)).toBe(200);
    serveLogoutPage(provider, sid);
    const frame = await openLogoutPage(provider.issuer);
    expect(frame.url()).toBe(frontChannelUrl(sid));
    expect(await frame.title()).toBe('Logged out');
    // The browser has one that is made for frames, and would send it if it were allowed to.
    expect(await page.context().cookies(frontChannelUrl(sid))).toMatchObject([
      { name: 'app', value: 'session', sameSite: 'None', secure: true },
    ]);
    expect(app.frontChannelCookies).toEqual([undefined]);
    expect(await callApi(accessToken)).toBe(401);
  });

  it('leaves other sessions of the same user alone', async () => {
    const [ended, other] = [await logIn(), await logIn()];
    serveLogoutPage(provider, ended.sid);
    await openLogoutPage(provider.issuer);
    expect(await callApi(ended.accessToken)).toBe(401);
    expect(await callApi(other.accessToken)).toBe(200);
  });

  describe('in a frame of a foreign origin', () => {
    let foreign: ProviderServer;
    let foreignUrl: string;

    beforeAll(async () => {
      foreign = await startProviderServer();
      // The same site as the app, so that its cookies are sent.
      foreignUrl = foreign.issuer.replace('127.0.0.1', 'localhost');
    });

    afterAll(() => foreign.close());

    it('is not shown', async () => {
      const refusal = page.waitForEvent('console', (message) =>
        message.text().includes(`frame-ancestors ${provider.issuer}`),
      );
      serveLogoutPage(foreign, 'unknown');
      const frame = await openLogoutPage(foreignUrl);
      expect((await refusal).type()).toBe('error');
      await frame.waitForURL('chrome-error://chromewebdata/');
    });

    it('does nothing by the cookie alone', async () => {
      const { accessToken } = await logIn();
      serveLogoutPage(foreign, 'guessed');
      await openLogoutPage(foreignUrl);
      expect(app.frontChannelCookies).toEqual(['app=session']);
      expect(await callApi(accessToken)).toBe(200);
    });

    // The request is made before the browser knows who may frame the answer: what protects is the sid.
    it('ends the session of which it knows the sid, although nothing is shown', async () => {
      const { sid, accessToken } = await logIn();
      serveLogoutPage(foreign, sid);
      const frame = await openLogoutPage(foreignUrl);
      await frame.waitForURL('chrome-error://chromewebdata/');
      expect(await callApi(accessToken)).toBe(401);
    });
  });
});

describe('the way back to the app in a browser', () => {
  let chromium: Browser;
  let context: BrowserContext;
  let page: Page;
  /** How the provider sends the browser back. */
  let alter: (back: URL) => void;

  beforeAll(async () => {
    chromium = await connectToChromium();
  });

  afterAll(() => chromium.close());

  beforeEach(async () => {
    const documents = serveMetadata(provider.issuer, [signer.jwk]);
    alter = () => undefined;
    provider.answer = (req, res) => {
      const { pathname, searchParams } = new URL(req.url ?? '', provider.issuer);
      if (pathname !== '/logout') {
        documents(req, res);
        return;
      }
      const back = new URL(searchParams.get('post_logout_redirect_uri') ?? '');
      back.searchParams.set('state', searchParams.get('state') ?? '');
      alter(back);
      res.writeHead(303, { location: back.href }).end();
    };
    context = await chromium.newContext();
    page = await context.newPage();
    await page.goto(app.url);
  });

  afterEach(() => context.close());

  /** Logs out by a script of the app's page; answers the End Session URL. */
  async function logOut(returnTo?: string, on = page): Promise<string> {
    const { accessToken } = await logIn();
    const headers = {
      'Content-Type': 'application/json',
      ...(returnTo !== undefined && { 'Return-To': returnTo }),
    };
    const init = { method: 'POST', headers, body: JSON.stringify({ access_token: accessToken }) };
    const answer = await on.evaluate<{ redirect: string }>(
      `fetch('/logout', ${JSON.stringify(init)}).then((response) => response.json())`,
    );
    return answer.redirect;
  }

  const shown = (on = page) => on.locator('h1').innerText();

  it('is verified in the browser that started the logout, and leads where it wanted to be', async () => {
    await page.goto(await logOut('/basket?page=2'));
    expect(page.url()).toBe(`${app.url}/basket?page=2`);
    expect(await context.cookies()).toEqual([]);
  });

  it('is verified without a place to return to', async () => {
    const redirect = await logOut();
    expect(await context.cookies()).toMatchObject([
      { name: 'oidc-logout', httpOnly: true, sameSite: 'Lax', path: '/', secure: false },
    ]);
    await page.goto(redirect);
    expect(await shown()).toBe('verified');
  });

  it('is a mismatch with an altered state, and the genuine one is still good', async () => {
    const redirect = await logOut('/basket');
    alter = ({ searchParams }) => {
      searchParams.set('state', `${searchParams.get('state')}_INVALID`);
    };
    await page.goto(redirect);
    expect(await shown()).toBe('mismatch');
    alter = () => undefined;
    await page.goto(redirect);
    expect(await shown()).toBe('Basket');
  });

  it('is missing without a state', async () => {
    const redirect = await logOut('/basket');
    alter = ({ searchParams }) => {
      searchParams.delete('state');
    };
    await page.goto(redirect);
    expect(await shown()).toBe('missing');
  });

  it('is a mismatch when it is reloaded or gone back to', async () => {
    await page.goto(await logOut());
    expect(await shown()).toBe('verified');
    await page.reload();
    expect(await shown()).toBe('mismatch');
    await page.goto(app.url);
    await page.goBack();
    expect(page.url()).toContain('/logged-out?state=');
    expect(await shown()).toBe('mismatch');
  });

  it('is unbound in a browser that started no logout, and leads nowhere', async () => {
    const redirect = await logOut('/basket');
    const other = await chromium.newContext();
    const otherPage = await other.newPage();
    await otherPage.goto(redirect);
    expect(await shown(otherPage)).toBe('unbound');
    await other.close();
  });

  it('is a mismatch in a browser that started another logout, and uses nothing up', async () => {
    const redirect = await logOut('/basket');
    const other = await chromium.newContext();
    const otherPage = await other.newPage();
    await otherPage.goto(app.url);
    const otherRedirect = await logOut('/basket', otherPage);
    await otherPage.goto(redirect);
    expect(await shown(otherPage)).toBe('mismatch');
    await page.goto(redirect);
    await otherPage.goto(otherRedirect);
    expect([await shown(), await shown(otherPage)]).toEqual(['Basket', 'Basket']);
    await other.close();
  });

  it('never leads out of the app', async () => {
    await page.goto(await logOut());
    await page.goto(`${app.url}/logged-out?returnTo=//evil.example&state=a&state=b`);
    expect(await shown()).toBe('mismatch');
    expect(new URL(page.url()).origin).toBe(app.url);
  });
});
