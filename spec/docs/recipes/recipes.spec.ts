import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import { decodeJwt } from 'jose';
import type { BrowserSession } from '../../support/browser-session.ts';
import { targetOf } from '../../support/logout-page.ts';
import { openPage, type Page } from '../../support/page.ts';
import { until } from '../../support/until.ts';
import { ADMIN_AUDIENCE, startRecipes, type Recipes } from './recipes.ts';

const TYPESCRIPT = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2022',
  },
} as const;

let recipes: Recipes;

beforeAll(async () => {
  recipes = await startRecipes();
});

afterAll(() => recipes.close());

async function expectLoggedIn(cookie: string): Promise<void> {
  expect(await recipes.ask('/account', cookie)).toEqual([200, 'For alice']);
  expect(await recipes.ask('/api', cookie)).toEqual([200, '{"user":"alice"}']);
}

describe.each([
  ['express-openid-connect', 'js', 302],
  ['passport', 'js', 302],
  ['nestjs', 'ts', 401],
])('the recipe for %s', (name, language, refusal) => {
  const page = openPage(`docs/recipes/${name}.md`);
  const code = page.take(language, 'oidcLogout(');

  beforeAll(() => recipes.start(language === 'ts' ? transformSync(code, TYPESCRIPT).code : code));

  async function expectLoggedOut(cookie: string): Promise<void> {
    expect((await recipes.ask('/account', cookie))[0]).toBe(refusal);
    expect((await recipes.ask('/api', cookie))[0]).toBe(401);
  }

  it('refuses the user and a copy of the cookie after a logout', async () => {
    const { browser, cookie } = await recipes.logIn();
    await expectLoggedIn(cookie);
    const { url } = await recipes.logOut(browser);
    expect(url.href).toBe(`${recipes.baseUrl}/`);
    await expectLoggedOut(browser.cookiesFor(url));
    await expectLoggedOut(cookie);
  });

  it('refuses the cookie after a Logout Token, and lets the user log in again', async () => {
    const { browser, cookie } = await recipes.logIn();
    await recipes.endAtProvider(browser);
    await expectLoggedOut(cookie);
    await expectLoggedIn((await recipes.logIn()).cookie);
  });

  it('keeps the login where the browser comes back from no logout', async () => {
    const { browser } = await recipes.logIn();
    const { url } = await browser.open(`${recipes.baseUrl}/logged-out`);
    await expectLoggedIn(browser.cookiesFor(url));
  });

  it('is complete', () => {
    if (name === 'nestjs') page.take('ts', '@Catch()'); // run below
    expectComplete(page, code);
  });
});

describe('the filter of NestJS', () => {
  const page = openPage('docs/recipes/nestjs.md');
  const recipe = page.take('ts', 'oidcLogout(');
  const filter = page.take('ts', '@Catch()');
  const guarded = 'consumer.apply(oidc.guard({ token })).forRoutes(ApiController);';
  const program = recipe.replace(
    guarded,
    `consumer.apply(oidc.guard({ token, errors: 'next', scope: 'admin' })).forRoutes(ApiController);
    consumer.apply(oidc.guard({ errors: 'next' })).forRoutes('logged-out');`,
  );
  const bare = 'Bearer realm="api"';
  const said = (error: string, text: string) =>
    `${bare}, error="${error}", error_description="${text}"`;
  const unknown = 'The access token is malformed or unknown';
  const lacks = 'The access token lacks a required scope';
  const wrong = 'The Authorization header is not a well-formed Bearer credential';

  const start = (code: string) => recipes.start(transformSync(code, TYPESCRIPT).code);

  /** The status, the headers and the message of the answer. */
  async function ask(path: string, headers: Record<string, string> = {}) {
    const answer = await fetch(recipes.baseUrl + path, { headers, redirect: 'manual' });
    const { statusCode, message } = (await answer.json()) as Record<string, unknown>;
    expect(statusCode).toBe(answer.status);
    const sent = ['www-authenticate', 'retry-after'].map((name) => answer.headers.get(name));
    return [answer.status, message, ...sent];
  }

  /** Refused for each reason. */
  async function askAll() {
    const { cookie } = await recipes.logIn();
    const answers = [
      await ask('/api'),
      await ask('/logged-out', { Authorization: 'Bearer opaque-1' }),
      await ask('/logged-out', { Authorization: 'Bearer a b' }),
      await ask('/api', { cookie }),
    ];
    recipes.redis.pause();
    try {
      return [...answers, await ask('/api', { cookie }), await ask('/account', { cookie })];
    } finally {
      recipes.redis.resume();
    }
  }

  it('sends the status of each error, and no headers', async () => {
    expect(program).not.toBe(recipe);
    await start(program);
    expect(await askAll()).toEqual([
      [401, 'The request has no access token', null, null],
      [401, unknown, null, null],
      [400, wrong, null, null],
      [403, lacks, null, null],
      [503, 'Service Unavailable', null, null],
      [503, 'Service Unavailable', null, null],
    ]);
  });

  it('sends the headers with the filter of the page', async () => {
    await start(program.replace('await app.listen', `${filter}\n$&`));
    expect(await askAll()).toEqual([
      [401, 'The request has no access token', bare, null],
      [401, unknown, said('invalid_token', unknown), null],
      [400, wrong, said('invalid_request', wrong), null],
      [403, lacks, `${said('insufficient_scope', lacks)}, scope="admin"`, null],
      [503, 'Service Unavailable', null, '1'],
      [503, 'Service Unavailable', null, '1'],
    ]);
  });
});

