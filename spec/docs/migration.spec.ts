import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compiled } from '../support/compiled.ts';
import {
  type ConsumerProject,
  createConsumerProject,
  PACKAGE,
  REPOSITORY,
  type RunningApp,
} from '../support/consumer-project.ts';
import { type LoginProvider, startLoginProvider } from '../support/login-provider.ts';
import { AUDIENCE, CLIENT_ID } from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

const PAGE = readFileSync(join(REPOSITORY, 'docs/migration.md'), 'utf8');
const BLOCKS = [...PAGE.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code);
const AFTER = BLOCKS.filter((code) => code.startsWith('// After\n'));
const [BY_HAND = '', EXPRESS_OPENID_CONNECT = '', ELASTICSEARCH = ''] = AFTER;
const CALLER = BLOCKS.find((code) => code.startsWith('// Before and after\n')) ?? '';

const BASE_URL = 'https://app.example.com';

/** What the blocks of the page take for granted. */
const HEAD = `
import express from 'express';
import session from 'express-session';
import openid from 'express-openid-connect';
import { Redis } from 'ioredis';
import { oidcLogout } from 'express-oidc-logout';
const { auth } = openid;
const { ISSUER: issuer, REDIS, SECRET: secret } = process.env;
const [clientId, clientSecret, encryptionKey] = ['${CLIENT_ID}', 'secret', secret];
const [issuerBaseURL, clientID, baseURL, audience] = [issuer, clientId, '${BASE_URL}', '${AUDIENCE}'];
const authorizationParams = { response_type: 'code', scope: 'openid' };
const postLogoutRedirectUri = baseURL + '/logged-out';
const redis = new Redis(REDIS);
const app = express().set('trust proxy', true);
const api = (req, res) => res.json({ user: req.auth.payload.sub });
app.use(session({ secret, resave: false, saveUninitialized: false }));
`;
const TAIL = `
const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  console.log('Listening on port ' + server.address().port);
});
`;
const LOGIN_BY_HAND = `
app.post('/login', express.json(), (req, res) => finishLogin(req, res, req.body));
app.use('/api', api);
`;

let redis: RedisServer;
let provider: LoginProvider;
let project: ConsumerProject;

beforeAll(async () => {
  redis = await startRedisServer();
  provider = await startLoginProvider();
  project = await createConsumerProject();
  // The package by its name, from its sources.
  const source = JSON.stringify(compiled('lib/index.ts'));
  await project.write(`node_modules/${PACKAGE}/index.js`, `export * from ${source};`);
  const manifest = '{"type":"module","exports":"./index.js"}';
  await project.write(`node_modules/${PACKAGE}/package.json`, manifest);
});

afterAll(async () => {
  await project.close();
  await provider.close();
  await redis.close();
});

async function start(name: string, ...code: string[]): Promise<RunningApp> {
  await project.write(`${name}.mjs`, [HEAD, ...code, TAIL].join('\n'));
  const SECRET = randomBytes(32).toString('base64url');
  const env = { ISSUER: provider.issuer, REDIS: redis.path, SECRET };
  return project.start([`${name}.mjs`], env);
}

const HINTED = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'];

type Cookies = Map<string, string>;

/** A request of a browser with these cookies, from a page of the app, through a proxy that ends TLS. */
async function ask(url: string, cookies: Cookies, init: RequestInit = {}): Promise<Response> {
  const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
  const proxied = { cookie, 'X-Forwarded-Proto': 'https', 'Sec-Fetch-Site': 'same-origin' };
  const headers = { ...proxied, 'Content-Type': 'application/json' };
  const answer = await fetch(url, { redirect: 'manual', ...init, headers });
  for (const text of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
  return answer;
}

/** Logs out by a page of the app, and comes back from the provider. */
async function expectLogout(url: string, cookies: Cookies): Promise<void> {
  const before = await ask(`${url}/api`, cookies);
  expect([before.status, await before.json()]).toEqual([200, { user: 'alice' }]);
  const stolen = new Map(cookies);
  const answer = await ask(`${url}/logout`, cookies, { method: 'POST' });
  expect(answer.status).toBe(200);
  const { redirect } = (await answer.json()) as { redirect: string };
  const { searchParams } = new URL(redirect);
  expect([...searchParams.keys()]).toEqual(HINTED);
  expect((await ask(`${url}/api`, stolen)).status).toBe(401);
  const state = searchParams.get('state') ?? '';
  const back = await ask(`${url}/logged-out?state=${state}`, cookies);
  expect([back.status, back.headers.get('location')]).toEqual([302, '/']);
  expect((await ask(`${url}/api`, cookies)).status).toBe(401);
}

describe('the page on migration', () => {
  it('has no block of code that is not run, but for what there was before', () => {
    const before = BLOCKS.filter((code) => code.startsWith('// Before\n'));
    expect([before.length, AFTER.length, BLOCKS.length]).toEqual([2, 3, 6]);
  });

  it('takes over from a logout by hand', async () => {
    const { url } = await start('by-hand', BY_HAND, LOGIN_BY_HAND);
    const cookies: Cookies = new Map();
    const access_token = await provider.signer.accessToken();
    const tokens = { access_token, id_token: await provider.signer.idToken() };
    const body = JSON.stringify(tokens);
    expect((await ask(`${url}/login`, cookies, { method: 'POST', body })).status).toBe(302);
    await expectLogout(url, cookies);
  });

  it('takes over from express-openid-connect, which goes on logging in', async () => {
    const { url } = await start('express-openid-connect', EXPRESS_OPENID_CONNECT);
    const cookies: Cookies = new Map();
    const logIn = async () => {
      const leave = await ask(`${url}/login`, cookies);
      const back = await fetch(leave.headers.get('location') ?? '', { redirect: 'manual' });
      const callback = (back.headers.get('location') ?? '').replace(BASE_URL, url);
      expect((await ask(callback, cookies)).status).toBe(302);
    };
    await logIn();
    await expectLogout(url, cookies);

    await logIn();
    expect((await ask(`${url}/api`, cookies)).status).toBe(200);
    const body = new URLSearchParams({ logout_token: await provider.signer.logoutToken() });
    const answer = await fetch(`${url}/oidc/back-channel-logout`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect((await ask(`${url}/api`, cookies)).status).toBe(401);
  });

  it('takes over from Elasticsearch, whose callers stay as they are', async () => {
    const { url } = await start('elasticsearch', ELASTICSEARCH);
    const caller: unknown = runInNewContext(`${CALLER} logOut`, { url, fetch });
    const logOut = caller as (tokens: object) => Promise<string>;
    const token = await provider.signer.accessToken();
    const redirect = await logOut({ token });
    const { origin, searchParams } = new URL(redirect);
    expect([origin, ...searchParams.keys()]).toEqual([
      provider.issuer,
      'post_logout_redirect_uri',
      'state',
    ]);
    expect(await logOut({ token })).toBe(redirect);
    await expect(logOut({ token: '' })).rejects.toThrow('action_request_validation_exception');
  });
});
