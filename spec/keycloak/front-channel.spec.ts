import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { BrowserContext, Browser as Chromium, Page } from 'playwright-core';
import { connectToChromium } from '../support/chromium.ts';
import { INVALIDATED } from './answers.ts';
import { type App, type Browser, newBrowser, useApps } from './app.ts';
import { Realm } from './realm.ts';

const realm = Realm.current();
const start = useApps();
let app: App;
let chromium: Chromium;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  chromium = await connectToChromium();
  app = await start({ client: { frontchannelLogout: true } });
});

afterAll(() => chromium.close());

beforeEach(async () => {
  context = await chromium.newContext();
  page = await context.newPage();
});

afterEach(() => context.close());

/** Fills in and submits the form that the page shows. */
async function submit(actionEnd: string, fields: Record<string, string>): Promise<void> {
  const form = page.locator(`form[action*="${actionEnd}"]`);
  for (const [name, value] of Object.entries(fields)) {
    await form.locator(`[name="${name}"]`).fill(value);
  }
  await form.locator('button:not([type=button])').click();
}

const shownPage = async () => ({
  ...{ url: new URL(page.url()), status: 200, html: await page.content() },
});

/** The login in Chromium. */
const browser: Browser = {
  async open(url) {
    await page.goto(url);
    return shownPage();
  },
  async submit(_page, actionEnd, fields) {
    await submit(actionEnd, fields);
    await page.waitForURL('**/callback?*');
    return shownPage();
  },
};

async function logOut(from: App, accessToken: string): Promise<void> {
  await page.goto(`${from.url}/`);
  await submit('/logout', { access_token: accessToken });
  await page.waitForURL(`${from.url}/logged-out?state=*`);
}

it('ends the session in a frame of the logout page, and revokes nothing', async () => {
  const other = await start();
  const user = await realm.addUser();
  const { tokens, sid } = await app.logIn(user, browser);
  const joined = await other.logIn(user, browser);
  expect([joined.wasAsked, joined.sid]).toEqual([false, sid]);
  const framed = page.waitForResponse(`${app.url}/oidc/front-channel-logout?*`);
  await logOut(other, joined.tokens.access_token);
  const { searchParams } = new URL((await framed).url());
  expect(Object.fromEntries(searchParams)).toEqual({ iss: realm.issuer, sid });
  expect(await page.locator('h1').innerText()).toBe('verified');
  expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  expect(app.eventsOf(sid)).toEqual([
    ['session-ended', expect.objectContaining({ cause: 'front-channel', sid })],
  ]);
  expect(app.logoutTokens).toEqual([]);
  expect(await realm.sessionsOf(user)).toEqual([]);
});

it('goes to Keycloak and back by the form of the app', async () => {
  const user = await realm.addUser();
  const { tokens } = await app.logIn(user, browser);
  await logOut(app, tokens.access_token);
  expect(await page.locator('h1').innerText()).toBe('verified');
  expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  expect(await realm.sessionsOf(user)).toEqual([]);
  expect((await app.logIn(user, browser)).wasAsked).toBe(true);
});

it('hears nothing of an administrator who signs the user out', async () => {
  const user = await realm.addUser();
  const { tokens } = await app.logIn(user, newBrowser());
  await realm.logOut(user);
  expect(app.logoutTokens).toEqual([]);
  expect((await app.call(tokens.access_token)).status).toBe(200);
});
