import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { RunningApp } from '../support/consumer-project.ts';
import { type LoginProvider, startLoginProvider } from '../support/login-provider.ts';
import { targetOf } from '../support/logout-page.ts';
import { openPage } from '../support/page.ts';
import { type Claims, serveMetadata } from '../support/provider.ts';
import {
  followQuickStart,
  QUICK_START,
  type QuickStart,
  withLines,
} from '../support/quick-start.ts';
import { until } from '../support/until.ts';

const PAGE = openPage('docs/sessions.md');
const REFRESH = PAGE.take('js', 'await refresh(');
const INSTALL = PAGE.take('sh', 'connect-redis');
const STORE = PAGE.take('js', 'RedisStore');
const LOGOUT = PAGE.take('js', 'endOwnSession');
const ACCOUNT = PAGE.take('js', 'oidc.sessions.isActive');
const END = PAGE.take('js', 'oidc.sessions.end');
const LISTEN = PAGE.take('js', 'console.log');
const CAUGHT = PAGE.take('js', 'const caught');

const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html' };
/** For a look at the tokens, and at what becomes of those that no session has any more. */
const SHOW_TOKENS = `app.get('/tokens', (req, res) => res.json(tokens(req) ?? null));
app.use('/orders', oidc.guard(), (req, res) => res.sendStatus(204));`;
const BASE_URL = 'https://app.example.com';

let quickStart: QuickStart;
/** A provider whose claims and metadata are what a spec wants. */
let provider: LoginProvider;

beforeAll(async () => {
  [quickStart, provider] = await Promise.all([followQuickStart(), startLoginProvider()]);
});

afterAll(async () => {
  await quickStart.close();
  await provider.close();
});

beforeEach(async () => {
  provider.claims = {};
  await quickStart.redis.flush();
});

type Asked = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** What the browser sends, which reaches the app through a proxy that ends TLS. */
function ask(url: string, cookie: string, init: Asked = {}): Promise<Response> {
  const headers = { ...init.headers, cookie, 'X-Forwarded-Proto': 'https' };
  return fetch(url, { redirect: 'manual', ...init, headers });
}

function post(url: string, cookie: string, headers: Record<string, string> = {}) {
  return ask(url, cookie, { method: 'POST', headers });
}

function cookiesOf(answer: Response): string {
  const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  return cookies.join('; ');
}

/** Goes to the provider and back; answers what the app says then. */
async function comeBackTo({ url }: RunningApp): Promise<Response> {
  const leave = await ask(`${url}/login`, '');
  const back = await fetch(leave.headers.get('location') ?? '', { redirect: 'manual' });
  const callback = (back.headers.get('location') ?? '').replace(BASE_URL, url);
  return ask(callback, cookiesOf(leave));
}

/** Logs in; answers the cookie of the session. */
async function logInAt(app: RunningApp): Promise<string> {
  const answer = await comeBackTo(app);
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/']);
  return /connect\.sid=[^;]+/.exec(cookiesOf(answer))?.[0] ?? '';
}

async function sendLogoutToken(app: RunningApp, claims: Claims = {}): Promise<void> {
  const body = new URLSearchParams({
    logout_token: await provider.signer.logoutToken(claims),
  });
  const answer = await fetch(`${app.url}/oidc/back-channel-logout`, { method: 'POST', body });
  expect(answer.status).toBe(200);
}

function startAtProvider(program: string, env: Record<string, string> = {}): Promise<RunningApp> {
  return quickStart.start(program, { OIDC_ISSUER: provider.issuer, BASE_URL, ...env });
}

/** As a CommonJS program, beside Express 4. */
async function startOldAtProvider(program: string): Promise<RunningApp> {
  const { project } = quickStart;
  await project.sh(`mkdir -p old/node_modules && cp login.mjs old
    ln -sfn ../../node_modules/express4 old/node_modules/express`);
  const required = program.replaceAll(/^import (.+) from (.+);$/gm, 'const $1 = require($2);');
  await project.write('old/app.cjs', required);
  const env = { OIDC_ISSUER: provider.issuer, BASE_URL };
  return project.start(['--env-file=.env', 'old/app.cjs'], env);
}

