import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import request from 'supertest';
import * as entry from '../lib/index.ts';
import { resolveOptions } from '../lib/options/oidc-logout-options.ts';
import {
  type ConsumerProject,
  createConsumerProject,
  PACKAGE,
  REPOSITORY,
  type RunningApp,
} from './support/consumer-project.ts';
import { type LoginProvider, startLoginProvider } from './support/login-provider.ts';
import {
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGGED_OUT as LOGGED_OUT_PATH,
  LOGOUT,
  optionsFor,
} from './support/app.ts';
import { launchChromium } from './support/chromium.ts';
import { targetOf } from './support/logout-page.ts';
import { AUDIENCE, type Claims, CLIENT_ID, createSigner } from './support/provider.ts';
import { startRedisCluster } from './support/redis-cluster.ts';
import { addressOf, type RedisNode } from './support/redis-node.ts';
import { type RedisPort, startRedisPort } from './support/redis-port.ts';
import { startRedisSentinel } from './support/redis-sentinel.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';

const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
const DOCUMENTS = ['README.md', 'docs/redis.md', 'docs/how-it-works.md']
  .map((name) => readFileSync(join(REPOSITORY, name), 'utf8'))
  .join('\n');
const FENCED = /^```(\w*)\n(.*?)^```$/gms;

interface Manifest {
  readonly name: string;
  readonly scripts: Record<string, string>;
  readonly bin: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly engines: { readonly node: string };
}
const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as Manifest;

interface Block {
  readonly language: string;
  readonly code: string;
}

const blocks = [...DOCUMENTS.matchAll(FENCED)].map(([, language = '', code = '']): Block => ({
  language,
  code: code.trim(),
}));
const taken = new Set<Block>();

/** The one block that contains this text. What is taken is run, or compared with what runs. */
function take(language: string, text: string): string {
  const found = blocks.filter((block) => block.language === language && block.code.includes(text));
  const [block] = found;
  if (block === undefined || found.length > 1) throw new Error(`Not one block has: ${text}`);
  taken.add(block);
  return block.code;
}

const INSTALL = take('sh', 'express ioredis');
const QUICK_START = take('js', 'oidc.guard(), (req, res)');
const START = take('sh', 'node app.mjs');
const LOGGED_OUT = take('json', '"redirect"');
const REFUSED = take('json', 'invalid_token');
const LOGIN = take('js', 'export async function createLogin');
const USE_LOGIN = take('js', 'login.refresh(req.body)');
const PAGE = take('js', 'location.assign');
const INSTALL_SESSIONS = take('sh', 'npm install express-session');
const RECIPE = take('js', 'endOwnSession');
const DOCTOR = take('sh', 'doctor');
const OTHERS = take('js', 'oidc.frontChannelLogout()');
const METADATA = take('json', 'backchannel_logout_uri');
const VERIFY = take('js', 'verifyLogoutToken');
const EXAMPLE = take('sh', 'npm run example');
const ELASTICSEARCH = take('json', 'root_cause');
const DEVELOPMENT = take('sh', 'npm test');
const SCAN = take('redis', 'SCAN');
const [COUNT = '', TTL = ''] = take('sh', 'redis-cli').split('\n');
const ACL = take('redis', '+get');
const DURABLE_ACL = take('redis', '+wait');
const CLUSTER_ACL = take('redis', '+readonly');
const SENTINEL_ACL = take('redis', '+sentinel');
const SETTINGS = take('conf', 'noeviction');
const ONE_CLIENT = take('js', 'socketTimeout: 2000');
const SENTINEL_CLIENT = take('js', 'new Redis({\n  sentinels');
const CLUSTER_CLIENT = take('js', 'new Cluster(');

/** The cells of the rows of the table that has these columns, without their backticks. */
function table(...columns: readonly string[]): string[][] {
  const lines = DOCUMENTS.split('\n');
  const isHead = (line: string) => columns.every((column) => cells(line).includes(column));
  return lines.flatMap((line, index) => {
    if (!isHead(line)) return [];
    const rows = lines.slice(index + 2);
    return rows.slice(0, rows.indexOf('')).map(cells);
  });
}

function cells(line: string): string[] {
  const row = line.split(/(?<!\\)\|/).slice(1, -1);
  return row.map((cell) => cell.trim().replaceAll('`', ''));
}

