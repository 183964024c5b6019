import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type RunningProvider, startProvider } from '../example-app/provider.ts';
import { type ExampleProcess, startExampleProcess } from './support/example-process.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { Trio } from './support/trio.ts';
import { redirectOf } from './support/app.ts';

const BASE_URL = 'https://app.example.com';
const RESOURCE = 'https://api.example.com';

describe('two processes with one Redis and one provider', () => {
  let redis: RedisServer;
  let provider: RunningProvider;
  let one: ExampleProcess;
  let other: ExampleProcess;

  beforeAll(async () => {
    redis = await startRedisServer();
    provider = await startProvider({
      resource: RESOURCE,
      clients: [
        {
          client_id: 'web',
          client_secret: 'a secret of the two',
          token_endpoint_auth_method: 'client_secret_post',
          redirect_uris: [`${BASE_URL}/callback`],
          post_logout_redirect_uris: [`${BASE_URL}/logged-out`],
        },
      ],
    });
    [one, other] = await Promise.all([startApp(), startApp()]);
  });

  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
    await provider.close();
    await redis.close();
  });

  function startApp(): Promise<ExampleProcess> {
    return startExampleProcess({
      REDIS_URL: redis.path,
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'web',
      OIDC_CLIENT_SECRET: 'a secret of the two',
      OIDC_RESOURCE: RESOURCE,
      BASE_URL,
    });
  }

  it('a logout in one is a 401 in the other, and the session at the provider ends', async () => {
    const trio = new Trio({ url: one.url, baseUrl: BASE_URL });
    const { access_token, refresh_token } = await trio.logIn('alice');
    const call = ({ url }: ExampleProcess) =>
      request(url).get('/api/me').set('Authorization', `Bearer ${access_token}`);
    for (const app of [one, other]) {
      const answer = await call(app).expect(200);
      expect(answer.body).toMatchObject({ sub: 'alice', claims: { aud: RESOURCE } });
    }

    const answer = await request(one.url)
      .post('/_security/oidc/logout')
      .send({ access_token, refresh_token })
      .expect(200);

    for (const app of [other, one]) {
      await call(app)
        .expect(401, {
          error: 'invalid_token',
          error_description: 'The access token was invalidated by a logout',
        })
        .expect('WWW-Authenticate', /^Bearer realm="api", error="invalid_token", /);
    }
    const redirect = redirectOf(answer);
    const state = new URL(redirect).searchParams.get('state') ?? '';
    const page = await trio.browser.open(redirect);
    const { url } = await trio.browser.submit(page, '/session/end/confirm', { logout: 'yes' });
    expect(url.href).toBe(`${BASE_URL}/logged-out?state=${state}`);
    const { html } = await trio.browser.open((await trio.prepare()).redirect);
    expect(html).toContain('<form method="post" action="/interaction/');
  });

  it('a login after that works in both at once, also in the session that the provider kept', async () => {
    const trio = new Trio({ url: one.url, baseUrl: BASE_URL });
    const first = await trio.logIn('bob');
    await trio.logOut(first);
    const prepared = await trio.prepare();
    const { url } = await trio.browser.open(prepared.redirect);
    const { state, nonce } = prepared;
    const fields = { redirect_uri: url.href, state, nonce };
    const { access_token } = (await trio.post('authenticate', fields)).body as {
      access_token: string;
    };
    const statusOf = async (token: string, app: ExampleProcess) =>
      (await request(app.url).get('/api/me').set('Authorization', `Bearer ${token}`)).status;
    expect([await statusOf(access_token, one), await statusOf(access_token, other)]).toEqual([
      200, 200,
    ]);
    expect(await statusOf(first.access_token, other)).toBe(401);
  });
});
