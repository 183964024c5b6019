import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Example, startExample } from '../../example-app/app.ts';
import { launchChromium } from '../support/chromium.ts';

describe('the page of the example app', () => {
  let app: Example;
  let chromium: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    [app, chromium] = await Promise.all([startExample({ PORT: '0' }), launchChromium()]);
    // One for all: a new one costs a process of its own.
    context = await chromium.newContext();
  });

  afterAll(async () => {
    await chromium.close();
    await app.close();
  });

  beforeEach(async () => {
    page = await context.newPage();
    await page.goto(app.url);
  });

  afterEach(async () => {
    await page.close();
    await context.clearCookies();
  });

  const heading = (name: string) => page.getByRole('heading', { name });
  const button = (name: string) => page.getByRole('button', { name });
  const link = (name: string) => page.getByRole('link', { name });

  async function logIn(user = 'Alice') {
    await link('Log in').click();
    await button(user).click();
    await heading('Session live').waitFor();
  }

  /** Calls the API and waits for this answer on top of the others. */
  async function callApi(status: string): Promise<string> {
    await button('Call the API').click();
    const answer = page.locator('#answers article:first-child', { hasText: status });
    await answer.waitFor();
    return answer.innerText();
  }

  async function logOut() {
    await button('Log out').click();
    await button('Continue to the provider').waitFor();
  }

  it('tells the whole story, from login to login', async () => {
    await heading('Nobody is logged in').waitFor();
    await logIn();
    expect(await page.locator('#user').innerText()).toMatch(
      /Name\s+Alice\s+Subject \(sub\)\s+alice/,
    );
    expect(await callApi('200 OK')).toMatch(/"sub": "alice"/s);

    await logOut();
    expect(await page.locator('#redirect').innerText()).toMatch(
      /\/session\/end\s+id_token_hint\s+eyJhbGciOiJS…\s+client_id\s+example-app\s+post_logout_redirect_uri\s+\S+\/logged-out\s+state\s+\S{43}$/,
    );
    await heading('Session ended').waitFor();
    expect(await callApi('401 Unauthorized')).toMatch(/error="invalid_token".*by a logout/s);

    await button('Continue to the provider').click();
    await heading('Log out?').waitFor();
    await button('Log out').click();
    await heading('The provider’s session has ended').waitFor();
    await page.getByText('Verified: this browser started the logout').waitFor();
    expect(new URL(page.url()).pathname).toBe('/logged-out');
    expect(await callApi('401 Unauthorized')).toMatch(/error="invalid_token".*by a logout/s);

    await link('Log in again').click();
    await button('Bob').click();
    await heading('Session live').waitFor();
    expect(await callApi('200 OK')).toMatch(/"sub": "bob"/s);
  });

  it('shows no more of a token than its beginning, and breaks no rule of its own', async () => {
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await logIn();
    const session = page.waitForResponse(`${app.url}/session`);
    await page.reload();
    const { tokens } = (await (await session).json()) as { tokens: Record<string, string> };
    await logOut();
    const shown = await page.content();
    expect(shown).toContain(tokens.access_token?.slice(0, 12));
    expect(shown).not.toContain(tokens.access_token?.slice(0, 40));
    expect(shown).not.toContain(tokens.refresh_token);
    expect(problems.filter((text) => !text.includes('401 (Unauthorized)'))).toEqual([]);
  });

  it('offers the identical redirect again after a reload', async () => {
    await logIn();
    await logOut();
    const shown = await page.locator('#redirect dl').innerText();
    await page.reload();
    await heading('Session ended').waitFor();
    await logOut();
    expect(await page.locator('#redirect dl').innerText()).toBe(shown);
  });

  it('tells that a login was cancelled', async () => {
    await link('Log in').click();
    await button('Cancel').click();
    await heading('You are not logged in').waitFor();
    await page.getByText('The login was cancelled at the provider.').waitFor();
    await link('Start page').click();
    await heading('Nobody is logged in').waitFor();
  });

  it('tells that a second return from the same logout proves nothing', async () => {
    await logIn();
    await logOut();
    await button('Continue to the provider').click();
    await button('Log out').click();
    await page.getByText('Verified: this browser').waitFor();
    await page.reload();
    await page.getByText('Mismatch: the state is not known, was used before').waitFor();
    await heading('Session ended').waitFor();
  });

  it.each([
    ['', 'Missing: here the provider sends the browser after a logout.'],
    ['?state=unknown', 'Mismatch: the state is not known'],
  ])('tells at /logged-out%s that no logout led there', async (query, text) => {
    await page.goto(`${app.url}/logged-out${query}`);
    await page.getByText(text).waitFor();
    await heading('Nobody is logged in').waitFor();
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 320, height: 600 });
    await logIn();
    await callApi('200 OK');
    await logOut();
    const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(overflow).toBe(false);
  });
});