const OWN_SESSIONS = `
import express from 'express';
import { readLogoutToken } from './logout-token.mjs';
const app = express().use(express.urlencoded({ extended: false }));
app.post('/', async (req, res) => res.json(await readLogoutToken(req.body)));
const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  console.log(\`Listening on port \${server.address().port}\`);
});
`;
const SERVE_PAGE = `app.get('/', (req, res) => res.send(${JSON.stringify(`<script>${PAGE}</script>`)}));`;

let redis: RedisServer;
let provider: LoginProvider;
let project: ConsumerProject;

beforeAll(async () => {
  [redis, provider, project] = await Promise.all([
    startRedisServer(),
    startLoginProvider(),
    createConsumerProject(),
  ]);
  // The package by its name, from its sources.
  const folder = `node_modules/${PACKAGE}`;
  const source = JSON.stringify(join(REPOSITORY, 'lib/index.ts'));
  await project.write(`${folder}/package.json`, '{"type":"module","exports":"./index.js"}');
  await project.write(`${folder}/index.js`, `export * from ${source};`);
  await project.write('app.mjs', QUICK_START);
  await project.write('login.mjs', LOGIN);
  const insert = (code: string) => QUICK_START.replace(/^const server = /m, `${code}\n$&`);
  await project.write('web.mjs', RECIPE);
  await project.write('app-with-login.mjs', insert(`${USE_LOGIN}\n${SERVE_PAGE}`));
  await project.write('app-with-others.mjs', insert(OTHERS));
  await project.write('logout-token.mjs', VERIFY);
  await project.write('app-with-own-sessions.mjs', OWN_SESSIONS);
});

afterAll(async () => {
  await project.close();
  await provider.close();
  await redis.close();
});

beforeEach(async () => {
  provider.claims = {};
  await redis.flush();
});

/** Starts the app with the variables that the README sets, and no other. */
async function start(file: string, more: Record<string, string> = {}): Promise<RunningApp> {
  const values: Record<string, string> = {
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: CLIENT_ID,
    OIDC_AUDIENCE: AUDIENCE,
    REDIS_URL: redis.path,
    PORT: '0',
  };
  const names = [...START.matchAll(/(\w+)=\S+/g)].map(([, name = '']) => name);
  const env = Object.fromEntries(names.map((name) => [name, values[name] ?? '']));
  return project.start(['--import', 'tsx', file], { ...env, ...more });
}

function callApi({ url }: RunningApp, token: string): Promise<Response> {
  return fetch(`${url}/api`, { headers: { Authorization: `Bearer ${token}` } });
}

