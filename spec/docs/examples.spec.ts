import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { type RunningProvider, startProvider } from '../../example-app/provider.ts';
import { connectToChromium } from '../support/chromium.ts';
import { compiled } from '../support/compiled.ts';
import { REPOSITORY, type RunningApp, startApp } from '../support/consumer-project.ts';
import { type RedisPort, startRedisPort } from '../support/redis-port.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type SocketPort, startSocketPort } from '../support/socket-port.ts';

const RESOURCE = 'https://api.example.com';
const CLIENT = { client_id: 'web', client_secret: randomBytes(32).toString('hex') };

let folder: string;
let redis: RedisServer;
let redisPort: RedisPort;
let provider: RunningProvider;
let chromium: Browser;
let context: BrowserContext;
let address: SocketPort;
let baseUrl: string;
let page: Page;
const apps: RunningApp[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examples-'));
  redis = await startRedisServer();
  redisPort = await startRedisPort(redis.path);
  provider = await startProvider({ resource: RESOURCE, clients: [] });
  // The address of the app that was started first, which the provider has to know before.
  address = await startSocketPort(() => ({ port: portOf(apps[0]) }));
  baseUrl = `http://localhost:${address.port}`;
  await provider.register({
    ...CLIENT,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${baseUrl}/callback`],
    post_logout_redirect_uris: [`${baseUrl}/logged-out`],
    backchannel_logout_uri: `${baseUrl}/oidc/back-channel-logout`,
    backchannel_logout_session_required: true,
  });
  chromium = await connectToChromium();
  // One for all: a new one costs a process of its own.
  context = await chromium.newContext();
});

afterAll(async () => {
  await chromium.close();
  await address.close();
  await provider.close();
  await redisPort.close();
  await redis.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  page = await context.newPage();
});

afterEach(async () => {
  await page.close();
  await context.clearCookies();
  await redis.flush();
});

const stopAll = () => Promise.all(apps.splice(0).map((app) => app.close()));

const portOf = (app: RunningApp | undefined) => Number(new URL(app?.url ?? '').port);

/** Starts an example once with each of these further arguments; the first has the address of the app. */
async function start(file: string, runs: readonly string[][], more: object = {}): Promise<void> {
  const env = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: CLIENT.client_id,
    OIDC_CLIENT_SECRET: CLIENT.client_secret,
    OIDC_RESOURCE: RESOURCE,
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    BASE_URL: baseUrl,
    ...more,
  };
  const program = compiled(`docs/examples/${file}`);
  const started = runs.map((args) => startApp(REPOSITORY, [program, ...args], env));
  apps.push(...(await Promise.all(started)));
}

/** Logs alice in at the provider; answers the app's answer to the browser that comes back. */
async function logIn(): Promise<Response> {
  const answer = page.waitForResponse(`${baseUrl}/callback?*`);
  await page.goto(`${baseUrl}/login`);
  await page.getByRole('button', { name: 'Alice' }).click();
  return answer;
}

/** The provider asks whether to log out, and alice says yes. */
async function confirmLogout(): Promise<void> {
  await page.getByRole('button', { name: 'Log out' }).click();
}

/** Logs out at the provider, which tells the app by a Logout Token. */
async function logOutAtProvider(): Promise<void> {
  const told = new Promise((resolve) => provider.events.on('backchannel.success', resolve));
  await page.goto(`${provider.issuer}/session/end`);
  await confirmLogout();
  await told;
}

/** What each process answers. */
function askAll(path: string, headers: Record<string, string>): Promise<unknown[]> {
  return Promise.all(
    apps.map(async ({ url }) => {
      const answer = await fetch(url + path, { headers });
      const text = await answer.text();
      return [answer.status, text && (JSON.parse(text) as unknown)];
    }),
  );
}

const PASSES = [200, { user: 'alice' }];
const REFUSED = [
  401,
  { error: 'invalid_token', error_description: 'The access token was invalidated by a logout' },
];

const NO_TOKEN = [401, ''];

describe.each([
  ['least-app.ts', 1, () => ({})],
  ['redis-and-two-processes.ts', 2, () => ({ REDIS_URL: redisPort.url })],
  ['own-store-app.ts', 2, () => ({ STORE_FILE: join(folder, 'oidc.sqlite') })],
])('%s', (file, processes, env) => {
  interface Tokens {
    readonly access_token: string;
    readonly refresh_token: string;
  }

  beforeAll(() => start(file, Array(processes).fill([]), env()));

  afterAll(stopAll);

  const askApi = ({ access_token }: Tokens) =>
    askAll('/api', { Authorization: `Bearer ${access_token}` });

  it('lets a token in, logs it out, and keeps it out', async () => {
    const tokens = (await (await logIn()).json()) as Tokens;
    expect(Object.keys(tokens)).toEqual(['access_token', 'refresh_token']);
    expect(await askApi(tokens)).toEqual(Array(processes).fill(PASSES));

    const { status, redirect } = await page.evaluate(async (body) => {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch('/logout', { method: 'POST', headers, body });
      return { status: answer.status, ...((await answer.json()) as { redirect: string }) };
    }, JSON.stringify(tokens));

    expect(status).toBe(200);
    expect(await askApi(tokens)).toEqual(Array(processes).fill(REFUSED));
    expect(redirect).toMatch(`${provider.issuer}/session/end?id_token_hint=`);
    await page.goto(redirect);
    const back = page.waitForResponse(`${baseUrl}/logged-out?*`);
    await confirmLogout();
    expect(await (await back).json()).toEqual({ outcome: 'verified' });
  });

  if (processes === 1) return;

  it('refuses the token everywhere after a logout at the provider', async () => {
    const tokens = (await (await logIn()).json()) as Tokens;
    expect(await askApi(tokens)).toEqual(Array(processes).fill(PASSES));
    await logOutAtProvider();
    expect(await askApi(tokens)).toEqual(Array(processes).fill(REFUSED));
  });
});

describe('cookie-session.ts', () => {
  beforeAll(async () => {
    const env = { REDIS_URL: redisPort.url, SESSION_SECRET: randomBytes(32).toString('hex') };
    await start('cookie-session.ts', [[], []], env);
  });

  afterAll(stopAll);

  const ALICE = [200, 'alice'];

  /** The browser's cookie goes to every process, as behind a load balancer. */
  async function askApi(): Promise<unknown[]> {
    const cookies = await context.cookies(baseUrl);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    return askAll('/api', { cookie });
  }

  it('logs in and out by a page, and never shows a token', async () => {
    expect((await logIn()).status()).toBe(302);
    const button = page.getByRole('button', { name: 'Log out' });
    await button.waitFor();
    expect(await askApi()).toEqual([ALICE, ALICE]);
    expect(await page.content()).not.toContain('eyJ');

    await button.click();
    await page.waitForURL(`${provider.issuer}/session/end?*`);
    expect(await askApi()).toEqual([REFUSED, REFUSED]);
    await confirmLogout();
    await page.getByRole('link', { name: 'Log in' }).waitFor();
    expect(page.url()).toBe(`${baseUrl}/`);
    expect(await askApi()).toEqual([NO_TOKEN, NO_TOKEN]);
  });

  it('logs nobody in who comes back to another browser', async () => {
    await page.route(`${baseUrl}/callback?*`, (route) => route.abort());
    const back = page.waitForRequest(`${baseUrl}/callback?*`);
    await page.goto(`${baseUrl}/login`);
    await page.getByRole('button', { name: 'Alice' }).click();
    const answer = await fetch((await back).url());
    expect(answer.status).toBe(400);
    expect(answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0])).toEqual(['login=']);
  });

  it('refuses its tokens everywhere after a logout at the provider', async () => {
    await logIn();
    expect(await askApi()).toEqual([ALICE, ALICE]);
    await logOutAtProvider();
    expect(await askApi()).toEqual([REFUSED, REFUSED]);
  });
});

describe('front-end-and-api.ts', () => {
  let api: SocketPort;

  beforeAll(async () => {
    api = await startSocketPort(() => ({ port: portOf(apps[1]) }));
    const urls = { REDIS_URL: redisPort.url, API_URL: `http://127.0.0.1:${api.port}` };
    const env = { ...urls, SESSION_SECRET: randomBytes(32).toString('hex') };
    await start('front-end-and-api.ts', [[], ['api']], env);
  });

  afterAll(async () => {
    await stopAll();
    await api.close();
  });

  /** The answer of the API, by way of the front end. */
  async function askApi(): Promise<unknown[]> {
    const answer = await page.request.get(`${baseUrl}/me`);
    return [answer.status(), (await answer.json()) as unknown];
  }

  it('logs in and out at the front end, and the API knows', async () => {
    await logIn();
    const button = page.getByRole('button', { name: 'Log out' });
    await button.waitFor();
    expect(await askApi()).toEqual(PASSES);

    await button.click();
    await page.waitForURL(`${provider.issuer}/session/end?*`);
    expect(await askApi()).toEqual(REFUSED);
    await confirmLogout();
    await page.waitForURL(`${baseUrl}/logged-out?*`);
  });

  it('has the API refuse the token after a logout at the provider', async () => {
    await logIn();
    expect(await askApi()).toEqual(PASSES);
    await logOutAtProvider();
    expect(await askApi()).toEqual(REFUSED);
  });
});