/** The quick start and what the page adds, at the real provider and at the other one. */
let app: RunningApp;
let appAtProvider: RunningApp;

beforeAll(async () => {
  const program = withLines(REFRESH, END, LISTEN, SHOW_TOKENS);
  app = await quickStart.start(program);
  appAtProvider = await startAtProvider(program);
});

describe('the login', () => {
  it('says what to set where the provider refuses the client', async () => {
    const wrong = await quickStart.start(QUICK_START, { OIDC_CLIENT_SECRET: 'wrong' });
    await expect(quickStart.logIn()).rejects.toThrow(
      'The provider refuses this client: check OIDC_CLIENT_SECRET, ' +
        'and set OIDC_CLIENT_AUTH to the method it is registered with',
    );
    await wrong.close();
  });

  const BASIC = `Basic ${Buffer.from('web:secret').toString('base64')}`;

  it.each<[methods: string[] | undefined, set: string | undefined, header: string | undefined]>([
    [undefined, undefined, BASIC],
    [['client_secret_post', 'client_secret_basic'], undefined, BASIC],
    [['client_secret_post'], undefined, undefined],
    [['client_secret_post', 'client_secret_basic'], 'client_secret_post', undefined],
  ])('authenticates by the metadata, %j, or as it is set: %s', async (methods, set, header) => {
    const { issuer, signer, answer } = provider;
    const authorizations: (string | undefined)[] = [];
    const documents = serveMetadata(issuer, [signer.jwk], {
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      token_endpoint_auth_methods_supported: methods,
    });
    provider.answer = (req, res) => {
      if (req.url === '/token') authorizations.push(req.headers.authorization);
      (req.url?.startsWith('/.well-known/') === true ? documents : answer)(req, res);
    };
    const started = await startAtProvider(
      QUICK_START,
      set === undefined ? {} : { OIDC_CLIENT_AUTH: set },
    );
    await logInAt(started).finally(() => (provider.answer = answer));
    expect(authorizations).toEqual([header]);
    await started.close();
  });

  it('is not taken over from another browser', async () => {
    const { url } = appAtProvider;
    const before = await quickStart.redis.dump();
    const leave = await ask(`${url}/login`, '');
    const back = await fetch(leave.headers.get('location') ?? '', { redirect: 'manual' });
    const callback = (back.headers.get('location') ?? '').replace(BASE_URL, url);
    const none = await ask(callback, '');
    expect([none.status, none.headers.get('location')]).toEqual([302, '/login']);
    const other = await ask(callback, cookiesOf(await ask(`${url}/login`, '')));
    expect(other.status).toBe(400);
    expect(await quickStart.redis.dump()).toEqual(before);
  });

  it('is to be tried again in the second in which all sessions of its user ended', async () => {
    const iat = Math.floor(Date.now() / 1000);
    const { signer } = provider;
    const signed = { ...signer };
    await sendLogoutToken(appAtProvider, { sid: undefined, iat });
    Object.assign(signer, { idToken: (claims: Claims) => signed.idToken({ ...claims, iat }) });
    const answer = await comeBackTo(appAtProvider).finally(() => Object.assign(signer, signed));
    expect([answer.status, await answer.text()]).toEqual([
      401,
      'This session has just ended. <a href="/login">Log in again</a>',
    ]);
  });
});