function logOut({ url }: RunningApp, body: object): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(url + LOGOUT, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function redirectOf(answer: Response): Promise<URL> {
  return new URL(((await answer.json()) as { redirect: string }).redirect);
}

describe('the quick start', () => {
  it('is complete, has at most 25 lines, and begins by line 30', () => {
    expect(QUICK_START.split('\n').length).toBeLessThanOrEqual(25);
    expect(README.slice(0, README.indexOf(QUICK_START)).split('\n').length).toBeLessThan(30);
    expect(START).toMatch(/^(?:[A-Z_]+=\S+ )+node app\.mjs$/);
  });

  it('lets a token in, logs it out, and keeps it out', async () => {
    const app = await start('app.mjs');
    const access_token = await provider.signer.accessToken();

    const before = await callApi(app, access_token);
    const answer = await logOut(app, { access_token });
    const after = await callApi(app, access_token);

    expect(before.status).toBe(200);
    expect(await before.json()).toEqual({ user: 'alice' });
    expect(answer.status).toBe(200);
    expect((await redirectOf(answer)).href).toMatch(`${provider.issuer}/logout?client_id=web&`);
    expect(after.status).toBe(401);
    expect(await after.json()).toEqual(JSON.parse(REFUSED));
  });

  it('keeps the token out of another process with the same Redis', async () => {
    const [one, other] = await Promise.all([start('app.mjs'), start('app.mjs')]);
    const access_token = await provider.signer.accessToken();
    expect((await callApi(other, access_token)).status).toBe(200);
    expect((await logOut(one, { access_token })).status).toBe(200);
    expect((await callApi(other, access_token)).status).toBe(401);
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
    expect(parts(answer.body)).toEqual(parts(JSON.parse(LOGGED_OUT)));
  });
});

describe('the login', () => {
  const CALLBACK = 'https://app.example.com';
  let app: RunningApp;

  beforeAll(async () => {
    app = await start('app-with-login.mjs', { BASE_URL: CALLBACK });
  });

  async function logIn(): Promise<{ access_token: string; refresh_token: string }> {
    const leave = await fetch(`${app.url}/login`, { redirect: 'manual' });
    const back = await fetch(leave.headers.get('location') ?? '', { redirect: 'manual' });
    const [cookie = ''] = (leave.headers.get('set-cookie') ?? '').split(';');
    const callback = (back.headers.get('location') ?? '').replace(CALLBACK, app.url);
    const answer = await fetch(callback, { headers: { cookie } });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Awaited<ReturnType<typeof logIn>>;
  }

  function refresh(body: object): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' };
    return fetch(`${app.url}/refresh`, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  it('is saved, so that the logout sends its ID Token', async () => {
    const tokens = await logIn();
    expect((await callApi(app, tokens.access_token)).status).toBe(200);
    const redirect = await redirectOf(await logOut(app, tokens));
    expect(redirect.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3);
    expect((await callApi(app, tokens.access_token)).status).toBe(401);
  });

  it('is not taken over from another browser', async () => {
    const leave = await fetch(`${app.url}/login`, { redirect: 'manual' });
    const back = await fetch(leave.headers.get('location') ?? '', { redirect: 'manual' });
    const callback = (back.headers.get('location') ?? '').replace(CALLBACK, app.url);
    const answer = await fetch(callback, { headers: { cookie: 'login=a.b.c' } });
    expect(answer.status).toBe(500);
    expect(await redis.dump()).toEqual({});
  });

  it('is refreshed as long as it lasts', async () => {
    provider.claims = { sid: undefined };
    const first = await logIn();
    const second = (await (await refresh(first)).json()) as typeof first;
    expect((await callApi(app, second.access_token)).status).toBe(200);
    expect((await logOut(app, second)).status).toBe(200);

    const answer = await refresh(second);

    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ error: 'login_required' });
    expect((await callApi(app, first.access_token)).status).toBe(401);
  });

  it('is ended by an administrator, and by nobody else', async () => {
    const { access_token } = await logIn();
    const end = async (claims: object) => {
      const token = await provider.signer.accessToken({ sub: 'root', sid: 'other', ...claims });
      const headers = { Authorization: `Bearer ${token}` };
      return fetch(`${app.url}/users/alice/sessions`, { method: 'DELETE', headers });
    };
    expect((await end({ scope: 'read' })).status).toBe(403);
    expect((await callApi(app, access_token)).status).toBe(200);
    expect((await end({ scope: 'admin' })).status).toBe(204);
    expect((await callApi(app, access_token)).status).toBe(401);
  });

  it('ends from a page that holds the tokens', async () => {
    const tokens = await logIn();
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(app.url);
      await page.evaluate(`void logOut(${JSON.stringify(tokens)})`);
      const isLogout = ({ href }: URL) =>
        href.startsWith(`${provider.issuer}/logout?id_token_hint=`);
      await page.waitForURL(isLogout, { timeout: 10_000 });
      expect(await page.textContent('body')).toBe('logged out');
    } finally {
      await browser.close();
    }
    expect((await callApi(app, tokens.access_token)).status).toBe(401);
  });
});

