import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import express, { type ErrorRequestHandler } from 'express';
import request from 'supertest';
import { type LogoutOptions, oidcLogout, type ReturningRequest } from '../../lib/index.ts';
import {
  type App,
  appWith,
  call,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
  redirectOf,
} from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { targetOf } from '../support/logout-page.ts';
import { redis, signer, start, useRedisApps } from '../support/redis-apps.ts';

const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };
const COOKIE = '__Host-oidc-logout';
const UNKNOWN_STATE = 'x'.repeat(43);

useRedisApps();

let app: App;

beforeEach(() => {
  app = start();
});

/** What a browser has after a logout, on its way to the provider. */
interface LoggedOut {
  readonly redirect: string;
  readonly state: string;
  readonly setCookie: string[];
  /** The header that the browser sends from now on. */
  readonly cookie: string;
}

async function logOut(
  { app: at }: Pick<App, 'app'> = app,
  { returnTo, accessToken }: { returnTo?: string; accessToken?: string } = {},
): Promise<LoggedOut> {
  const access_token = accessToken ?? (await signer.accessToken());
  const test = request(at).post(LOGOUT).send({ access_token });
  if (returnTo !== undefined) test.set('Return-To', returnTo);
  const answer = await test.expect(200);
  const redirect = redirectOf(answer);
  const state = new URL(redirect).searchParams.get('state') ?? '';
  const setCookie = (answer.get('Set-Cookie') ?? []).map(withoutExpires);
  return { redirect, state, setCookie, cookie: setCookie[0]?.split(';')[0] ?? '' };
}

/** Express writes `Expires` beside `Max-Age`, for browsers of long ago. */
function withoutExpires(setCookie: string): string {
  return setCookie.replace(/; Expires=(?!Thu, 01 Jan 1970)[^;]+/, '');
}

/** The browser comes back from the provider. */
function comeBack(query: string, cookie?: string, { app: at }: Pick<App, 'app'> = app) {
  const test = request(at).get(LOGGED_OUT + query);
  return cookie === undefined ? test : test.set('Cookie', cookie);
}

async function outcomeOf(test: request.Test): Promise<unknown> {
  return ((await test.expect(200)).body as { outcome: unknown }).outcome;
}

async function stateKeys(): Promise<string[]> {
  return Object.keys(await redis.dump()).filter((key) => key.startsWith('oidc1:p'));
}

