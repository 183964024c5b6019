import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import helmet from 'helmet';
import type { Browser, Page } from 'playwright-core';
import type { ProviderOptions } from '../lib/index.ts';
import { connectToChromium } from './support/chromium.ts';
import { type FormApp, startFormApp } from './support/form-logout.ts';
import { targetOf } from './support/logout-page.ts';
import { hasNginx, type Nginx, startNginx } from './support/nginx.ts';
import {
  createSigner,
  type ProviderServer,
  type Signer,
  startProviderServer,
} from './support/provider.ts';

const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8';
const KB = 1000;

const missing = hasNginx() ? '' : ' (skipped: nginx is missing on the PATH)';
const suite = missing === '' ? describe : describe.skip;

suite(`a logout behind nginx with its default buffers${missing}`, () => {
  let provider: ProviderServer;
  let signer: Signer;
  let app: FormApp;
  let nginx: Nginx;

  beforeAll(async () => {
    provider = await startProviderServer();
    signer = await createSigner(provider.issuer);
  });

  afterAll(() => provider.close());

  beforeEach(() => {
    provider.requests.length = 0;
    provider.answer = (_req, res) => void res.end('at the provider');
  });

  afterEach(async () => {
    await nginx.close();
    await app.close();
  });

  async function start(settings: Partial<ProviderOptions>): Promise<void> {
    app = await startFormApp({ signer, provider: settings, before: helmet() });
    nginx = await startNginx(app.url.replace('localhost', '127.0.0.1'));
  }

  /** A login with an ID Token of about so many bytes; answers the ID Token. */
  async function logIn(bytes: number): Promise<string> {
    app.accessToken = await signer.accessToken();
    const groups = 'g'.repeat(bytes * 0.75 - 450);
    const id_token = await signer.idToken({ groups });
    await app.oidc.sessions.save({ access_token: app.accessToken, id_token });
    return id_token;
  }

  function logOut(accept: string): Promise<Response> {
    const body = new URLSearchParams({ access_token: app.accessToken });
    return fetch(`${nginx.url}/logout`, { method: 'POST', body, headers: { accept } });
  }

  const hintOf = (url: string) => new URL(url).searchParams.get('id_token_hint');

  it.each([1, 3.9, 4, 6, 8, 12, 20])(
    "answers 200 with an ID Token of %s kB and idTokenHint: 'always'",
    async (size) => {
      await start({ idTokenHint: 'always' });
      const idToken = await logIn(size * KB);
      expect(Math.abs(idToken.length - size * KB)).toBeLessThan(100);
      const [page, json] = [await logOut(HTML), await logOut('application/json')];
      expect([page.status, json.status]).toEqual([200, 200]);
      const { redirect } = (await json.json()) as { redirect: string };
      expect(hintOf(redirect)).toBe(idToken);
      expect(targetOf(await page.text())).toBe(redirect);
      expect(nginx.errors).toEqual([]);
    },
  );

  it("keeps to maxRedirectLength where idTokenHint is 'auto'", async () => {
    await start({ postLogoutRedirectUri: undefined });
    await logIn(8.5 * KB);
    const redirect = `${provider.issuer}/logout?client_id=web&logout_hint=sid-1`;
    const json = await logOut('application/json');
    expect([json.status, await json.json()]).toEqual([200, { redirect }]);
    expect(targetOf(await (await logOut(HTML)).text())).toBe(redirect);
  });

  describe('in a browser', () => {
    let chromium: Browser;
    let page: Page;

    beforeAll(async () => {
      chromium = await connectToChromium();
    });

    afterAll(() => chromium.close());

    beforeEach(async () => {
      page = await chromium.newPage();
    });

    afterEach(() => page.close());

    it.each([3, 6, 9])('arrives at the provider with an ID Token of %s kB', async (size) => {
      await start({ idTokenHint: 'always', postLogoutRedirectUri: undefined });
      const idToken = await logIn(size * KB);
      await page.goto(nginx.url);
      await page.getByText('Log out').click();
      await page.getByText('at the provider').waitFor();
      expect(provider.requests[0]).toBe(`/logout?id_token_hint=${idToken}&client_id=web`);
      expect(nginx.errors).toEqual([]);
    });
  });
});