describe('the app whose browser never sees a token', () => {
  const BASE_URL = 'https://app.example.com';
  const NO_SID = { sid: undefined };
  const SAME_SITE = { 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html' };
  let client: Redis;
  let port: RedisPort;
  let one: RunningApp;
  let other: RunningApp;

  beforeAll(async () => {
    client = redis.connect();
    port = await startRedisPort(redis.path);
    const env = { BASE_URL, REDIS_URL: port.url, SESSION_SECRET: 'secret' };
    [one, other] = await Promise.all([start('web.mjs', env), start('web.mjs', env)]);
  });

  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
    await port.close();
  });

  type Asked = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

  /** What the browser sends, which reaches the app through a proxy that ends TLS. */
  function ask(url: string, cookie: string, init: Asked = {}): Promise<Response> {
    const headers = { ...init.headers, cookie, 'X-Forwarded-Proto': 'https' };
    return fetch(url, { redirect: 'manual', ...init, headers });
  }

  function cookiesOf(answer: Response): string {
    return answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
  }

  /** Logs in at one process; answers the cookie of the session. */
  async function logIn(): Promise<string> {
    const leave = await ask(`${one.url}/login`, '');
    const back = await fetch(leave.headers.get('location') ?? '', { redirect: 'manual' });
    const callback = (back.headers.get('location') ?? '').replace(BASE_URL, one.url);
    const answer = await ask(callback, cookiesOf(leave));
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/']);
    return /connect\.sid=[^;]+/.exec(cookiesOf(answer))?.[0] ?? '';
  }

  function logOutBy(app: RunningApp, cookie: string, headers: Record<string, string>) {
    return ask(`${app.url}/logout`, cookie, { method: 'POST', headers });
  }

  async function apiAnswers(cookie: string): Promise<number[]> {
    const answers = await Promise.all([one, other].map(({ url }) => ask(`${url}/api`, cookie)));
    return answers.map(({ status }) => status);
  }

  /** The sessions in the store, and the names that they are found by. */
  async function sessionKeys(): Promise<string[]> {
    const keys = await client.keys('*');
    return keys.filter((key) => /^(?:sess|login):/.test(key)).sort();
  }

  async function untilNoSession(): Promise<void> {
    while ((await sessionKeys()).length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async function sendLogoutToken(app: RunningApp, claims: Claims = {}): Promise<void> {
    const body = new URLSearchParams({
      logout_token: await provider.signer.logoutToken(claims),
    });
    const answer = await fetch(`${app.url}/oidc/back-channel-logout`, { method: 'POST', body });
    expect(answer.status).toBe(200);
  }

  it('logs in, calls the API by its cookie in every process, and logs out', async () => {
    const cookie = await logIn();
    const id = decodeURIComponent(cookie).replace(/^connect\.sid=s:([^.]+)\..*/, '$1');
    expect(await sessionKeys()).toEqual(['login:sid:sid-1', `sess:${id}`]);
    const api = await ask(`${other.url}/api`, cookie);
    expect([api.status, await api.json()]).toEqual([200, { user: 'alice' }]);

    const answer = await logOutBy(one, cookie, SAME_SITE);

    expect(answer.status).toBe(200);
    const { origin, pathname, searchParams } = new URL(targetOf(await answer.text()));
    expect(origin + pathname).toBe(`${provider.issuer}/logout`);
    expect([...searchParams.keys()]).toEqual([
      'id_token_hint',
      'client_id',
      'post_logout_redirect_uri',
      'state',
    ]);
    expect(await apiAnswers(cookie)).toEqual([401, 401]);
    await untilNoSession();
    const back = `${one.url}/logged-out?state=${searchParams.get('state') ?? ''}`;
    expect(await (await ask(back, cookiesOf(answer))).text()).toBe('You are logged out.');
  });

  it.each<[how: string, claims: Claims]>([
    ['its sid', {}],
    ['its user', NO_SID],
  ])('ends by a Logout Token for %s, sent to another process', async (_how, claims) => {
    const cookie = await logIn();
    expect(await apiAnswers(cookie)).toEqual([200, 200]);
    await sendLogoutToken(other, claims);
    await untilNoSession();
    expect(await apiAnswers(cookie)).toEqual([401, 401]);
  });

  it('ends by a Logout Token where the provider names no sid', async () => {
    const { signer } = provider;
    const signed = { ...signer };
    provider.claims = NO_SID;
    Object.assign(signer, {
      idToken: (claims: Claims) => signed.idToken({ ...claims, ...NO_SID }),
    });
    const cookie = await logIn().finally(() => Object.assign(signer, signed));
    expect((await sessionKeys())[0]).toBe('login:sub:alice');
    await sendLogoutToken(other, NO_SID);
    await untilNoSession();
    expect(await apiAnswers(cookie)).toEqual([401, 401]);
  });

  it.each([
    ['a form of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['a form of a sister site', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://example.com' }],
    ['an old browser on another site', { Origin: 'https://evil.example' }],
    ['nobody knows whom', {}],
  ])('does not log out for %s', async (_who, headers) => {
    const cookie = await logIn();
    const before = await sessionKeys();
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'text/html' };
    const answer = await logOutBy(one, cookie, { ...form, ...headers });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({
      error: 'invalid_request',
      error_description: 'The request does not come from a page of this app',
    });
    expect(await apiAnswers(cookie)).toEqual([200, 200]);
    expect(await sessionKeys()).toEqual(before);
  });

  it('lets a user out whose tokens are dead, and one who has none', async () => {
    const cookie = await logIn();
    await client.del('login:sid:sid-1');
    await sendLogoutToken(other);
    expect(await apiAnswers(cookie)).toEqual([401, 401]);
    expect(await sessionKeys()).toHaveLength(1);
    for (const each of [cookie, '']) {
      const answer = await logOutBy(one, each, SAME_SITE);
      expect(answer.status).toBe(200);
      const { searchParams } = new URL(targetOf(await answer.text()));
      expect([...searchParams.keys()]).toEqual(['client_id', 'post_logout_redirect_uri', 'state']);
    }
    await untilNoSession();
  });

  it('shows a page that logs in, and one that logs out', async () => {
    const page = async (cookie: string) => (await ask(`${one.url}/`, cookie)).text();
    expect(await page('')).toBe('<a href="/login">Log in</a>');
    expect(await page(await logIn())).toContain('<form method="post" action="/logout">');
  });
});

