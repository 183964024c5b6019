import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Example, startExample } from '../../example-app/app.ts';
import { BrowserSession } from '../support/browser-session.ts';

const NOT_STARTED_HERE =
  'This login was not started in this browser, is used up, or took too long.';

describe('the login of a browser at the example app', () => {
  let app: Example;

  beforeAll(async () => {
    app = await startExample({ PORT: '0' });
  });

  afterAll(() => app.close());

  /** A browser that logged in at the provider, and where it is sent then. */
  async function cameBack() {
    const browser = new BrowserSession({ stopAt: `${app.url}/callback` });
    const page = await browser.open(`${app.url}/login`);
    const { url } = await browser.submit(page, '/login', { user: 'alice' });
    return { browser, url };
  }

  it('opens a session under a new cookie that no script can read', async () => {
    const { browser, url } = await cameBack();
    const page = await browser.open(url.href);
    expect(page.url.href).toBe(`${app.url}/`);
    const session = await browser.open(`${app.url}/session`);
    expect(JSON.parse(session.html)).toMatchObject({
      user: { name: 'Alice', sub: 'alice', issuer: app.providerUrl },
    });
    expect(await (await fetch(`${app.url}/session`)).json()).toBeNull();
  });

  it('refuses a login that another browser started', async () => {
    const { url } = await cameBack();
    await expectFailure(await fetch(url), 400, NOT_STARTED_HERE);
  });

  it('refuses the second use of a login', async () => {
    const { browser, url } = await cameBack();
    await browser.open(url.href);
    const page = await browser.open(url.href);
    expect(page.status).toBe(400);
    expect(page.html).toContain(NOT_STARTED_HERE);
  });

  it.each(['', '?state=', '?state=a&state=b', '?state[a]=b', '?error=<script>&state=a'])(
    'refuses /callback%s',
    async (query) => {
      await expectFailure(await fetch(`${app.url}/callback${query}`), 400, NOT_STARTED_HERE);
    },
  );

  it('refuses a code that the provider does not know', async () => {
    const { browser, url } = await cameBack();
    url.searchParams.set('code', 'unknown');
    const page = await browser.open(url.href);
    expect(page.status).toBe(502);
    expect(page.html).toContain('The provider refused the login.');
    expect(page.html).toContain('<code>invalid_grant</code>');
  });

  it('refuses an answer that names another issuer', async () => {
    const { browser, url } = await cameBack();
    url.searchParams.set('iss', 'https://op.example.com');
    const page = await browser.open(url.href);
    expect(page.status).toBe(502);
    expect(page.html).toContain('The provider’s answer cannot be trusted.');
  });

  it('shows an error code of the provider as text', async () => {
    const { browser, url } = await cameBack();
    url.searchParams.delete('code');
    url.searchParams.set('error', '<b>"bold"</b>');
    const page = await browser.open(url.href);
    expect(page.html).toContain('<code>&lt;b&gt;&quot;bold&quot;&lt;/b&gt;</code>');
  });

  it.each(['/', '/logged-out', '/session', '/login', '/callback', '/nothing'])(
    'is not cached, framed or quoted at %s',
    async (path) => {
      const { headers } = await fetch(app.url + path, { redirect: 'manual' });
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
    },
  );
});

async function expectFailure(response: Response, status: number, text: string): Promise<void> {
  const html = await response.text();
  expect(response.status).toBe(status);
  expect(html).toContain(text);
  expect(html).not.toMatch(/<script|\bat .*:\d+:\d+/);
}