describe.each([
  ['Express 5', startAtProvider],
  ['Express 4, in CommonJS', startOldAtProvider],
])('a login that fails with %s', (express, startApp) => {
  const SHOW_WARNINGS = `const warnings = [];
console.warn = (...texts) => warnings.push(texts);
app.get('/warnings', (req, res) => res.json(warnings.splice(0)));
app.get('/express', (req, res) => res.json(typeof app.del));`;
  const wrap = (block: string) =>
    block.replace(/async (?=\(req, res)/, 'caught($&').replace(/\}\);$/, '}));');
  const keep = '(req, claims) => void (req.session.claims = claims)';
  const program = withLines(SHOW_WARNINGS, CAUGHT, wrap(REFRESH), wrap(ACCOUNT));
  let started: RunningApp;
  let whileAway: Response;

  beforeAll(async () => {
    started = await startApp(program.replace('login(oidc)', `login(oidc, ${keep})`));
    const isOld = (await (await fetch(`${started.url}/express`)).json()) === 'function';
    expect(isOld).toBe(express.startsWith('Express 4'));
    // Of the first login alone: the metadata is kept.
    const metadata = '/.well-known/openid-configuration';
    whileAway = await during([metadata, 503, {}], () => ask(`${started.url}/login`, ''));
  });

  afterAll(() => started.close());

  async function read(answer: Response): Promise<unknown[]> {
    return [answer.status, await answer.text()];
  }

  /** Has the provider answer this at one path. */
  async function during<Result>(
    [path, status, body]: [path: string, status: number, body: object],
    action: () => Promise<Result>,
  ): Promise<Result> {
    const { answer } = provider;
    provider.answer = (req, res) => {
      if (req.url !== path) {
        answer(req, res);
        return;
      }
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    return action().finally(() => (provider.answer = answer));
  }

  it('while the provider is away goes on once it is back', async () => {
    expect(whileAway.status).toBe(500);
    await logInAt(started);
  });

  const SCRIPT = '<script>alert(1)</script>';
  const AGAIN = [400, 'The login did not complete. <a href="/login">Log in again</a>'];

  it.each<[how: string, query: (state: string) => string, reason: string]>([
    ['was cancelled', (state) => `error=access_denied&state=${state}`, 'access_denied'],
    ['has a script for a reason', (state) => `error=${SCRIPT}%0A&state=${state}`, `${SCRIPT}\n`],
    ['is of another one', () => 'code=1&state=2', 'unexpected "state" response parameter value'],
    ['names no state', () => 'code=1', 'response parameter "state" missing'],
    ['has no code', (state) => `state=${state}`, 'no authorization code in "callbackParameters"'],
    [
      'is said twice',
      (state) => `code=1&code=1&state=${state}`,
      '"code" parameter must be provided only once',
    ],
  ])('because its answer %s is to be tried again', async (_how, query, reason) => {
    const leave = await ask(`${started.url}/login`, '');
    const { searchParams } = new URL(leave.headers.get('location') ?? '');
    const url = `${started.url}/callback?${query(searchParams.get('state') ?? '')}`;
    await fetch(`${started.url}/warnings`);
    expect(await read(await ask(url, cookiesOf(leave)))).toEqual(AGAIN);
    const warnings = await fetch(`${started.url}/warnings`);
    expect(await warnings.json()).toEqual([['The login did not complete', { reason }]]);
  });

  it('because its code is not known any more is to be tried again', async () => {
    const error = 'invalid_grant';
    const answer = await during(['/token', 400, { error }], () => comeBackTo(started));
    expect(await read(answer)).toEqual(AGAIN);
    await logInAt(started);
  });

  it('because the provider refuses the client is a failure of the app', async () => {
    const error = 'invalid_client';
    const answer = await during(['/token', 401, { error }], () => comeBackTo(started));
    expect(answer.status).toBe(500);
    await logInAt(started);
  });

  it('while the store is away is 503, as are the blocks of the page', async () => {
    const cookie = await logInAt(started);
    quickStart.redis.pause();
    try {
      expect((await comeBackTo(started)).status).toBe(503);
      expect((await post(`${started.url}/refresh`, cookie)).status).toBe(503);
      expect((await ask(`${started.url}/account`, cookie)).status).toBe(503);
      expect((await ask(started.url, cookie)).status).toBe(200);
    } finally {
      quickStart.redis.resume();
      await until(async () => (await comeBackTo(started)).status !== 503);
    }
  });
});