describe('logout that others start, and the way back', () => {
  const post = (url: string, logout_token: string) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ logout_token }) });

  it('ends a session on the back channel', async () => {
    const app = await start('app-with-others.mjs');
    const access_token = await provider.signer.accessToken();
    expect((await callApi(app, access_token)).status).toBe(200);
    const url = `${app.url}/oidc/back-channel-logout`;
    expect((await post(url, await provider.signer.logoutToken())).status).toBe(200);
    expect((await callApi(app, access_token)).status).toBe(401);
  });

  it('lets the provider frame the front channel', async () => {
    const app = await start('app-with-others.mjs');
    const query = new URLSearchParams({ iss: provider.issuer, sid: 'sid-1' }).toString();
    const answer = await fetch(`${app.url}/oidc/front-channel-logout?${query}`);
    expect(answer.status).toBe(200);
    const policy = `default-src 'none'; frame-ancestors ${provider.issuer}`;
    expect(answer.headers.get('content-security-policy')).toBe(policy);
  });

  it('knows the browser that comes back', async () => {
    const app = await start('app-with-others.mjs');
    const answer = await logOut(app, { access_token: await provider.signer.accessToken() });
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const state = (await redirectOf(answer)).searchParams.get('state') ?? '';
    const comeBack = async () =>
      (await fetch(`${app.url}/logged-out?state=${state}`, { headers: { cookie } })).text();
    expect(await comeBack()).toBe('You are logged out.');
    expect(await comeBack()).toBe('This page was called out of turn.');
  });

  it('shows what is to be registered', () => {
    const postLogoutRedirectUri = 'https://app.example.com/logged-out';
    const entryOfProvider = { issuer: 'https://op.example.com', clientId: 'web' };
    const oidc = entry.oidcLogout({ provider: { ...entryOfProvider, postLogoutRedirectUri } });
    expect(oidc.clientMetadata('https://app.example.com')).toEqual(JSON.parse(METADATA));
  });

  it('verifies a Logout Token for an app with sessions of its own', async () => {
    const env = { JWKS_URI: `${provider.issuer}/jwks` };
    const app = await start('app-with-own-sessions.mjs', env);
    const logoutToken = await provider.signer.logoutToken({ jti: 'one', exp: 4102444800 });
    const answer = await post(app.url, logoutToken);
    const token = { subject: 'alice', sid: 'sid-1', jti: 'one', expiresAt: 4102444800 };
    expect(await answer.json()).toEqual(token);
    expect((await post(app.url, await provider.signer.idToken())).status).toBe(400);
  });
});