describe.each(Object.keys(EXPRESS))('postLogoutCallback on %s', (version) => {
  beforeEach(() => {
    app = appWith({ ...optionsFor(signer), redis: redis.connect() }, EXPRESS[version]?.());
  });

  it('verifies the browser that started the logout, and tells where it wants to be', async () => {
    const { state, cookie } = await logOut(app, { returnTo: '/shop?page=2' });
    const answer = await comeBack(`?state=${state}`, cookie);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ outcome: 'verified', returnTo: '/shop?page=2' });
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(answer.get('Set-Cookie')).toEqual([
      `${COOKIE}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax`,
    ]);
  });

  it('verifies it without returnTo where the logout named none', async () => {
    const { state, cookie } = await logOut();
    await comeBack(`?state=${state}`, cookie).expect(200, { outcome: 'verified' });
  });

  it('takes a browser without the cookie for unbound, and sends it nowhere', async () => {
    const { state } = await logOut(app, { returnTo: '/shop' });
    const answer = await comeBack(`?state=${state}`);
    expect([answer.status, answer.body]).toEqual([200, { outcome: 'unbound' }]);
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it.each(['', '?', '?state=', '?error=access_denied', '?State=a', '?state[]=a'])(
    'misses the state in %j',
    async (query) => {
      const { cookie } = await logOut(app, { returnTo: '/shop' });
      const answer = await comeBack(query, cookie);
      expect([answer.status, answer.body]).toEqual([200, { outcome: 'missing' }]);
      expect(answer.headers).toMatchObject(NO_STORE);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    },
  );

  it.each<[string, (state: string) => string]>([
    ['altered', (state) => `?state=${state.slice(0, -1)}${state.endsWith('A') ? 'E' : 'A'}`],
    ['shortened', (state) => `?state=${state.slice(0, -1)}`],
    ['with something behind it', (state) => `?state=${state}%20`],
    ['with a line behind it', (state) => `?state=${state}%0A`],
    ['sent twice', (state) => `?state=${state}&state=${state}`],
    ['beside another', (state) => `?state=${state}&state=b`],
    ['beside an empty one', (state) => `?state=&state=${state}`],
    ['with more after a question mark', (state) => `?state=${state}?state=b`],
    ['made up', () => `?state=${UNKNOWN_STATE}`],
    ['of markup', () => '?state=%3Cscript%3E'],
    ['of a broken encoding', () => '?state=%ff%zz%'],
    ['very long', () => `?state=${'a'.repeat(8000)}`],
  ])('calls a state %s a mismatch, and keeps the true one good', async (_what, queryOf) => {
    const { state, cookie } = await logOut(app, { returnTo: '/shop' });
    const answer = await comeBack(queryOf(state), cookie);
    expect([answer.status, answer.body]).toEqual([200, { outcome: 'mismatch' }]);
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    await comeBack(`?state=${state}`, cookie).expect(200, {
      outcome: 'verified',
      returnTo: '/shop',
    });
  });

  it('calls a state that nobody issued a mismatch, without a cookie too', async () => {
    await comeBack(`?state=${UNKNOWN_STATE}`).expect(200, { outcome: 'mismatch' });
    await comeBack(`?state=${UNKNOWN_STATE}`, `${COOKIE}=${UNKNOWN_STATE}`).expect(200, {
      outcome: 'mismatch',
    });
  });

  it('never sends the browser where the query says', async () => {
    const { state, cookie } = await logOut();
    const evil = encodeURIComponent('https://evil.example');
    const answer = await comeBack(`?state=${state}&returnTo=${evil}&return_to=//evil`, cookie);
    expect([answer.status, answer.body]).toEqual([200, { outcome: 'verified' }]);
    expect(answer.headers).not.toHaveProperty('location');
  });

  it.each(['post', 'put', 'delete', 'patch'] as const)('answers 405 to %s', async (method) => {
    const { state, cookie } = await logOut();
    const test = request(app.app)[method](`${LOGGED_OUT}?state=${state}`);
    const answer = await test.set('Cookie', cookie);
    expect(answer.status).toBe(405);
    expect(answer.headers).toMatchObject({ ...NO_STORE, allow: 'GET, HEAD' });
    expect(answer.body).toEqual({
      error: 'invalid_request',
      error_description: 'The endpoint does not serve this method',
    });
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('verified');
  });

  it('shows HEAD the page and does not use the state up', async () => {
    const { state, cookie } = await logOut();
    const answer = await request(app.app)
      .head(`${LOGGED_OUT}?state=${state}`)
      .set('Cookie', cookie);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('verified');
  });

  it.each([
    ['Sec-Purpose', 'prefetch;prerender'],
    ['Purpose', 'prefetch'],
    ['X-Moz', 'prefetch'],
  ])('does not use the state up for %s: %s', async (name, value) => {
    const { state, cookie } = await logOut();
    const answer = await comeBack(`?state=${state}`, cookie).set(name, value);
    expect([answer.status, answer.body]).toEqual([200, { outcome: 'missing' }]);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('verified');
  });

  it('leaves an error of the page that comes next to the app', async () => {
    const heard: string[] = [];
    app.app.use('/broken', app.oidc.postLogoutCallback(), () => {
      throw new Error('the page broke');
    });
    app.app.use(((error: Error, _req, res, _next) => {
      heard.push(error.message);
      res.status(500).end('sorry');
    }) satisfies ErrorRequestHandler);
    const answer = await request(app.app).get('/broken').expect(500);
    expect([answer.text, heard]).toEqual(['sorry', ['the page broke']]);
  });

  it.each([false, 'extended'])('works with the query parser %s of the app', async (parser) => {
    app.app.set('query parser', parser);
    const { state, cookie } = await logOut();
    expect(await outcomeOf(comeBack(`?state=${state}&state=${state}`, cookie))).toBe('mismatch');
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('verified');
  });
});

