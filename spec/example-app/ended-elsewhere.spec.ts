import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Example, startExample } from '../../example-app/app.ts';
import { type OidcLogout, oidcLogout } from '../../lib/index.ts';
import { connectToChromium } from '../support/chromium.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

const BY_PROVIDER = 'This session was ended at the provider';
const BY_OTHERS = 'This session was ended by another device or tab';
const BY_ADMINISTRATOR = 'This session was ended by an administrator';

describe('an open page of the example app whose session is ended elsewhere', () => {
  let redis: RedisServer;
  let app: Example;
  let administration: OidcLogout;
  let chromium: Browser;
  let device: BrowserContext;
  let page: Page;
  let pageLoads: number;

  beforeAll(async () => {
    redis = await startRedisServer();
    [app, chromium] = await Promise.all([
      startExample({ PORT: '0', REDIS_URL: redis.path }),
      connectToChromium(),
    ]);
    // As another process of the same app would.
    administration = oidcLogout({
      provider: { issuer: app.providerUrl, clientId: 'example-app' },
      redis: redis.connect(),
    });
    // One for all: a new one costs a process of its own.
    device = await chromium.newContext();
  });

  afterAll(async () => {
    await chromium.close();
    await app.close();
    await administration.close();
    await redis.close();
  });

  beforeEach(async () => {
    page = await device.newPage();
    await logIn(page);
    pageLoads = 0;
    page.on('load', () => (pageLoads += 1));
  });

  afterEach(async () => {
    await Promise.all(device.pages().map((each) => each.close()));
    await device.clearCookies();
    // Else the end of a user refuses a login of the next test that comes in the same second.
    await redis.flush();
  });

  const heading = (name: string, on = page) => on.getByRole('heading', { name });
  const button = (name: string, on = page) => on.getByRole('button', { name });

  /** Logs in on a page that then watches its session. */
  async function logIn(on: Page) {
    await on.goto(app.url);
    await on.getByRole('link', { name: 'Log in' }).click();
    const watching = on.waitForResponse(`${app.url}/session/events`);
    await button('Alice', on).click();
    await heading('Session live', on).waitFor();
    expect((await watching).status()).toBe(200);
  }

  async function openTab(): Promise<Page> {
    const tab = await device.newPage();
    const watching = tab.waitForResponse(`${app.url}/session/events`);
    await tab.goto(app.url);
    await heading('Session live', tab).waitFor();
    await watching;
    return tab;
  }

  async function logOutAtProvider(from = page) {
    const opened = from.waitForEvent('popup');
    await from.getByRole('link', { name: 'Sign out at the provider' }).click();
    const tab = await opened;
    await heading('Log out?', tab).waitFor();
    expect(new URL(tab.url()).search).toBe('');
    await button('Log out', tab).click();
    await heading('Logged out', tab).waitFor();
    await tab.close();
  }

  async function expectRefusal(on = page) {
    await heading('Session ended', on).waitFor();
    const answer = on.locator('#answers article:first-child');
    expect(await answer.innerText()).toMatch(/^401 Unauthorized.*error="invalid_token"/s);
    expect(await on.evaluate('fetch("/session").then((answer) => answer.json())')).toBeNull();
  }

  it('shows by itself that the provider ended it, in every tab', async () => {
    const tabs = [page, await openTab()];
    await logOutAtProvider();
    for (const tab of tabs) {
      await heading(BY_PROVIDER, tab).waitFor();
      await expectRefusal(tab);
    }
    expect(pageLoads).toBe(0);
  });

  it('shows by itself that another tab ended it', async () => {
    const other = await openTab();
    await button('Log out', other).click();
    await button('Continue to the provider', other).waitFor();
    await heading(BY_OTHERS).waitFor();
    await expectRefusal();
    expect(await heading(BY_OTHERS, other).isVisible()).toBe(false);
    expect(pageLoads).toBe(0);
  });

  it('shows by itself that an administrator ended it in another process', async () => {
    await administration.sessions.end({ issuer: app.providerUrl, sub: 'alice' });
    await heading(BY_ADMINISTRATOR).waitFor();
    await expectRefusal();
    expect(pageLoads).toBe(0);
  });

  it('stays logged in when the same user logs out on another device', async () => {
    const other = await chromium.newContext();
    const otherPage = await other.newPage();
    await logIn(otherPage);
    await button('Log out', otherPage).click();
    await button('Continue to the provider', otherPage).click();
    await button('Log out', otherPage).click();
    await heading('The provider’s session has ended', otherPage).waitFor();
    await other.close();

    await button('Call the API').click();
    const answer = page.locator('#answers article:first-child');
    await answer.waitFor();
    expect(await answer.innerText()).toMatch(/^200 OK/);
    expect(await heading('Session live').isVisible()).toBe(true);
    // The first thing that the page hears is the end of its own session.
    await logOutAtProvider();
    await heading(BY_PROVIDER).waitFor();
  });

  it('still tells who ended it after a reload, and a new login starts afresh', async () => {
    await logOutAtProvider();
    await heading(BY_PROVIDER).waitFor();
    await page.reload();
    await heading(BY_PROVIDER).waitFor();
    await heading('Session ended').waitFor();
    await page.getByRole('link', { name: 'Log in again' }).click();
    await button('Bob').click();
    await heading('Session live').waitFor();
    expect(await heading(BY_PROVIDER).isVisible()).toBe(false);
  });

  it('learns that the app does not know its session any more', async () => {
    const late = await device.newPage();
    // The session ends when the page has been told that it is live, and does not watch it yet.
    await late.route(`${app.url}/session/events`, async (route) => {
      await administration.sessions.end({ issuer: app.providerUrl, sub: 'alice' });
      await heading(BY_ADMINISTRATOR).waitFor();
      await route.continue();
    });
    await late.goto(app.url);
    await heading('This session has ended', late).waitFor();
    await expectRefusal(late);
  });
});
