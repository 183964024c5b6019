import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { ProviderOptions } from '../lib/index.ts';
import { connectToChromium } from './support/chromium.ts';
import { type FormApp, type FormAppSettings, startFormApp } from './support/form-logout.ts';
import {
  createSigner,
  type ProviderServer,
  type Signer,
  startProviderServer,
} from './support/provider.ts';

let chromium: Browser;
let context: BrowserContext;
let page: Page;
let provider: ProviderServer;
let signer: Signer;
let app: FormApp;

beforeAll(async () => {
  [chromium, provider] = await Promise.all([connectToChromium(), startProviderServer()]);
  signer = await createSigner(provider.issuer);
  // One of each for all: a new page costs a window, and a new context a process of its own.
  context = await chromium.newContext();
  page = await context.newPage();
});

afterAll(async () => {
  await Promise.all([chromium.close(), provider.close()]);
});

beforeEach(() => {
  provider.requests.length = 0;
  provider.answer = (req, res) => {
    const { searchParams } = new URL(req.url ?? '', provider.issuer);
    const back = new URL(searchParams.get('post_logout_redirect_uri') ?? '');
    back.searchParams.set('state', searchParams.get('state') ?? '');
    res.writeHead(303, { location: back.href }).end();
  };
});

afterEach(async () => {
  await page.unrouteAll();
  await context.clearCookies();
  await app.close();
});

/** A login whose token is in the form that the page shows; answers the ID Token. */
async function openForm(on = page): Promise<string> {
  app.accessToken = await signer.accessToken();
  const id_token = await signer.idToken();
  await app.oidc.sessions.save({ access_token: app.accessToken, id_token });
  await on.goto(app.url);
  return id_token;
}

async function start(settings: Omit<FormAppSettings, 'signer'> = {}): Promise<void> {
  app = await startFormApp({ signer, ...settings });
}

async function logOut(on = page): Promise<void> {
  await on.getByText('Log out').click();
}

async function comeBack(on = page): Promise<string> {
  await on.waitForURL((url) => url.href.startsWith(`${app.url}/logged-out?state=`));
  return on.locator('h1').innerText();
}

async function callApi(): Promise<number> {
  const headers = { Authorization: `Bearer ${app.accessToken}` };
  return (await fetch(`${app.url}/api`, { headers })).status;
}

const policy =
  (text: string): RequestHandler =>
  (_req, res, next) => {
    res.set('Content-Security-Policy', text);
    next();
  };