describe('the recipe for a page and its API on two hosts', () => {
  const page = openPage('docs/recipes/front-end-and-api.md');
  const code = page.take('js', 'oidcLogout(');
  const script = page.take('js', 'function logOut');
  const APP_URL = 'https://app.example.com';

  beforeAll(() => recipes.start(code, { APP_URL }));

  /** The page in this browser, where the page is sent to, and what the API answers. */
  function openApp(browser: BrowserSession) {
    const visited: string[] = [];
    const answers: Response[] = [];
    const context = {
      location: { assign: (url: string) => visited.push(url) },
      async fetch(url: string, { method = 'GET', credentials }: RequestInit) {
        expect(credentials).toBe('include');
        const headers = { Origin: APP_URL, 'Sec-Fetch-Site': 'same-site' };
        const answer = await browser.fetch(new URL(url), { method, headers });
        answers.push(answer);
        return answer;
      },
    };
    const own = script.replace('https://api.example.com', recipes.baseUrl);
    const functions: unknown = runInNewContext(`${own}\n({ me, logOut })`, context);
    const { me, logOut } = functions as Record<'me' | 'logOut', () => Promise<unknown>>;
    return { me, logOut, visited, answers };
  }

  it('logs out from the page, which may read the answers', async () => {
    const { browser } = await recipes.logIn();
    const app = openApp(browser);
    expect(await app.me()).toEqual({ user: 'alice' });
    await app.logOut();
    for (const { headers } of app.answers) {
      expect(headers.get('access-control-allow-origin')).toBe(APP_URL);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
    }
    const [endSession = ''] = app.visited;
    const { url } = await recipes.confirm(browser, endSession);
    expect(url.href).toBe(`${APP_URL}/`);
    expect(await app.me()).toBe(undefined);
    expect(app.visited).toEqual([endSession, `${recipes.baseUrl}/login`]);
  });

  it('sends the page to the login after a Logout Token', async () => {
    const { browser } = await recipes.logIn();
    const app = openApp(browser);
    await recipes.endAtProvider(browser);
    expect(await app.me()).toBe(undefined);
    expect(app.visited).toEqual([`${recipes.baseUrl}/login`]);
  });

  it('lets the pages of no other origin log out', async () => {
    const { browser } = await recipes.logIn();
    const headers = { Origin: 'https://shop.example.com', 'Sec-Fetch-Site': 'same-site' };
    const logout = new URL(`${recipes.baseUrl}/logout`);
    expect((await browser.fetch(logout, { method: 'POST', headers })).status).toBe(403);
    expect(await openApp(browser).me()).toEqual({ user: 'alice' });
  });

  it('is complete', () => {
    expectComplete(page, code);
  });
});

