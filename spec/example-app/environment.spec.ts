import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Example, startExample } from '../../example-app/app.ts';
import { closeServer, listen } from '../../example-app/listening.ts';
import { type RunningProvider, startProvider } from '../../example-app/provider.ts';
import { SettingError } from '../../example-app/setting-error.ts';
import { BrowserSession } from '../support/browser-session.ts';
import { startProviderServer } from '../support/provider.ts';
import { type LoginProvider, startLoginProvider } from '../support/login-provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { Trio } from '../support/trio.ts';

const BASE_URL = 'https://app.example.com';
const RESOURCE = 'https://api.example.com';
const SETTINGS = {
  resource: RESOURCE,
  clients: [
    {
      client_id: 'outside',
      client_secret: 'a secret of the example',
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: [`${BASE_URL}/callback`],
      post_logout_redirect_uris: [`${BASE_URL}/logged-out`],
    },
  ],
} as const;

describe('the environment of the example app', () => {
  let provider: RunningProvider;
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
    provider = await startProvider(SETTINGS);
  });

  afterAll(async () => {
    await provider.close();
    await redis.close();
  });

  const environment = () => ({
    ...{ PORT: '0', BASE_URL, REDIS_URL: redis.path },
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: 'outside',
    OIDC_CLIENT_SECRET: 'a secret of the example',
    OIDC_CLIENT_AUTH: 'client_secret_post',
    OIDC_RESOURCE: RESOURCE,
  });

  async function withApp<T>(
    changes: Record<string, string>,
    use: (app: Example) => Promise<T>,
  ): Promise<T> {
    const app = await startExample({ ...environment(), ...changes });
    try {
      return await use(app);
    } finally {
      await app.close();
    }
  }

  /** The page after a login of a browser, and what the app then knows of its session. */
  async function browserLogin({ localUrl }: Example, user = 'alice') {
    const browser = new BrowserSession({ stopAt: `${BASE_URL}/` });
    const asked = await browser.open(`${localUrl}/login`);
    const { search } =
      asked.html === '' ? asked.url : (await browser.submit(asked, '/login', { user })).url;
    const page = await browser.open(`${localUrl}/callback${search}`);
    const session = await browser.open(`${localUrl}/session`);
    const advice = await browser.open(`${localUrl}/session/advice`);
    return {
      page,
      session: JSON.parse(session.html) as object | null,
      advice: JSON.parse(advice.html) as string | null,
    };
  }

  it('points apps at another provider and at a Redis that they share', async () => {
    const [one, other] = await Promise.all([
      startExample(environment()),
      startExample(environment()),
    ]);
    try {
      expect(one).toMatchObject({ url: BASE_URL, providerUrl: provider.issuer });
      const trio = new Trio({ url: one.localUrl, baseUrl: BASE_URL });
      const otherTrio = new Trio({ url: other.localUrl, baseUrl: BASE_URL });
      const tokens = await trio.logIn('alice');
      expect((await otherTrio.callApi(tokens.access_token)).status).toBe(200);
      const { searchParams } = new URL(await trio.logOut(tokens));
      expect(searchParams.get('post_logout_redirect_uri')).toBe(`${BASE_URL}/logged-out`);
      expect((await otherTrio.callApi(tokens.access_token)).status).toBe(401);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });

  it('answers 503 to a login whose provider went away', async () => {
    const passing = await startProvider(SETTINGS);
    const app = await startExample({ ...environment(), OIDC_ISSUER: passing.issuer });
    const trio = new Trio({ url: app.localUrl, baseUrl: BASE_URL });
    const prepared = await trio.prepare();
    const { url } = await trio.logInAtProvider(prepared, 'alice');
    await passing.close();
    const { state, nonce } = prepared;
    const request = { redirect_uri: url.href, state, nonce };
    await trio.post('authenticate', request);
    // Elasticsearch's clients repeat it, and must not be told then that the login is unknown.
    const { status, body, headers } = await trio.post('authenticate', request);
    await app.close();
    expect(headers.get('x-elastic-product')).toBe('Elasticsearch');
    const exception = { type: 'security_exception', reason: 'unable to perform requested action' };
    expect(status).toBe(503);
    expect(body).toEqual({ error: { root_cause: [exception], ...exception }, status: 503 });
  });

  it.each([
    ['the header, as clients are registered by default', '', /^Basic /],
    ['the body, where OIDC_CLIENT_AUTH says so', 'client_secret_post', /^$/],
  ])('authenticates by %s', async (_name, OIDC_CLIENT_AUTH, header) => {
    let sent: string | undefined;
    provider.events.on('grant.success', (ctx) => (sent = ctx.get('authorization')));
    const { page, session, advice } = await withApp({ OIDC_CLIENT_AUTH }, browserLogin);
    expect(sent).toMatch(header);
    expect(page.url.pathname).toBe('/');
    expect(session).toMatchObject({ user: { sub: 'alice' } });
    expect(advice).toBeNull();
  });

  it.each(['client_secret_post', 'client_secret_basic'])(
    'tells what to set where the provider refuses %s',
    async (OIDC_CLIENT_AUTH) => {
      const changes = { OIDC_CLIENT_SECRET: 'wrong', OIDC_CLIENT_AUTH };
      const { page, session } = await withApp(changes, browserLogin);
      expect(page.status).toBe(502);
      expect(page.html).toContain(
        'set OIDC_CLIENT_AUTH to the method that the client is registered with',
      );
      expect(page.html).toContain('<code>invalid_client</code>');
      expect(session).toBeNull();
    },
  );

  it('tells to set OIDC_RESOURCE where the provider does not know it', async () => {
    const changes = { OIDC_RESOURCE: 'https://unknown.example.com' };
    const { page } = await withApp(changes, browserLogin);
    expect(page.status).toBe(502);
    expect(page.html).toContain('Set OIDC_RESOURCE to one that it knows, or do not set it.');
    expect(page.html).toContain('<code>invalid_target</code>');
  });

  it('tells to set OIDC_ALGORITHMS where tokens are signed otherwise', async () => {
    const { page } = await withApp({ OIDC_ALGORITHMS: 'ES256 PS256' }, browserLogin);
    expect(page.status).toBe(502);
    expect(page.html).toContain(
      'The ID Token is signed by RS256, and should be by ES256, PS256. Set OIDC_ALGORITHMS to what it is.',
    );
    const { session, advice } = await withApp({ OIDC_ALGORITHMS: 'ES256, RS256' }, browserLogin);
    expect(session).toMatchObject({ user: { sub: 'alice' } });
    expect(advice).toBeNull();
  });

  describe('at a provider with a parameter of its own for the API', () => {
    let hydra: LoginProvider;

    beforeAll(async () => {
      hydra = await startLoginProvider();
    });

    afterAll(() => hydra.close());

    const changes = () => ({
      OIDC_ISSUER: hydra.issuer,
      OIDC_CLIENT_ID: 'web',
      OIDC_RESOURCE: '',
      OIDC_AUTHORIZATION_PARAMETERS: `audience=${encodeURIComponent(RESOURCE)}&prompt=login`,
    });

    it('asks by OIDC_AUTHORIZATION_PARAMETERS, and takes what is asked for', async () => {
      hydra.claims = { aud: [RESOURCE] };
      await withApp(changes(), async (app) => {
        const trio = new Trio({ url: app.localUrl, baseUrl: BASE_URL });
        const { searchParams } = new URL((await trio.prepare()).redirect);
        expect(Object.fromEntries(searchParams)).toMatchObject({
          ...{ audience: RESOURCE, prompt: 'login', scope: 'openid profile' },
        });
        expect(searchParams.has('resource')).toBe(false);
        const { access_token } = await trio.joinSession();
        expect((await trio.callApi(access_token)).status).toBe(200);
        expect((await browserLogin(app)).advice).toBeNull();
      });
    });

    it.each([
      [
        ['account', 'b\u00e9'],
        'is account, b?, and',
        'Set OIDC_AUDIENCE to what it is, or have the provider',
      ],
      ['https://other.example.com', 'is https://other.example.com, and', 'Set OIDC_AUDIENCE'],
      [[], 'is missing, and', 'Have the provider put'],
      [undefined, 'is missing, and', 'Have the provider put'],
    ])('tells what to set where the aud is %j', async (aud, found, set) => {
      hydra.claims = { aud };
      const { advice } = await withApp(changes(), browserLogin);
      expect(advice).toContain(`The aud of the access token ${found} should have ${RESOURCE}.`);
      expect(advice).toContain(set);
    });
  });

  it.each([
    [{ PORT: 'http' }, 'PORT must be a number from 0 to 65535; 0 = any free one'],
    [{ PORT: '65536' }, 'PORT must be a number from 0 to 65535; 0 = any free one'],
    [{ BASE_URL: '/app' }, 'BASE_URL must be an http: or https: URL without a path'],
    [
      { BASE_URL: 'https://app.example.com/app' },
      'BASE_URL must be an http: or https: URL without a path',
    ],
    [
      { REDIS_URL: 'localhost' },
      'REDIS_URL must be a redis: or rediss: URL, or the path of a socket',
    ],
    [
      { OIDC_ISSUER: 'http://op.example.com' },
      'OIDC_ISSUER must be an https: URL without query and fragment (http: on loopback, or with OIDC_ALLOW_HTTP=1)',
    ],
    [{ OIDC_ALLOW_HTTP: 'yes' }, 'OIDC_ALLOW_HTTP must be 1, or not set'],
    [{ OIDC_ISSUER: '' }, 'OIDC_CLIENT_ID is set, but OIDC_ISSUER is not'],
    [{ OIDC_CLIENT_ID: '' }, 'OIDC_CLIENT_ID must be set with OIDC_ISSUER'],
    [{ OIDC_SCOPE: 'profile' }, 'OIDC_SCOPE must contain openid'],
    [
      { OIDC_CLIENT_AUTH: 'client_secret' },
      'OIDC_CLIENT_AUTH must be client_secret_basic or client_secret_post',
    ],
    [{ OIDC_CLIENT_SECRET: '' }, 'OIDC_CLIENT_AUTH is set, but OIDC_CLIENT_SECRET is not'],
    [
      { OIDC_AUTHORIZATION_PARAMETERS: 'https://api.example.com' },
      'OIDC_AUTHORIZATION_PARAMETERS must be a query, such as audience=https://api.example.com',
    ],
    [
      { OIDC_AUTHORIZATION_PARAMETERS: 'audience=a&state=b' },
      'OIDC_AUTHORIZATION_PARAMETERS must leave state to the app',
    ],
    [
      { OIDC_ALGORITHMS: 'RS255' },
      'The settings do not fit: "provider.algorithms" must not have "RS255": it is no JWS signature algorithm',
    ],
  ])('stops at %j', async (wrong, message) => {
    const start = startExample({ ...environment(), ...wrong });
    await expect(start).rejects.toEqual(new SettingError(message));
  });

  it('answers 503 until it is ready, and never hangs', async () => {
    const slow = await startProviderServer();
    const asked = new Promise<void>((resolve) => {
      slow.answer = (_req, res) => {
        resolve();
        held = res;
      };
    });
    let held: ServerResponse | undefined;
    const probe = createServer();
    const PORT = String(await listen(probe, 0));
    await closeServer(probe);
    const starting = startExample({ ...environment(), PORT, OIDC_ISSUER: slow.issuer });
    await asked;

    const url = `http://127.0.0.1:${PORT}`;
    const page = await fetch(url);
    expect(page.status).toBe(503);
    expect(Object.fromEntries(page.headers)).toMatchObject({ 'retry-after': '1', refresh: '1' });
    expect(await page.text()).toBe('The app is starting.\n');
    const { status, headers, body } = await new Trio({ url }).post('logout', { token: 'a' });
    expect(status).toBe(503);
    expect(Object.fromEntries(headers)).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/json; charset=utf-8',
      'x-elastic-product': 'Elasticsearch',
    });
    const exception = { type: 'status_exception', reason: 'the app is starting' };
    expect(body).toEqual({ error: { root_cause: [exception], ...exception }, status: 503 });

    const { issuer } = slow;
    held?.setHeader('Content-Type', 'application/json').end(JSON.stringify({ issuer }));
    const app = await starting;
    expect((await fetch(url)).status).toBe(200);
    await app.close();
    await slow.close();
  });

  it('stops when the port is taken', async () => {
    const PORT = new URL(provider.url).port;
    const start = startExample({ ...environment(), PORT });
    await expect(start).rejects.toThrow(`PORT: the app cannot listen on ${PORT}`);
  });

  it('stops when there is no provider', async () => {
    const passing = await startProvider(SETTINGS);
    await passing.close();
    const { issuer } = passing;
    const start = startExample({ ...environment(), OIDC_ISSUER: issuer });
    await expect(start).rejects.toEqual(
      new SettingError(`OIDC_ISSUER: the metadata of ${issuer} cannot be read (ECONNREFUSED)`),
    );
  });

  it('stops when there is no Redis', async () => {
    const start = startExample({ ...environment(), REDIS_URL: `${redis.path}.none` });
    await expect(start).rejects.toEqual(
      new SettingError('REDIS_URL: there is no connection to Redis (ENOENT)'),
    );
  });
});
