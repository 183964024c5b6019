import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Example, startExample } from '../../example-app/app.ts';
import { BrowserSession } from '../support/browser-session.ts';
import { until } from '../support/until.ts';

describe('GET /session/events of the example app', () => {
  let app: Example;

  beforeAll(async () => {
    app = await startExample({ PORT: '0' });
  });

  afterAll(() => app.close());

  /** The cookie of a new login of alice. */
  async function logIn({ url } = app): Promise<string> {
    const browser = new BrowserSession({ stopAt: `${url}/callback` });
    const page = await browser.open(`${url}/login`);
    const back = await browser.submit(page, '/login', { user: 'alice' });
    await browser.open(back.url.href);
    return browser.cookiesFor(new URL(url));
  }

  function listen(cookie: string, { url } = app, signal?: AbortSignal): Promise<Response> {
    const init = signal === undefined ? {} : { signal };
    return fetch(`${url}/session/events`, { ...init, headers: { Cookie: cookie } });
  }

  async function logOut(cookie: string): Promise<number> {
    const session = await fetch(`${app.url}/session`, { headers: { Cookie: cookie } });
    const { tokens } = (await session.json()) as { tokens: Record<string, string> };
    const answer = await fetch(`${app.url}/_security/oidc/logout`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(tokens),
    });
    return answer.status;
  }

  it('tells every tab of the session once that it ended, and no other session', async () => {
    const [cookie, other] = [await logIn(), await logIn()];
    const tabs = await Promise.all([listen(cookie), listen(cookie)]);
    const otherTab = await listen(other);
    for (const { status, headers } of [...tabs, otherTab]) {
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect(await logOut(cookie)).toBe(200);
    const told = 'event: ended\ndata: logout\n\n';
    expect(await Promise.all(tabs.map((tab) => tab.text()))).toEqual([told, told]);
    expect(await logOut(other)).toBe(200);
    expect(await otherTab.text()).toBe(told);
  });

  it('answers 204 to a browser without a session, so that it does not ask again', async () => {
    const cookie = await logIn();
    expect(await logOut(cookie)).toBe(200);
    expect((await listen(cookie)).status).toBe(204);
    expect((await listen('')).status).toBe(204);
  });

  it('answers 503 to the fifth tab, until one of the others is closed', async () => {
    const cookie = await logIn();
    const closing = new AbortController();
    await listen(cookie, app, closing.signal);
    for (let tab = 2; tab <= 4; tab += 1) expect((await listen(cookie)).status).toBe(200);
    expect((await listen(cookie)).status).toBe(503);
    closing.abort();
    let status = 503;
    await until(async () => {
      ({ status } = await listen(cookie));
      return status !== 503;
    });
    expect(status).toBe(200);
    expect(await logOut(cookie)).toBe(200);
  });

  it('closes with the app', async () => {
    const passing = await startExample({ PORT: '0' });
    const stream = await listen(await logIn(passing), passing);
    await passing.close();
    await expect(stream.text()).rejects.toThrow('terminated');
  });
});