describe('the refresh', () => {
  async function tokensOf({ url }: RunningApp, cookie: string): Promise<Claims | null> {
    return (await (await ask(`${url}/tokens`, cookie)).json()) as Claims | null;
  }

  async function logIn(): Promise<string> {
    quickStart.lead(app);
    const browser = await quickStart.logIn();
    return browser.cookiesFor(new URL(quickStart.baseUrl));
  }

  it('gives a session new tokens as long as it lasts', async () => {
    const cookie = await logIn();
    const first = await tokensOf(app, cookie);
    expect((await post(`${app.url}/refresh`, cookie)).status).toBe(204);
    const second = await tokensOf(app, cookie);
    expect(second).toMatchObject({ access_token: expect.any(String) });
    expect(second?.access_token).not.toBe(first?.access_token);
    expect((await ask(`${app.url}/api`, cookie)).status).toBe(200);
  });

  it('leaves no token behind that outlives the logout', async () => {
    provider.claims = { sid: undefined };
    const { url } = appAtProvider;
    const cookie = await logInAt(appAtProvider);
    const first = await tokensOf(appAtProvider, cookie);
    expect((await post(`${url}/refresh`, cookie)).status).toBe(204);
    const second = await tokensOf(appAtProvider, cookie);
    const statuses = () =>
      Promise.all(
        [first, second].map(async (tokens) => {
          const headers = { Authorization: `Bearer ${String(tokens?.access_token)}` };
          return (await fetch(`${url}/orders`, { headers })).status;
        }),
      );
    expect(await statuses()).toEqual([204, 204]);
    expect((await post(`${url}/logout`, cookie, SAME_ORIGIN)).status).toBe(200);
    expect(await statuses()).toEqual([401, 401]);
  });

  it.each<[provider: string, isReal: boolean]>([
    ['that revoked the refresh token', true],
    ['that refreshes on', false],
  ])('is 401 after a logout at a provider %s, and the session is over', async (_which, isReal) => {
    const other = isReal ? app : appAtProvider;
    const cookie = isReal ? await logIn() : await logInAt(other);
    expect((await post(`${other.url}/logout`, cookie, SAME_ORIGIN)).status).toBe(200);
    expect(await tokensOf(other, cookie)).toMatchObject({ refresh_token: expect.any(String) });

    const answer = await post(`${other.url}/refresh`, cookie);

    expect([answer.status, await answer.json()]).toEqual([401, { error: 'login_required' }]);
    expect(await tokensOf(other, cookie)).toBeNull();
  });
});

it('are ended by an administrator, and by nobody else', async () => {
  const cookie = await logInAt(appAtProvider);
  const api = async () => (await ask(`${appAtProvider.url}/api`, cookie)).status;
  const end = async (claims: object) => {
    const token = await provider.signer.accessToken({ sub: 'root', sid: 'other', ...claims });
    const headers = { Authorization: `Bearer ${token}` };
    const url = `${appAtProvider.url}/users/alice/sessions`;
    return (await fetch(url, { method: 'DELETE', headers })).status;
  };
  expect(await end({ scope: 'read' })).toBe(403);
  expect(await api()).toBe(200);
  expect(await end({ scope: 'admin' })).toBe(204);
  expect(await api()).toBe(401);
});

it('without a token stay out of a page once the login has ended', async () => {
  const keep = '(req, claims) => void (req.session.claims = claims)';
  const page = "app.get('/account', (req, res) => res.send('Your account'));";
  const program = withLines(ACCOUNT, page).replace('login(oidc)', `login(oidc, ${keep})`);
  const started = await startAtProvider(program);
  const cookie = await logInAt(started);
  const open = async (given = cookie) => {
    const answer = await ask(`${started.url}/account`, given);
    return [answer.status, answer.headers.get('location')];
  };
  expect(await open('')).toEqual([302, '/login']);
  expect(await open()).toEqual([200, null]);
  await sendLogoutToken(appAtProvider);
  expect(await open()).toEqual([302, '/login']);
  expect(await open()).toEqual([302, '/login']);
  await started.close();
});