describe('the tables', () => {
  /** The names that a refusal tells. */
  function optionNames(options: object): string[] {
    const call = () => entry.oidcLogout(options as entry.OidcLogoutOptions);
    expect(call).toThrow(/its options are /);
    try {
      call();
    } catch (error) {
      return (error as Error).message.split('its options are ')[1]?.split(', ') ?? [];
    }
    return [];
  }

  it('have every option, and its default', () => {
    const rows = table('Name', 'Type', 'Default', 'Remark');
    const names = rows.map(([name]) => name);
    const ofProvider = optionNames({ provider: { unknown: 1 } });
    expect(names).toEqual([...ofProvider, ...optionNames({ unknown: 1 })]);

    const resolved = resolveOptions({
      provider: { issuer: 'https://op.example.com', clientId: 'web' },
    });
    const defaults: Record<string, unknown> = { ...resolved, ...resolved.providers[0] };
    defaults.providerTimeout = resolved.providers[0]?.timeout;
    const told = rows.filter(([, , value = '']) => !/^(?:none|required|fetched)$/.test(value));
    for (const [name = '', , value] of told) {
      const actual = defaults[name];
      expect([name, value]).toEqual([name, asText(actual)]);
    }
    const untold = rows.filter((row) => !told.includes(row) && row[2] === 'none');
    for (const [name = ''] of untold.slice(2)) {
      expect([name, defaults[name]]).toEqual([name, undefined]);
    }
  });

  it('have every error, its code and its status', () => {
    const errors = Object.entries(entry).flatMap(([name, value]) => {
      if (!(value.prototype instanceof entry.OidcLogoutError) || name === 'HttpError') return [];
      const make = value as unknown as new (cause: unknown) => entry.OidcLogoutError;
      const cause = name === 'InsufficientScopeError' ? ['x'] : 'x';
      const error = new make(cause) as entry.OidcLogoutError & { status?: number };
      return [[name, error.code, String(error.status ?? 'none')]];
    });
    const told = table('Class', 'Code', 'Status').map((row) => row.slice(0, 3));
    expect(told.sort()).toEqual(errors.sort());
  });

  it('have every event and its members', () => {
    const members: {
      [Name in keyof entry.OidcLogoutEvents]: (keyof entry.OidcLogoutEvents[Name])[];
    } = {
      logout: ['issuer', 'subject', 'sid', 'repeated'],
      invalidated: ['kind', 'issuer', 'subject', 'sid'],
      'session-ended': ['issuer', 'subject', 'sid', 'cause', 'revokesOfflineAccess'],
      revocation: ['kind', 'outcome', 'reason', 'issuer', 'subject', 'sid'],
      'store-error': ['operation', 'reason'],
      'store-warning': ['setting', 'found', 'expected'],
      'provider-error': ['issuer', 'operation', 'reason'],
      'logout-token-delayed': ['outcome', 'reason', 'issuer', 'sid'],
      'listener-error': ['event', 'error'],
    };
    const told = table('Event', 'Members').map(([name = '', list = '']) => [
      name,
      list.split(', '),
    ]);
    expect(Object.fromEntries(told)).toEqual(members);
  });

  it('have the defaults within options', () => {
    const provider = { issuer: 'https://op.example.com', clientId: 'web' };
    const { nearCache, durability } = resolveOptions({
      ...{ provider, nearCache: {}, durability: {} },
      redis: new Redis({ lazyConnect: true }),
    });
    const remarks = new Map(
      table('Name', 'Type', 'Default').map(([name = '', , , remark]) => [name, remark]),
    );
    expect(remarks.get('nearCache')).toMatch(
      `{ maxStaleness }, ${nearCache?.maxStaleness} seconds if left out`,
    );
    const { replicas, timeout } = durability ?? {};
    expect(remarks.get('durability')).toMatch(
      `{ replicas, timeout }, ${replicas} and ${timeout} seconds if left out`,
    );
  });
});

