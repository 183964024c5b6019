import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { appWith, LOGOUT, optionsFor } from '../support/app.ts';
import { connectToChromium } from '../support/chromium.ts';
import type { RunningApp } from '../support/consumer-project.ts';
import { type LoginProvider, startLoginProvider } from '../support/login-provider.ts';
import { openPage } from '../support/page.ts';
import { createSigner } from '../support/provider.ts';
import { followQuickStart, type QuickStart, withLines } from '../support/quick-start.ts';

const PAGE = openPage('docs/logout.md');
const MOUNT = PAGE.take('js', "'/_security/oidc/logout', oidc.logout()");
const LOG_OUT = PAGE.take('js', 'location.assign');
const TRUSTING = PAGE.take('js', 'trustedOrigins');
const ANSWER = PAGE.take('json', '"redirect"');
const REFUSED = PAGE.take('json', 'invalid_token');
const COME_BACK = PAGE.take('js', 'returnTo');
const ELASTICSEARCH = PAGE.take('json', 'root_cause');

describe('a page that holds the tokens', () => {
  let quickStart: QuickStart;
  let provider: LoginProvider;
  let one: RunningApp;
  let other: RunningApp;

  beforeAll(async () => {
    [quickStart, provider] = await Promise.all([followQuickStart(), startLoginProvider()]);
    const page = JSON.stringify(`<script>${LOG_OUT}</script>`);
    const program = withLines(
      MOUNT,
      COME_BACK,
      TRUSTING,
      `app.get('/page', (req, res) => res.send(${page}));`,
    );
    const env = { OIDC_ISSUER: provider.issuer, BASE_URL: 'https://app.example.com' };
    [one, other] = await Promise.all([
      quickStart.start(program, env),
      quickStart.start(program, env),
    ]);
  });

  afterAll(async () => {
    await quickStart.close();
    await provider.close();
  });

  function callApi({ url }: RunningApp, token: string): Promise<Response> {
    return fetch(`${url}/orders`, { headers: { Authorization: `Bearer ${token}` } });
  }

  function logOut({ url }: RunningApp, body: object): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' };
    return fetch(url + LOGOUT, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  it('lets a token in, logs it out, and keeps it out, in another process too', async () => {
    const access_token = await provider.signer.accessToken();
    for (const app of [one, other]) {
      const before = await callApi(app, access_token);
      expect([before.status, await before.json()]).toEqual([200, { user: 'alice' }]);
    }
    const answer = await logOut(one, { access_token });
    expect(answer.status).toBe(200);
    const { redirect } = (await answer.json()) as { redirect: string };
    expect(redirect).toMatch(`${provider.issuer}/logout?client_id=web&`);
    for (const app of [one, other]) {
      const after = await callApi(app, access_token);
      expect([after.status, await after.json()]).toEqual([401, JSON.parse(REFUSED)]);
    }
  });

  it('goes to the provider by itself', async () => {
    const access_token = await provider.signer.accessToken();
    const browser = await connectToChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${one.url}/page`);
      await page.evaluate(`void logOut(${JSON.stringify({ access_token })})`);
      await page.waitForURL(({ href }) => href.startsWith(`${provider.issuer}/logout?client_id=`));
      expect(await page.textContent('body')).toBe('logged out');
    } finally {
      await browser.close();
    }
    expect((await callApi(other, access_token)).status).toBe(401);
  });

  /** Logs out, and comes back to the app as the provider has the browser do. */
  async function comeBackFrom(logout: string) {
    const access_token = await provider.signer.accessToken({ sid: logout });
    const body = new URLSearchParams({ access_token });
    const answer = await fetch(one.url + logout, { method: 'POST', body });
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const { redirect } = (await answer.json()) as { redirect: string };
    const state = new URL(redirect).searchParams.get('state') ?? '';
    return (query = `?state=${state}`) =>
      fetch(`${other.url}/goodbye${query}`, { headers: { cookie }, redirect: 'manual' });
  }

  it('lets a page of a trusted origin log out, and of no other', async () => {
    const ask = (method: string, origin: string) =>
      fetch(`${one.url}/log-out`, { method, headers: { origin, 'sec-fetch-site': 'same-site' } });
    const trusted = 'https://app.example.com';
    expect((await ask('OPTIONS', trusted)).headers.get('access-control-allow-origin')).toBe(
      trusted,
    );
    const answer = await ask('POST', trusted);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(((await answer.json()) as { redirect: string }).redirect).toMatch(
      `${provider.issuer}/logout?client_id=web&`,
    );
    expect((await ask('POST', 'https://evil.example.com')).status).toBe(403);
  });

  it('knows the browser that comes back, once', async () => {
    const comeBack = await comeBackFrom(LOGOUT);
    expect(await (await comeBack('')).text()).toBe('You may be logged out: missing.');
    expect(await (await comeBack()).text()).toBe('You are logged out.');
    expect(await (await comeBack()).text()).toBe('You may be logged out: mismatch.');
  });

  it('returns to where the app wants it, and nowhere else', async () => {
    const comeBack = await comeBackFrom('/sign-out?return_to=/welcome');
    const answer = await comeBack();
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/welcome']);
    const url = `${one.url}/sign-out?return_to=https://evil.example`;
    const body = new URLSearchParams({ access_token: await provider.signer.accessToken() });
    expect((await fetch(url, { method: 'POST', body })).status).toBe(400);
  });
});

it('answers a logout as it is shown', async () => {
  const signer = await createSigner();
  const { app, oidc } = appWith(optionsFor(signer));
  const access_token = await signer.accessToken();
  await oidc.sessions.save({ access_token, id_token: await signer.idToken() });

  const answer = await request(app).post(LOGOUT).send({ access_token }).expect(200);

  const parts = (body: unknown) => {
    const { redirect, ...rest } = body as { redirect: string };
    const { origin, pathname, searchParams } = new URL(redirect);
    const { id_token_hint: hint, state, ...fixed } = Object.fromEntries(searchParams);
    const order = [...searchParams.keys()];
    const kinds = [hint?.slice(0, 3), typeof state];
    return { rest, origin, pathname, order, fixed, kinds };
  };
  expect(parts(answer.body)).toEqual(parts(JSON.parse(ANSWER)));
});

it('shows the errors of Elasticsearch as they are answered', async () => {
  const signer = await createSigner();
  const { app } = appWith({ ...optionsFor(signer), errorFormat: 'elasticsearch' });
  const answer = await request(app).post(LOGOUT).send({ token: 'a', tokn: 'b' });
  expect(answer.status).toBe(400);
  expect(answer.headers['x-elastic-product']).toBe('Elasticsearch');
  expect(answer.body).toEqual(JSON.parse(ELASTICSEARCH));
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
