import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import type { BrowserSession } from '../../support/browser-session.ts';
import { openPage, type Page } from '../../support/page.ts';
import { startRecipes, type Recipes } from './recipes.ts';

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
    expectComplete(page, code);
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