describe('the state', () => {
  it('is 256 random bits, another one in each logout', async () => {
    const states = await Promise.all(
      Array.from({ length: 20 }, async () => (await logOut()).state),
    );
    expect(new Set(states).size).toBe(20);
    for (const state of states) expect(state).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('is kept for an hour, and only as a digest', async () => {
    const { state } = await logOut(app, { returnTo: '/shop' });
    const [key = '', ...others] = await stateKeys();
    expect([key, others]).toEqual([expect.stringMatching(/^oidc1:p[\w-]{22}$/), []]);
    const ttl = await redis.connect().ttl(key);
    expect([ttl <= 3600, ttl > 3540]).toEqual([true, true]);
    const stored = await redis.dump();
    expect(JSON.stringify([Object.keys(stored), stored[key]])).not.toContain(state);
  });

  it('is unknown after that hour', async () => {
    const { state, cookie } = await logOut();
    const [key = ''] = await stateKeys();
    const client = redis.connect();
    await client.pexpireat(key, (await client.pexpiretime(key)) - 3_600_000);
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('mismatch');
  });

  it('is good once, in any process', async () => {
    const { state, cookie } = await logOut();
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie, start()))).toBe('verified');
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('mismatch');
    expect(await outcomeOf(comeBack(`?state=${state}`))).toBe('mismatch');
    expect(await stateKeys()).toEqual([]);
  });

  it('is good once for all who come at the same time', async () => {
    const { state, cookie } = await logOut();
    const all = Array.from({ length: 20 }, () => outcomeOf(comeBack(`?state=${state}`, cookie)));
    const outcomes = (await Promise.all(all)).sort();
    expect(outcomes).toEqual([...Array<string>(19).fill('mismatch'), 'verified']);
  });

  it('of one browser is a mismatch in another that started a logout, and stays good', async () => {
    const mine = await logOut(app, { returnTo: '/mine' });
    const theirs = await logOut(app, { returnTo: '/theirs' });
    await comeBack(`?state=${theirs.state}`, mine.cookie).expect(200, { outcome: 'mismatch' });
    for (const { state, cookie } of [theirs, mine]) {
      expect(await outcomeOf(comeBack(`?state=${state}`, cookie))).toBe('verified');
    }
  });

  it('that was used up elsewhere does no harm to the browser that started the logout', async () => {
    const { state, cookie } = await logOut(app, { returnTo: '/shop' });
    await comeBack(`?state=${state}`).expect(200, { outcome: 'unbound' });
    const answer = await comeBack(`?state=${state}`, cookie);
    expect([answer.status, answer.body]).toEqual([200, { outcome: 'mismatch' }]);
  });

  it('is that of the last logout where one browser has two tabs', async () => {
    const first = await logOut();
    const second = await logOut();
    expect(await outcomeOf(comeBack(`?state=${first.state}`, second.cookie))).toBe('mismatch');
    expect(await outcomeOf(comeBack(`?state=${second.state}`, second.cookie))).toBe('verified');
  });

  it('is found among other cookies, and no cookie of a similar name counts', async () => {
    const { state, cookie } = await logOut();
    const similar = `oidc-logout=${state}; x${COOKIE}=${state}; ${COOKIE}2=${state}`;
    expect(await outcomeOf(comeBack(`?state=${UNKNOWN_STATE}`, similar))).toBe('mismatch');
    expect(await outcomeOf(comeBack(`?state=${state}`, `a=b; ${cookie}; c=d`))).toBe('verified');
    const other = await logOut(app, { accessToken: await signer.accessToken({ sid: 'sid-2' }) });
    expect(await outcomeOf(comeBack(`?state=${other.state}`, similar))).toBe('unbound');
  });

  it.each([`${COOKIE}=`, `${COOKIE}=%zz`, `${COOKIE}="`, `${COOKIE}=é`])(
    'does not match the cookie %j',
    async (cookie) => {
      const { state } = await logOut();
      const header = Buffer.from(cookie).toString('latin1');
      expect(await outcomeOf(comeBack(`?state=${state}`, header))).toBe('mismatch');
    },
  );

  it('changes nothing else in the store, and brings no session back', async () => {
    const access_token = await signer.accessToken();
    const { state, cookie } = await logOut(app, { accessToken: access_token });
    const before = Object.entries(await redis.dump());
    await comeBack(`?state=${state}`, cookie).expect(200);
    const others = before.filter(([key]) => !key.startsWith('oidc1:p'));
    expect(Object.entries(await redis.dump()).sort()).toEqual(others.sort());
    expect(others).toHaveLength(before.length - 1);
    await call(app, access_token).expect(401);
  });

  it('is kept readable without encryptionKey, and hidden with it', async () => {
    await logOut(app, { returnTo: '/secret-place' });
    expect(Object.values(await redis.dump()).join()).toContain('/secret-place');
    await redis.flush();
    const encryptionKey = randomBytes(32);
    const sealed = start({ encryptionKey });
    const { state, cookie } = await logOut(sealed, { returnTo: '/secret-place' });
    expect(await stateKeys()).toHaveLength(1);
    expect(Object.values(await redis.dump()).join()).not.toContain('/secret-place');
    const answer = await comeBack(`?state=${state}`, cookie, start({ encryptionKey }));
    expect(answer.body).toEqual({ outcome: 'verified', returnTo: '/secret-place' });
  });

  it('that was sealed with another encryptionKey is a mismatch', async () => {
    const { state, cookie } = await logOut(start({ encryptionKey: randomBytes(32) }));
    const changed = start({ encryptionKey: randomBytes(32) });
    expect(await outcomeOf(comeBack(`?state=${state}`, cookie, changed))).toBe('mismatch');
  });
});