describe('sessions in Redis', () => {
  const NO_SID = { sid: undefined };
  const PROGRAM = QUICK_START.replace(/^app\.use\(session\(.*\n/m, '')
    .replace(/^app\.use\(login\(oidc\)\);\n/m, () => `${STORE}\n`)
    .replace(/^app\.use\('\/logout'.*\n/m, () => `${LOGOUT}\n`);
  let client: Redis;
  let one: RunningApp;
  let other: RunningApp;

  beforeAll(async () => {
    client = quickStart.redis.connect();
    [one, other] = await Promise.all([startAtProvider(PROGRAM), startAtProvider(PROGRAM)]);
  });

  afterAll(() => Promise.all([one.close(), other.close()]));

  async function apiAnswers(cookie: string): Promise<number[]> {
    const answers = await Promise.all([one, other].map(({ url }) => ask(`${url}/api`, cookie)));
    return answers.map(({ status }) => status);
  }

  /** The sessions in the store, and the lists that they are found by. */
  async function sessionKeys(): Promise<string[]> {
    const keys = await client.keys('*');
    return keys.filter((key) => /^(?:sess|login):/.test(key)).sort();
  }

  async function untilNoSession(): Promise<void> {
    await until(async () => (await sessionKeys()).length === 0);
  }

  /** The login leaves a session without tokens behind, which expires. */
  async function logIn(): Promise<string> {
    const cookie = await logInAt(one);
    const own = `sess:${idOf(cookie)}`;
    const left = (await sessionKeys()).filter((key) => key.startsWith('sess:') && key !== own);
    if (left.length > 0) await client.del(left);
    return cookie;
  }

  function idOf(cookie: string): string {
    return decodeURIComponent(cookie).replace(/^connect\.sid=s:([^.]+)\..*/, '$1');
  }

  it('are found in every process, until the logout', async () => {
    const cookie = await logIn();
    expect(await sessionKeys()).toEqual(['login:sid:sid-1', `sess:${idOf(cookie)}`]);
    const api = await ask(`${other.url}/api`, cookie);
    expect([api.status, await api.json()]).toEqual([200, { user: 'alice' }]);

    const answer = await post(`${one.url}/logout`, cookie, SAME_ORIGIN);

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
  ])('end by a Logout Token for %s, sent to another process', async (_how, claims) => {
    const cookie = await logIn();
    expect(await apiAnswers(cookie)).toEqual([200, 200]);
    await sendLogoutToken(other, claims);
    await untilNoSession();
    expect(await apiAnswers(cookie)).toEqual([401, 401]);
  });

  it('end by a Logout Token where the provider names no sid', async () => {
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
  ])('do not end for %s', async (_who, headers) => {
    const cookie = await logIn();
    const before = await sessionKeys();
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'text/html' };
    const answer = await post(`${one.url}/logout`, cookie, { ...form, ...headers });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({
      error: 'invalid_request',
      error_description: 'The request does not come from a page of this app',
    });
    expect(await apiAnswers(cookie)).toEqual([200, 200]);
    expect(await sessionKeys()).toEqual(before);
  });

  it('let a user out whose tokens are dead, and one who has none', async () => {
    const cookie = await logIn();
    await client.del('login:sid:sid-1');
    await sendLogoutToken(other);
    expect(await apiAnswers(cookie)).toEqual([401, 401]);
    expect(await sessionKeys()).toHaveLength(1);
    for (const each of [cookie, '']) {
      const answer = await post(`${one.url}/logout`, each, SAME_ORIGIN);
      expect(answer.status).toBe(200);
      const { searchParams } = new URL(targetOf(await answer.text()));
      expect([...searchParams.keys()]).toEqual(['client_id', 'post_logout_redirect_uri', 'state']);
    }
    await untilNoSession();
  });
});

it('has no block of code that is not run', () => {
  expect(INSTALL).toBe('npm install connect-redis redis');
  expect(PAGE.untaken()).toEqual([]);
});