describe('what is told of Redis', () => {
  const clients: Redis[] = [];

  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });

  function send(client: Redis, line: string): Promise<unknown> {
    const [command = '', ...words] = line.replaceAll("'", '').split(' ');
    return client.call(command, ...words);
  }

  async function untilSubscribed(...channels: readonly string[]): Promise<void> {
    const observer = redis.connect();
    for (const channel of channels) {
      while ((await observer.pubsub('NUMSUB', channel))[1] === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** A client that may do what the ACL allows. */
  async function connectAsApp(): Promise<Redis> {
    await send(redis.connect(), ACL);
    const [, , username = '', , secret = ''] = ACL.split(' ');
    const client = new Redis({ path: redis.path, username, password: secret.slice(1) });
    clients.push(client);
    return client;
  }

  function kindOf(key: string): string {
    return key.slice(0, 'oidc1:x'.length);
  }

  /** The commands that were called, by clients or by scripts. */
  async function calledCommands(): Promise<string[]> {
    const stats = await redis.connect().info('commandstats');
    return [...stats.matchAll(/^cmdstat_([\w|]+):/gm)].map(([, name = '']) => name);
  }

  it('has every kind of key and channel, and an ACL that is enough and no more', async () => {
    const signer = await createSigner();
    const client = await connectAsApp();
    await redis.connect().config('RESETSTAT');
    await redis.connect().script('FLUSH');
    const shared = { ...optionsFor(signer), redis: client, encryptionKey: randomBytes(32) };
    const { app, oidc, events } = appWith({ ...shared, nearCache: {} });
    const heard = new Promise((resolve) => oidc.on('session-ended', resolve));
    const channels = table('Channel (after keyPrefix)').map(([name = '']) => `oidc1:${name}`);
    await untilSubscribed(...channels);
    const all = await redis.connect().pubsub('CHANNELS', '*');
    expect((all as string[]).sort()).toEqual(channels.sort());
    const issuedAt = Math.floor(Date.now() / 1000) - 10;
    const logIn = async (sid: string | undefined, sub = 'alice') => {
      const access_token = await signer.accessToken({ sid, sub });
      const id_token = await signer.idToken({ sid, sub, iat: issuedAt });
      const tokens = { access_token, refresh_token: `refresh of ${access_token}` };
      await oidc.sessions.save({ ...tokens, id_token });
      return tokens;
    };
    const passes = (token: string, status: number) => call({ app }, token).expect(status);
    const keys = new Set<string>();
    const look = async () => {
      for (const key of await redis.connect().keys('*')) keys.add(kindOf(key));
    };

    const first = await logIn('sid-1');
    const access_token = await signer.accessToken();
    const renewed = { access_token, refresh_token: 'renewed' };
    await oidc.sessions.rotate(first, renewed);
    await passes(access_token, 200);
    await passes(access_token, 200);
    await look();
    await request(app).post(LOGOUT).send(renewed).expect(200);
    await request(app).post(LOGOUT).send(renewed).expect(200);
    await look();
    await passes(access_token, 401);
    const late = { access_token: await signer.accessToken(), refresh_token: 'late' };
    await expect(oidc.sessions.rotate(renewed, late)).rejects.toThrow(entry.SessionEndedError);

    const others = [await logIn('sid-2'), await logIn('sid-3'), await logIn(undefined, 'bob')];
    const logout_token = await signer.logoutToken({ sid: 'sid-2' });
    await request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token }).expect(200);
    const named = { iss: signer.issuer, sid: 'sid-3' };
    await request(app).get(FRONT_CHANNEL_LOGOUT).query(named).expect(200);
    await oidc.sessions.end({ issuer: signer.issuer, sid: 'sid-3' });
    await oidc.sessions.end({ issuer: signer.issuer, sub: 'bob' });
    for (const tokens of others) await passes(tokens.access_token, 401);
    const unsaved = await signer.accessToken({ sid: undefined });
    const handedIn = { access_token: unsaved, refresh_token: 'unsaved' };
    await request(app).post(LOGOUT).send(handedIn).expect(200);
    await look();
    const state = 'x'.repeat(43);
    await request(app).get(LOGGED_OUT_PATH).query({ state }).expect({ outcome: 'mismatch' });
    expect(await heard).toMatchObject({ cause: 'logout' });
    expect(events.filter(([name]) => name.endsWith('error'))).toEqual([]);
    await oidc.close();

    const told = table('Key (after keyPrefix)').map(([key = '']) => `oidc1:${key.slice(0, 1)}`);
    expect([...keys].sort()).toEqual(told.sort());
    const granted = ACL.split(' ').flatMap((word) => (word.startsWith('+') ? [word.slice(1)] : []));
    const called = await calledCommands();
    expect(granted.filter((command) => !called.includes(command))).toEqual([]);
  });

  it('has commands that find and count the sessions that ended', async () => {
    const signer = await createSigner();
    const { app } = appWith({ ...optionsFor(signer), redis: redis.connect() });
    const access_token = await signer.accessToken();
    await request(app).post(LOGOUT).send({ access_token }).expect(200);
    const keys = await redis.connect().keys('*');
    const entries = keys.filter((key) => kindOf(key) === 'oidc1:x').sort();
    expect(entries.map(({ length }) => length)).toEqual([31]);
    expect(keys.length).toBeGreaterThan(entries.length);

    const [, found] = (await send(redis.connect(), SCAN)) as [string, string[]];
    expect(found.sort()).toEqual(entries);
    const run = async (line: string) => {
      const command = line.replace('redis-cli', `redis-cli -s ${redis.path}`);
      return Number((await promisify(execFile)('sh', ['-c', command])).stdout);
    };
    expect(await run(COUNT)).toBe(entries.length);
    expect(await run(TTL)).toBe(-2);
    expect(await run(TTL.replace(/'.+'$/, `'${entries[0] ?? ''}'`))).toBeGreaterThan(3000);
  });

  it('has settings that the server takes', async () => {
    const server = await startRedisServer();
    const client = server.connect();
    for (const line of SETTINGS.split('\n')) {
      const [name = '', value = ''] = line.split(' ');
      await client.config('SET', name, value);
      expect(await client.config('GET', name)).toEqual([name, value]);
    }
    await server.close();
  });

  /** The quick start with this client, and with all that may be wanted of Redis. */
  function appOn(client: string): string {
    return QUICK_START.replace("{ Redis } from 'ioredis'", "{ Cluster, Redis } from 'ioredis'")
      .replace(/^const issuer = /m, `${client}\n$&`)
      .replace(/redis: new Redis\(.*\),/, 'redis, nearCache: {}, durability: { timeout: 0.2 },');
  }

  async function allow(nodes: readonly RedisNode[], ...lines: string[]): Promise<void> {
    for (const { client } of nodes) for (const line of lines) await send(client, line);
  }

  /** What was refused; a newer Redis has a command that ioredis can do without. */
  async function refusals(nodes: readonly RedisNode[]): Promise<string[]> {
    const logs = await Promise.all(nodes.map(({ client }) => client.call('ACL', 'LOG')));
    const lines = (logs as unknown[][]).flat().map((entry) => JSON.stringify(entry));
    return lines.filter((line) => !line.includes('client|setinfo'));
  }

  async function expectToWork(file: string): Promise<void> {
    const [one, other] = await Promise.all([start(file), start(file)]);
    const access_token = await provider.signer.accessToken();
    expect((await callApi(other, access_token)).status).toBe(200);
    expect((await logOut(one, { access_token })).status).toBe(200);
    expect((await callApi(one, access_token)).status).toBe(401);
    while ((await callApi(other, access_token)).status !== 401);
    // Before its Redis: it would go on trying ports that others may get.
    await Promise.all([one.close(), other.close()]);
  }

  it('has a client of one server', async () => {
    const program = appOn(ONE_CLIENT).replace(/ durability: \{.*?\},/, '');
    await project.write('one.mjs', program);
    await expectToWork('one.mjs');
  });

  it('has a client of Sentinel, and an ACL that is enough', async () => {
    const sentinel = await startRedisSentinel();
    try {
      await allow(sentinel.nodes, ACL, DURABLE_ACL);
      await allow(sentinel.sentinels, SENTINEL_ACL);
      const addresses = JSON.stringify(sentinel.sentinels.map(addressOf));
      const client = SENTINEL_CLIENT.replace(/\[.*\]/, addresses);
      await project.write('sentinel.mjs', appOn(client));
      await expectToWork('sentinel.mjs');
      expect(await refusals([...sentinel.nodes, ...sentinel.sentinels])).toEqual([]);
    } finally {
      await sentinel.stop();
    }
  }, 30_000);

  it('has a client of a Cluster, and an ACL that is enough', async () => {
    const cluster = await startRedisCluster();
    try {
      await allow(cluster.nodes, ACL, DURABLE_ACL, CLUSTER_ACL);
      const addresses = JSON.stringify(cluster.nodes.map(addressOf));
      await project.write('cluster.mjs', appOn(CLUSTER_CLIENT.replace(/\[.*\]/, addresses)));
      await expectToWork('cluster.mjs');
      expect(await refusals(cluster.nodes)).toEqual([]);
    } finally {
      await cluster.stop();
    }
  }, 30_000);
});