describe('the cookie', () => {
  const expected = (name: string, state: string, secure: string) =>
    `${name}=${state}; Max-Age=3600; Path=/; HttpOnly; ${secure}SameSite=Lax`;

  it('is a __Host- cookie where browsers come back by https:', async () => {
    const { state, setCookie } = await logOut();
    expect(setCookie).toEqual([expected(COOKIE, state, 'Secure; ')]);
  });

  it('is a plain one on loopback by http:, and cleared as such', async () => {
    const provider = { postLogoutRedirectUri: 'http://localhost:3000/logged-out' };
    app = start(optionsFor(signer, { provider }));
    const { state, setCookie, cookie } = await logOut();
    expect(setCookie).toEqual([expected('oidc-logout', state, '')]);
    const answer = await comeBack(`?state=${state}`, cookie).expect(200, { outcome: 'verified' });
    expect(answer.get('Set-Cookie')).toEqual([
      'oidc-logout=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ]);
  });

  it.each<[string[], string, string]>([
    [['https://a.example/', 'com.example.app:/'], COOKIE, 'Secure; '],
    [['https://a.example/', 'http://localhost:3000/'], COOKIE, 'Secure; '],
    [['http://localhost:3000/', 'com.example.app:/'], 'oidc-logout', ''],
  ])(
    'is a plain one without an address of https: alone: %j',
    async (postLogoutRedirectUri, name, secure) => {
      app = start(optionsFor(signer, { provider: { postLogoutRedirectUri } }));
      const { state, setCookie } = await logOut();
      expect(setCookie).toEqual([expected(name, state, secure)]);
    },
  );

  it('is set for a caller that prefers HTML too', async () => {
    const answer = await request(app.app)
      .post(LOGOUT)
      .type('form')
      .set('Accept', 'text/html')
      .send({ access_token: await signer.accessToken() })
      .expect(200);
    const state = new URL(targetOf(answer.text)).searchParams.get('state') ?? '';
    const setCookie = (answer.get('Set-Cookie') ?? []).map(withoutExpires);
    expect(setCookie).toEqual([expected(COOKIE, state, 'Secure; ')]);
  });

  it('is set again, the same, when the logout is retried within retryWindow', async () => {
    const accessToken = await signer.accessToken();
    const first = await logOut(app, { accessToken, returnTo: '/shop' });
    const again = await logOut(start(), { accessToken, returnTo: '/elsewhere' });
    expect(again).toEqual(first);
    expect(await stateKeys()).toHaveLength(1);
    const answer = await comeBack(`?state=${again.state}`, again.cookie);
    expect(answer.body).toEqual({ outcome: 'verified', returnTo: '/shop' });
  });

  it('is another one after retryWindow', async () => {
    const accessToken = await signer.accessToken();
    app = start({ retryWindow: 0 });
    const first = await logOut(app, { accessToken });
    const again = await logOut(app, { accessToken });
    expect(again.state).not.toBe(first.state);
    expect(again.setCookie).toEqual([expected(COOKIE, `${again.state}~`, 'Secure; ')]);
  });

  it.each([
    ['without postLogoutRedirectUri', { postLogoutRedirectUri: undefined }],
    ['where the provider has no End Session endpoint', { metadata: {} }],
  ])('is not set %s, and no state is kept', async (_when, provider) => {
    app = start(optionsFor(signer, { provider }));
    const answer = await request(app.app)
      .post(LOGOUT)
      .send({ access_token: await signer.accessToken() })
      .expect(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(JSON.stringify(answer.body)).not.toContain('state');
    expect(await stateKeys()).toEqual([]);
  });

  it.each([
    ['cross-site', 0],
    ['same-site', 1],
    ['same-origin', 1],
    ['none', 1],
  ])('is set for a page that is %s: %i', async (site, count) => {
    const answer = await request(app.app)
      .post(LOGOUT)
      .set('Sec-Fetch-Site', site)
      .send({ access_token: await signer.accessToken() })
      .expect(200);
    expect(answer.get('Set-Cookie') ?? []).toHaveLength(count);
  });

  it('is not set by a logout that is refused', async () => {
    const answer = await request(app.app).post(LOGOUT).send({ access_token: 'forged' });
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(await redis.dump()).toEqual({});
  });
});

describe('when Redis is down', () => {
  it('the page is shown all the same, with a mismatch', async () => {
    const { state, cookie } = await logOut(app, { returnTo: '/shop' });
    const client = redis.connect();
    const cut = start({ redis: client });
    client.disconnect();
    const answer = await comeBack(`?state=${state}`, cookie, cut);
    expect([answer.status, answer.body]).toEqual([200, { outcome: 'mismatch' }]);
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(cut.events).toEqual([
      ['store-error', { operation: 'takeState', reason: 'not-connected' }],
    ]);
  });

  it('the cookie stays, so that the page can be loaded again', async () => {
    const { state, cookie } = await logOut(app, { returnTo: '/shop' });
    const client = redis.connect();
    const cut = start({ redis: client });
    client.disconnect();
    const answer = await comeBack(`?state=${state}`, cookie, cut).expect(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it.each<[string, (state: string) => [query: string, cookie?: string]]>([
    ['no state', (state) => ['', `${COOKIE}=${state}`]],
    ['an empty state', () => ['?state=']],
    ['garbage', () => ['?state=garbage']],
    ['a state of 44 characters', (state) => [`?state=${state}a`]],
    ['a repeated state', (state) => [`?state=${state}&state=${state}`, `${COOKIE}=${state}`]],
    ['the state of another browser', (state) => [`?state=${state}`, `${COOKIE}=${UNKNOWN_STATE}`]],
  ])('it is not asked for %s', async (_what, visitOf) => {
    const { state } = await logOut();
    const client = redis.connect();
    const cut = start({ redis: client });
    client.disconnect();
    const [query, cookie] = visitOf(state);
    await comeBack(query, cookie, cut).expect(200);
    expect(cut.events).toEqual([]);
  });
});

describe('returnTo', () => {
  /** An app whose logout returns to this place. */
  function startWith(options: LogoutOptions) {
    const outer = express();
    const oidc = oidcLogout({ ...optionsFor(signer), redis: redis.connect() });
    outer.use(LOGOUT, oidc.logout(options));
    outer.use(
      LOGGED_OUT,
      oidc.postLogoutCallback(),
      (req: ReturningRequest, res) => void res.json(req.postLogout),
    );
    outer.use('/api', oidc.guard(), (_req, res) => void res.end());
    return { app: outer, oidc };
  }

  it.each([
    '/',
    '/shop',
    '/shop?a=1#x',
    '/a//b',
    '/a/../b',
    '/%2f%2fevil',
    '/?next=https://evil.example',
    '/user@host:80/',
    '/a\\b',
    `/${'a'.repeat(2000)}`,
  ])('may be the path %s of the app', async (place) => {
    const own = startWith({ returnTo: () => place });
    const { state, cookie } = await logOut(own);
    const answer = await comeBack(`?state=${state}`, cookie, own);
    expect(answer.body).toEqual({ outcome: 'verified', returnTo: place });
  });

  it.each([
    'https://evil',
    '//evil',
    '///evil',
    '/\\evil',
    '/\t/evil',
    '/\n/evil',
    '\\\\evil',
    '\\evil',
    '/\\/evil',
    'javascript:alert(1)',
    'data:text/html,x',
    '%2f%2fevil',
    '%2F',
    ' ',
    ' /shop',
    '/shop ',
    'shop',
    './shop',
    '?a=b',
    '#x',
    '/shop\r\nSet-Cookie: a=b',
    '/shop\n',
    '/shop\0',
    '/caf\u00e9',
    '/\u2028',
    '/.//evil',
    '/..//evil',
    '/a/..//evil',
    'https://app.example.com/',
    'https://app.invalid/',
    '//app.invalid/shop',
    1,
    true,
    {},
    ['/shop'],
  ])('may not be %j: 400, with nothing changed and no session ended', async (place) => {
    const own = startWith({ returnTo: () => place as string });
    const access_token = await signer.accessToken();
    await own.oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    const before = await redis.dump();

    const answer = await request(own.app).post(LOGOUT).send({ access_token });

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: 'invalid_request',
      error_description: 'The place to return to is not allowed',
    });
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(await redis.dump()).toEqual(before);
    await call(own, access_token).expect(200);
  });

  it('is nowhere that a planted cookie names, without encryptionKey', async () => {
    const place = encodeURIComponent(JSON.stringify({ returnTo: 'https://evil.example' }));
    const cookie = `${COOKIE}=${UNKNOWN_STATE}~${place}`;
    await comeBack(`?state=${UNKNOWN_STATE}`, cookie).expect(200, { outcome: 'verified' });
  });

  it.each([null, ''])('is nowhere special where it is %j', async (place) => {
    const own = startWith({ returnTo: () => place });
    const { state, cookie } = await logOut(own);
    await comeBack(`?state=${state}`, cookie, own).expect(200, { outcome: 'verified' });
  });

  it.each(['https://partner.example/bye', 'https://other.example/', 'app:/bye'])(
    'may be %s, one of allowedReturnTo',
    async (place) => {
      const allowedReturnTo = ['https://partner.example/bye', 'https://other.example/', 'app:/bye'];
      const own = startWith({ returnTo: () => place, allowedReturnTo });
      const { state, cookie } = await logOut(own);
      const answer = await comeBack(`?state=${state}`, cookie, own);
      expect(answer.body).toEqual({ outcome: 'verified', returnTo: place });
    },
  );

  it.each([
    'https://partner.example',
    'https://partner.example/',
    'https://partner.example/bye/',
    'https://partner.example/bye?a=b',
    'https://partner.example/bye#a',
    'https://partner.example:443/bye',
    'HTTPS://partner.example/bye',
    'https://partner.example/bye/../x',
    'https://partner.example.evil/bye',
    'https://user@partner.example/bye',
  ])('may not be %s, which is not the whole of allowedReturnTo', async (place) => {
    const allowedReturnTo = 'https://partner.example/bye';
    const own = startWith({ returnTo: () => place, allowedReturnTo });
    const access_token = await signer.accessToken();
    const answer = await request(own.app).post(LOGOUT).send({ access_token });
    expect([answer.status, (answer.body as { error: unknown }).error]).toEqual([
      400,
      'invalid_request',
    ]);
    await call(own, access_token).expect(200);
  });

  it('is asked for with the request, and where it fails the app hears of it', async () => {
    const own = startWith({
      returnTo: () => {
        throw new Error('no idea');
      },
    });
    const heard: string[] = [];
    own.app.use(((error: Error, _req, res, _next) => {
      heard.push(error.message);
      res.status(500).end();
    }) satisfies ErrorRequestHandler);
    const access_token = await signer.accessToken();
    await request(own.app).post(LOGOUT).send({ access_token }).expect(500);
    expect(heard).toEqual(['no idea']);
    expect(await redis.dump()).toEqual({});
  });
});