describe('the recipe for several apps on one Redis', () => {
  const page = openPage('docs/recipes/several-apps.md');
  const code = page.take('js', 'oidcLogout(');
  const client = {
    ...{ OIDC_CLIENT_ID: 'admin', OIDC_CLIENT_SECRET: 'the secret of the admin' },
    ...{ OIDC_AUDIENCE: ADMIN_AUDIENCE, SESSION_SECRET: 'of the sessions of the admin' },
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64url'),
  };
  let admin: string;

  async function startBoth(shopEnv = {}, adminEnv = {}) {
    const shop = recipes.start(code, shopEnv);
    [admin] = await Promise.all([recipes.startBeside(code, { ...client, ...adminEnv }), shop]);
  }

  /** Logs in to both; the provider asks once. */
  async function logInToBoth(): Promise<BrowserSession> {
    const { browser } = await recipes.logIn();
    const { html } = await browser.open(`${admin}/login`);
    expect(html).toContain('This is admin.');
    expect(await askApis(browser)).toEqual([200, 200]);
    return browser;
  }

  function askApis(browser: BrowserSession): Promise<number[]> {
    const urls = [recipes.baseUrl, admin].map((url) => new URL(`${url}/api`));
    return Promise.all(urls.map(async (url) => (await browser.fetch(url, {})).status));
  }

  /** Logs out of the shop; answers where the browser is sent. */
  async function logOutOfShop(browser: BrowserSession): Promise<URL> {
    const home = await browser.open(`${recipes.baseUrl}/`);
    return new URL(targetOf((await browser.submit(home, '/logout', {})).html));
  }

  async function countKeys(prefix = 'oidc1:'): Promise<Record<string, number>> {
    const keys = Object.keys(await recipes.redis.dump());
    const kinds = keys.filter((key) => key.startsWith(prefix)).map((key) => key[prefix.length]);
    const count = (kind: string) => kinds.filter((each) => each === kind).length;
    return Object.fromEntries(
      ['s', 'x', 'l', 't', 'r', 'p', 'e'].map((kind) => [kind, count(kind)]),
    );
  }

  function countOfPage(column: number): Record<string, number> {
    const rows = page.table('Key', 'After both logins', 'After a logout and back');
    return Object.fromEntries(rows.map((row) => [row[0] ?? '', Number(row[column])]));
  }

  beforeEach(() => recipes.redis.flush());

  afterEach(() => {
    recipes.giveSid('one for each client');
  });

  describe('with one prefix', () => {
    beforeAll(() => startBoth());

    it('logs out of both at once where they have one sid', async () => {
      recipes.giveSid('one for all');
      const browser = await logInToBoth();
      // Set in the background by the first look-up.
      await until(async () => (await countKeys()).e === 1);
      expect(await countKeys()).toEqual(countOfPage(2));
      const endSession = await logOutOfShop(browser);
      expect(await askApis(browser)).toEqual([401, 401]);
      const hint = decodeJwt(endSession.searchParams.get('id_token_hint') ?? '');
      expect(hint.aud).toBe(endSession.searchParams.get('client_id'));
      expect(hint.aud).not.toBe('admin');
      const { url } = await recipes.confirm(browser, endSession.href);
      expect(url.href).toBe(`${recipes.baseUrl}/`);
      expect(await countKeys()).toEqual(countOfPage(3));
      expect(Object.keys(await recipes.redis.dump())).toHaveLength(8);
      await logInToBoth();
    });

    it.each(['one for each client', 'none'] as const)(
      'logs out of the other by the Logout Token where the sid is %s',
      async (kind) => {
        recipes.giveSid(kind);
        const browser = await logInToBoth();
        const endSession = await logOutOfShop(browser);
        expect(await askApis(browser)).toEqual([401, 200]);
        await recipes.confirm(browser, endSession.href);
        expect(await askApis(browser)).toEqual([401, 401]);
      },
    );
  });

  it('logs out of the other by the Logout Token where each has a prefix', async () => {
    await startBoth({ KEY_PREFIX: 'shop:' }, { KEY_PREFIX: 'admin:' });
    recipes.giveSid('one for all');
    const browser = await logInToBoth();
    const endSession = await logOutOfShop(browser);
    expect(await askApis(browser)).toEqual([401, 200]);
    await recipes.confirm(browser, endSession.href);
    expect(await askApis(browser)).toEqual([401, 401]);
    for (const prefix of ['shop:', 'admin:']) {
      expect(await countKeys(prefix)).toMatchObject({ x: 1, t: 1, r: 1 });
    }
    expect(await countKeys()).toMatchObject({ x: 0, t: 0, r: 0 });
  });

  it('is complete', () => {
    page.take('sh', 'shop.env');
    expectComplete(page, code);
  });
});

/** The page names the packages of its code, and shows no code that is not run. */
function expectComplete(page: Page, code: string): void {
  const imported = [...code.matchAll(/^import (?:.* from )?'((?:@\w+\/)?[\w-]+)/gm)];
  const needed = new Set(imported.map(([, from]) => from));
  if (code.includes("'./login.mjs'")) {
    needed.add('openid-client');
    page.take('sh', 'docs/login.mjs');
  }
  const installed = page.take('sh', 'npm install').match(/(?<=^npm install .*)\S+/gm);
  expect(installed).toEqual(expect.arrayContaining([...needed]));
  expect(page.untaken()).toEqual([]);
}