it('shows the errors of Elasticsearch as they are answered', async () => {
  const signer = await createSigner();
  const { app } = appWith({ ...optionsFor(signer), errorFormat: 'elasticsearch' });
  const answer = await request(app).post(LOGOUT).send({ token: 'a', tokn: 'b' });
  expect(answer.status).toBe(400);
  expect(answer.headers['x-elastic-product']).toBe('Elasticsearch');
  expect(answer.body).toEqual(JSON.parse(ELASTICSEARCH));
});

it('names packages and scripts that there are', () => {
  const [, , ...packages] = INSTALL.split(' ');
  expect(packages[0]).toBe(manifest.name);
  for (const name of packages.slice(1)) expect(manifest.peerDependencies).toHaveProperty(name);
  const [, , ...ofSessions] = INSTALL_SESSIONS.split(' ');
  expect(ofSessions).toEqual(['express-session', 'connect-redis', 'redis']);
  for (const name of ofSessions) expect(manifest.devDependencies).toHaveProperty(name);
  expect(DOCTOR).toBe(`npx ${manifest.name} doctor https://op.example.com`);
  expect(manifest.bin).toEqual({ [manifest.name]: 'dist/cli.js' });
  expect(EXAMPLE).toBe('npm install && npm run example');
  expect(DEVELOPMENT).toBe('npm install && npm test');
  expect(manifest.scripts).toMatchObject({ example: expect.any(String), test: expect.any(String) });
  expect(README).toContain(`Node ${manifest.engines.node.replace('>=', '')} or later`);
});

it('has no block of code that is not run', () => {
  const untested = blocks.filter(({ language }) => language !== 'text');
  expect(untested.filter((block) => !taken.has(block))).toEqual([]);
  expect(DOCUMENTS.match(/^\s*(?:```|~~~)/gm)).toHaveLength(2 * blocks.length);
});

function asText(value: unknown): string {
  if (Array.isArray(value)) return `['${value.join("', '")}']`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
