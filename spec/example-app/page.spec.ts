import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Example, startExample } from '../../example-app/app.ts';
import { startProvider } from '../../example-app/provider.ts';
import { connectToChromium } from '../support/chromium.ts';

describe('the page of the example app', () => {
  let app: Example;
  let chromium: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    [app, chromium] = await Promise.all([startExample({ PORT: '0' }), connectToChromium()]);
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

  async function goToProvider() {
    await button('Continue to the provider').click();
    await heading('Log out?').waitFor();
    await button('Log out').click();
    await heading('The provider’s session has ended').waitFor();
  }

  /** The steps of the story that are done, and the current one. */
  async function story() {
    const [done, current] = await Promise.all(
      ['.done', '[aria-current]'].map((which) =>
        page.locator(`[data-step]${which}`).allInnerTexts(),
      ),
    );
    return { done, current };
  }

  const [LOG_IN, CALL, LOG_OUT, PROVIDER, REFUSED] = [
    ...['Log in', 'Call the API', 'Log out', 'End the provider’s session', 'Call again: refused'],
  ];

  it('tells the whole story, from login to login', async () => {
    await heading('Nobody is logged in').waitFor();
    expect(await story()).toEqual({ done: [], current: [LOG_IN] });
    await logIn();
    expect(await story()).toEqual({ done: [LOG_IN], current: [CALL] });
    expect(await page.locator('#user').innerText()).toMatch(
      /Name\s+Alice\s+Subject \(sub\)\s+alice/,
    );
    expect(await callApi('200 OK')).toMatch(/"sub": "alice"/s);
    expect(await story()).toEqual({ done: [LOG_IN, CALL], current: [LOG_OUT] });

    await logOut();
    expect(await story()).toEqual({ done: [LOG_IN, CALL, LOG_OUT], current: [PROVIDER] });
    expect(await button('Log out').isEnabled()).toBe(false);
    expect(await page.locator('#redirect').innerText()).toMatch(
      /\/session\/end\s+id_token_hint\s+eyJhbGciOiJS…\s+client_id\s+example-app\s+post_logout_redirect_uri\s+\S+\/logged-out\s+state\s+\S{43}$/,
    );
    await heading('Session ended').waitFor();
    expect(await callApi('401 Unauthorized')).toMatch(/error="invalid_token".*by a logout/s);

    await goToProvider();
    await page.getByText('Verified: this browser started the logout').waitFor();
    expect(new URL(page.url()).pathname).toBe('/logged-out');
    expect(await callApi('401 Unauthorized')).toMatch(/error="invalid_token".*by a logout/s);
    expect(await story()).toEqual({
      done: [LOG_IN, CALL, LOG_OUT, PROVIDER, REFUSED],
      current: [],
    });

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

  it('offers the redirect again after a reload, and no second logout', async () => {
    await logIn();
    await logOut();
    const shown = await page.locator('#redirect dl').innerText();
    await page.reload();
    await heading('Session ended').waitFor();
    expect(await page.locator('#redirect dl').innerText()).toBe(shown);
    expect(await button('Log out').isEnabled()).toBe(false);
    await goToProvider();
    await page.getByText('Verified').waitFor();
  });

  it('marks no step as done that was left out', async () => {
    await logIn();
    await logOut();
    expect(await story()).toEqual({ done: [LOG_IN, LOG_OUT], current: [CALL] });
    await callApi('401 Unauthorized');
    expect(await story()).toEqual({ done: [LOG_IN, LOG_OUT, REFUSED], current: [CALL] });
    await goToProvider();
    expect(await story()).toEqual({ done: [LOG_IN, LOG_OUT, PROVIDER, REFUSED], current: [CALL] });
    await link('Log in again').click();
    await button('Alice').click();
    await heading('Session live').waitFor();
    expect(await story()).toEqual({ done: [LOG_IN], current: [CALL] });
  });

  it('shows beside each step the code that the app runs', async () => {
    const shown = await page
      .locator('figure')
      .evaluateAll((figures) =>
        figures.map((figure) => [...figure.children].map(({ textContent }) => textContent)),
      );
    expect(shown.length).toBeGreaterThan(6);
    for (const [file = '', code = ''] of shown) {
      const indented = code
        .trim()
        .split('\n')
        .map((line) => line.trim());
      const source = await readFile(file, 'utf8');
      const lines = source.split('\n').map((line) => line.trim());
      expect(lines.join('\n')).toContain(indented.join('\n'));
    }
    const codes = shown.map(([, code]) => code);
    for (const name of ['oidcLogout', 'sessions.save', 'guard', 'logout', 'postLogoutCallback']) {
      expect(codes.filter((code) => code?.includes(`${name}(`))).toHaveLength(1);
    }
  });

  it('says at once what to set where the API refuses the tokens of the provider', async () => {
    const resource = 'https://api.example.com';
    const provider = await startProvider({ resource, clients: [] });
    const other = await startExample({
      PORT: '0',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'web',
      OIDC_RESOURCE: resource,
      OIDC_AUDIENCE: 'https://other.example.com',
    });
    await provider.register({
      client_id: 'web',
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${other.url}/callback`],
    });
    await page.goto(other.url);
    await link('Log in').click();
    await button('Alice').click();
    await heading('Session refused').waitFor();
    await page.getByText(`The aud of the access token is ${resource}, and should have`).waitFor();
    expect(await story()).toEqual({ done: [LOG_IN], current: [CALL] });
    await other.close();
    await provider.close();
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
    await goToProvider();
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

  it.each([
    [320, 600],
    [390, 844],
  ])(
    'fits a phone of %i x %i, with the way on in sight after the logout',
    async (width, height) => {
      await page.setViewportSize({ width, height });
      await logIn();
      await callApi('200 OK');
      await logOut();
      const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      expect(overflow).toBe(false);
      const { y = NaN, height: tall = NaN } = (await button('Continue').boundingBox()) ?? {};
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y + tall).toBeLessThanOrEqual(height);
    },
  );
});