describe('a form that logs out, in a browser, in an app', () => {
  it.each<[what: string, before: RequestHandler | undefined]>([
    ['behind helmet() as it comes', helmet()],
    ['without a policy', undefined],
    [
      'whose policy allows forms of its own and no more',
      policy("default-src 'none'; form-action 'self'"),
    ],
    [
      'that lets nobody else frame, open or embed it',
      helmet({ crossOriginEmbedderPolicy: true, xFrameOptions: { action: 'deny' } }),
    ],
  ])('%s: ends at the provider, and is verified on the way back', async (_what, before) => {
    await start({ ...(before && { before }) });
    const idToken = await openForm();
    expect(await callApi()).toBe(200);
    await logOut();
    expect(await comeBack()).toBe('verified');
    expect(provider.requests).toHaveLength(1);
    const { pathname, searchParams } = new URL(provider.requests[0] ?? '', provider.issuer);
    expect([pathname, searchParams.get('id_token_hint')]).toEqual(['/logout', idToken]);
    expect(await callApi()).toBe(401);
  });

  it('needs no script', async () => {
    await start({ before: helmet() });
    const plain = await chromium.newContext({ javaScriptEnabled: false });
    const plainPage = await plain.newPage();
    await openForm(plainPage);
    await logOut(plainPage);
    expect(await comeBack(plainPage)).toBe('verified');
    await plain.close();
  });

  it('leaves nothing behind that going back could post again', async () => {
    await start({ before: helmet() });
    await openForm();
    await logOut();
    await comeBack();
    await page.goBack();
    expect(page.url()).toBe(`${app.url}/`);
    expect(provider.requests).toHaveLength(1);
    await page.goForward();
    expect(await comeBack()).toBe('mismatch');
    expect(provider.requests).toHaveLength(1);
  });

  it('answers the same to the page before, and knows the browser that comes back once more', async () => {
    await start({ before: helmet() });
    await openForm();
    await logOut();
    await comeBack();
    await page.goBack();
    await logOut();
    expect(await comeBack()).toBe('verified');
    expect(new Set(provider.requests).size).toBe(1);
  });

  describe('where a browser refreshes nothing by itself', () => {
    /** A sandbox without scripts refuses a refresh too, as settings and extensions of browsers do. */
    async function forbidRefresh(on: Page): Promise<void> {
      await on.route(`${app.url}/logout`, async (route) => {
        const response = await route.fetch();
        const headers = response.headers();
        const sandbox = `${headers['content-security-policy']}, sandbox allow-same-origin`;
        await route.fulfill({
          response,
          headers: { ...headers, 'content-security-policy': sandbox },
        });
      });
    }

    async function stay(on = page): Promise<void> {
      const refusal = on.waitForEvent('console', (message) =>
        message.text().includes('meta http-equiv'),
      );
      await logOut(on);
      expect((await refusal).text()).toContain('sandboxed');
    }

    beforeEach(async () => {
      await start({ before: helmet() });
      await openForm();
      await forbidRefresh(page);
    });

    it('shows a page whose link goes there', async () => {
      await stay();
      expect([page.url(), await page.title()]).toEqual([`${app.url}/logout`, 'Logging out']);
      expect(await page.locator('body').innerText()).toBe(
        'Logging out\n\nThis page goes on by itself. If it does not: Continue',
      );
      expect(provider.requests).toEqual([]);
      await page.getByRole('link', { name: 'Continue' }).click();
      expect(await comeBack()).toBe('verified');
      expect(provider.requests).toHaveLength(1);
    });

    it('shows the same page when it is loaded again', async () => {
      await stay();
      const link = page.getByRole('link', { name: 'Continue' });
      const target = await link.getAttribute('href');
      await page.reload();
      expect(await link.getAttribute('href')).toBe(target);
      await link.click();
      expect(await comeBack()).toBe('verified');
    });

    it('shows a page that fits a phone', async () => {
      const phone = await chromium.newContext({
        viewport: { width: 320, height: 480 },
        isMobile: true,
      });
      const phonePage = await phone.newPage();
      await openForm(phonePage);
      await forbidRefresh(phonePage);
      await stay(phonePage);
      const widths = '[innerWidth, document.documentElement.scrollWidth]';
      expect(await phonePage.evaluate(widths)).toEqual([320, 320]);
      await phone.close();
    });
  });

  describe('goes byte for byte where a script goes that has the URL from JSON:', () => {
    const bare = { idTokenHint: 'never', postLogoutRedirectUri: undefined } as const;
    const at =
      (path: string) =>
      (issuer: string): Partial<ProviderOptions> => ({
        ...bare,
        metadata: { end_session_endpoint: `${issuer}${path}` },
      });

    it.each<[what: string, settings: (issuer: string) => Partial<ProviderOptions>, sent: string]>([
      ['single quotes', at(`/o'clock?'a'='b'`), `/o'clock?%27a%27=%27b%27&client_id=web`],
      ['double quotes', at('/o"clock?"a"="b"'), '/o%22clock?%22a%22=%22b%22&client_id=web'],
      ['encoded quotes', at('/%27%22?%27=%22'), '/%27%22?%27=%22&client_id=web'],
      [
        'another target of a refresh',
        at(`/logout?a=0;url='/evil',"/evil"`),
        '/logout?a=0;url=%27/evil%27,%22/evil%22&client_id=web',
      ],
      ['semicolons and commas', at('/a;b,c?;d,e;'), '/a;b,c?;d,e;&client_id=web'],
      [
        'what looks like references of HTML',
        at('/&lt;?a=1&amp;b&copy=2&#x27;'.replace('#', '%23')),
        '/&lt;?a=1&amp;b&copy=2&%23x27;&client_id=web',
      ],
      [
        'markup',
        at('/"><script>?"><img/src=/x>'),
        '/%22%3E%3Cscript%3E?%22%3E%3Cimg/src=/x%3E&client_id=web',
      ],
      ['plus, percent and bad escapes', at('/+%?a+b=%&c=%zz'), '/+%?a+b=%&c=%zz&client_id=web'],
      [
        'escapes of other characters',
        at('/%C3%A9?%e2%82%ac=%FF'),
        '/%C3%A9?%e2%82%ac=%FF&client_id=web',
      ],
      [
        'encoded line breaks and NUL',
        at('/logout?%0D%0A%09%00=%20'),
        '/logout?%0D%0A%09%00=%20&client_id=web',
      ],
      [
        'further parameters of any characters',
        () => ({ ...bare, endSessionParameters: { '">': `'"<>&;,+ %\n\0é` } }),
        '/logout?client_id=web&%22%3E=%27%22%3C%3E%26%3B%2C%2B+%25%0A%00%C3%A9',
      ],
      [
        'a long one',
        () => ({ ...bare, endSessionParameters: { long: "'".repeat(2000) } }),
        `/logout?client_id=web&long=${'%27'.repeat(2000)}`,
      ],
    ])('%s', async (_what, settings, sent) => {
      provider.answer = (_req, res) => void res.end('at the provider');
      await start({ before: helmet(), provider: settings(provider.issuer) });
      await openForm();
      await logOut();
      await page.getByText('at the provider').waitFor();
      await page.goto(app.url);
      const init = {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ access_token: app.accessToken }),
      };
      // The navigation ends the script, and so may end what waits for the script.
      await page.evaluate(
        `void fetch('/logout', ${JSON.stringify(init)})
          .then((answer) => answer.json())
          .then(({ redirect }) => { location.assign(redirect); })`,
      );
      await page.getByText('at the provider').waitFor();
      expect(provider.requests.filter((path) => path !== '/favicon.ico')).toEqual([sent, sent]);
    });

    it('goes home where the provider has no endpoint, to an address with any characters', async () => {
      const postLogoutRedirectUri = `${provider.issuer}/o'clock?'a'="b";c,d&amp;e`;
      provider.answer = (_req, res) => void res.end('at home');
      await start({
        provider: { metadata: { end_session_endpoint: null }, postLogoutRedirectUri },
      });
      await openForm();
      await logOut();
      await page.getByText('at home').waitFor();
      expect(provider.requests[0]).toBe(`/o'clock?%27a%27=%22b%22;c,d&amp;e`);
    });

    it('goes to the start of the app where there is nothing else', async () => {
      await start({
        provider: { metadata: { end_session_endpoint: null }, postLogoutRedirectUri: undefined },
      });
      await openForm();
      await Promise.all([
        page.waitForEvent('framenavigated', (f) => f.url() === `${app.url}/`),
        logOut(),
      ]);
      expect(await page.getByText('Log out').count()).toBe(1);
    });
  });
});
