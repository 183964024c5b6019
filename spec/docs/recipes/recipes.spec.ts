import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPage } from '../../support/page.ts';
import { startRecipes, type Recipes } from './recipes.ts';

let recipes: Recipes;

beforeAll(async () => {
  recipes = await startRecipes();
});

afterAll(() => recipes.close());

async function expectLoggedIn(cookie: string): Promise<void> {
  expect(await recipes.ask('/account', cookie)).toEqual([200, 'For alice']);
  expect(await recipes.ask('/api', cookie)).toEqual([200, '{"user":"alice"}']);
}

async function expectLoggedOut(cookie: string): Promise<void> {
  expect((await recipes.ask('/account', cookie))[0]).toBe(302);
  expect((await recipes.ask('/api', cookie))[0]).toBe(401);
}

describe.each(['express-openid-connect', 'passport'])('the recipe for %s', (name) => {
  const page = openPage(`docs/recipes/${name}.md`);

  beforeAll(() => recipes.start(page.take('js', 'oidcLogout(')));

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

  it('names the packages of its code, and shows no code that is not run', () => {
    const code = page.take('js', 'oidcLogout(');
    const imported = [...code.matchAll(/ from '([\w-]+)/g)].map(([, from]) => from);
    const [, , ...installed] = page.take('sh', 'npm install').split(' ');
    expect(installed.sort()).toEqual([...new Set(imported)].sort());
    expect(page.untaken()).toEqual([]);
  });
});
