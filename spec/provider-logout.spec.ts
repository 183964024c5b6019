import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Example, startExample } from '../example-app/app.ts';
import { type RunningProvider, startProvider } from '../example-app/provider.ts';
import { BrowserSession } from './support/browser-session.ts';
import { type ExampleProcess, startExampleProcess } from './support/example-process.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { Trio } from './support/trio.ts';

const APP_URL = 'https://app.example.com';
const OTHER_URL = 'https://other.example.com';
const RESOURCE = 'https://api.example.com';
const SECRET = 'a secret of two apps';

const INVALIDATED = {
  error: 'invalid_token',
  error_description: 'The access token was invalidated by a logout',
};

describe('a logout at the provider', () => {
  let redis: RedisServer;
  let provider: RunningProvider;
  let one: ExampleProcess;
  let second: ExampleProcess;
  let other: Example;
  /** What the provider's Logout Tokens came to: the event's name and, where it failed, the reason. */
  let deliveries: string[];

  beforeAll(async () => {
    redis = await startRedisServer();
    provider = await startProvider({ resource: RESOURCE, clients: [] });
    provider.events.on('backchannel.success', (_ctx, { clientId }) => {
      deliveries.push(`success ${clientId}`);
    });
    provider.events.on('backchannel.error', (_ctx, error, { clientId }) => {
      deliveries.push(`error ${clientId} ${error.message}`);
    });
    const shared = { ...environmentOf('web', APP_URL), REDIS_URL: redis.path };
    [one, second, other] = await Promise.all([
      startExampleProcess(shared),
      startExampleProcess(shared),
      startExample({ ...environmentOf('other', OTHER_URL), PORT: '0' }),
    ]);
    await register('web', APP_URL, {
      backchannel_logout_uri: `${one.url}/oidc/back-channel-logout`,
      backchannel_logout_session_required: true,
    });
    await register('other', OTHER_URL);
  });

  afterAll(async () => {
    await Promise.all([one.close(), second.close(), other.close()]);
    await provider.close();
    await redis.close();
  });

  beforeEach(() => {
    deliveries = [];
  });

  function environmentOf(clientId: string, baseUrl: string): Record<string, string> {
    return {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: clientId,
      OIDC_CLIENT_SECRET: SECRET,
      OIDC_RESOURCE: RESOURCE,
      BASE_URL: baseUrl,
    };
  }

  async function register(clientId: string, baseUrl: string, more: object = {}): Promise<void> {
    await provider.register({
      client_id: clientId,
      client_secret: SECRET,
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: [`${baseUrl}/callback`],
      post_logout_redirect_uris: [`${baseUrl}/logged-out`],
      ...more,
    });
  }

  /** One browser of a user, who is logged in to the app. */
  async function device(user = 'alice') {
    const browser = new BrowserSession({ stopAt: 'https://' });
    const app = new Trio({ url: one.url, browser });
    const { access_token } = await app.logIn(user);
    return { browser, app, access_token };
  }

  async function logOutAtProvider(browser: BrowserSession): Promise<string> {
    const page = await browser.open(`${provider.issuer}/session/end`);
    expect(page.html).toContain('<h1>Log out?</h1>');
    const { html } = await browser.submit(page, '/session/end/confirm', { logout: 'yes' });
    return html;
  }

  const callSecond = (accessToken: string) => new Trio(second).callApi(accessToken);
  const statusOf = async (accessToken: string) => (await callSecond(accessToken)).status;

  it('is a 401 in the other process on the very next request', async () => {
    const { browser, access_token } = await device();
    expect(await statusOf(access_token)).toBe(200);
    expect(await logOutAtProvider(browser)).toContain('<h1>Logged out</h1>');
    const { status, body } = await callSecond(access_token);
    expect(status).toBe(401);
    expect(body).toEqual(INVALIDATED);
    expect(deliveries).toEqual(['success web']);
  });

  it('is a 401 there too when another client of the same login starts it', async () => {
    const { browser, access_token } = await device();
    const otherApp = new Trio({ url: other.localUrl, browser });
    const redirect = await otherApp.logOut(await otherApp.joinSession());
    expect(await statusOf(access_token)).toBe(200);
    const page = await browser.open(redirect);
    const { url } = await browser.submit(page, '/session/end/confirm', { logout: 'yes' });
    expect(await statusOf(access_token)).toBe(401);
    expect(url.origin + url.pathname).toBe(`${OTHER_URL}/logged-out`);
    expect(deliveries).toEqual(['success web']);
  });

  it('ends nothing when the user does not confirm it', async () => {
    const { browser, access_token } = await device();
    await browser.open(`${provider.issuer}/session/end`);
    expect(await statusOf(access_token)).toBe(200);
    expect(deliveries).toEqual([]);
  });

  it('leaves the other devices of the user and all other users logged in', async () => {
    const laptop = await device();
    const phone = await device();
    const bobs = await device('bob');
    await logOutAtProvider(laptop.browser);
    const tokens = [laptop, phone, bobs].map(({ access_token }) => access_token);
    expect(await Promise.all(tokens.map(statusOf))).toEqual([401, 200, 200]);
    expect(deliveries).toEqual(['success web']);
  });

  it('lets the user log in again at once, in the same browser too', async () => {
    const { browser, app, access_token } = await device();
    await logOutAtProvider(browser);
    const again = await app.logIn('alice');
    expect(await statusOf(again.access_token)).toBe(200);
    expect(await statusOf(access_token)).toBe(401);
  });

  it('is answered 200 also for a session that the app has logged out before', async () => {
    const { browser, app, access_token } = await device();
    const { body } = await app.post('logout', { access_token });
    const page = await browser.open((body as { redirect: string }).redirect);
    await browser.submit(page, '/session/end/confirm', { logout: 'yes' });
    expect(deliveries).toEqual(['success web']);
    expect(await statusOf(access_token)).toBe(401);
  });

  it('ends the sessions of many users at once', async () => {
    const users = Array.from({ length: 20 }, (_, number) => `user-${number}`);
    const devices = await Promise.all(users.map(device));
    await Promise.all(devices.map(({ browser }) => logOutAtProvider(browser)));
    const statuses = await Promise.all(devices.map(({ access_token }) => statusOf(access_token)));
    expect(statuses).toEqual(users.map(() => 401));
    expect(deliveries).toEqual(users.map(() => 'success web'));
  });

  it('is told to open pages of the other process', async () => {
    const browser = new BrowserSession({ stopAt: `${APP_URL}/` });
    const page = await browser.open(`${second.url}/login`);
    const { url } = await browser.submit(page, '/login', { user: 'alice' });
    const callback = await browser.open(url.href.replace(APP_URL, second.url));
    expect(callback.url.href).toBe(`${second.url}/`);
    const cookie = browser.cookiesFor(new URL(second.url));
    const stream = await fetch(`${second.url}/session/events`, { headers: { Cookie: cookie } });
    expect(stream.status).toBe(200);
    await logOutAtProvider(browser);
    expect(await stream.text()).toBe('event: ended\ndata: back-channel\n\n');
  });
});
