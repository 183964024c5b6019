import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startExample } from '../../example-app/app.ts';
import { type RunningProvider, startProvider } from '../../example-app/provider.ts';
import { SettingError } from '../../example-app/settings.ts';
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
    OIDC_RESOURCE: RESOURCE,
  });

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
    const { status, body } = await trio.post('authenticate', request);
    await app.close();
    const exception = { type: 'security_exception', reason: 'unable to perform requested action' };
    expect(status).toBe(503);
    expect(body).toEqual({ error: { root_cause: [exception], ...exception }, status: 503 });
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
  ])('stops at %j', async (wrong, message) => {
    const start = startExample({ ...environment(), ...wrong });
    await expect(start).rejects.toEqual(new SettingError(message));
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
