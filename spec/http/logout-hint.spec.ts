import { beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type App, appWith, call, LOGOUT, optionsFor, redirectOf } from '../support/app.ts';
import { AUDIENCE, type Claims, CLIENT_ID } from '../support/provider.ts';
import { redis, signer, start, useRedisApps } from '../support/redis-apps.ts';
import { until } from '../support/until.ts';

useRedisApps();

let app: App;

beforeEach(() => {
  app = start();
});

interface Login {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
}

/** A login whose access token says nothing of its client. */
async function login(claims: Claims = {}): Promise<Login> {
  const tokens = {
    access_token: await signer.accessToken({ client_id: undefined, ...claims }),
    refresh_token: 'refresh-1',
    id_token: await signer.idToken(claims),
  };
  await app.oidc.sessions.save(tokens);
  return tokens;
}

async function logOut(tokens: Pick<Login, 'access_token'> & Partial<Login>): Promise<string> {
  const { access_token, refresh_token } = tokens;
  const answer = await request(app.app)
    .post(LOGOUT)
    .send({ access_token, refresh_token })
    .expect(200);
  return redirectOf(answer);
}

function hintIn(redirect: string): string | null {
  return new URL(redirect).searchParams.get('id_token_hint');
}

describe('the ID Token of a login', () => {
  it.each<[string, Claims]>([
    ['client_id', { client_id: CLIENT_ID }],
    ['azp', { client_id: undefined, azp: CLIENT_ID }],
    ['cid', { client_id: undefined, cid: CLIENT_ID }],
    ['appid', { client_id: undefined, appid: CLIENT_ID }],
    ['client_id and azp', { client_id: CLIENT_ID, azp: CLIENT_ID }],
  ])('goes out to a token of its session that names this client by %s', async (_what, claims) => {
    const { id_token } = await login();
    expect(hintIn(await logOut({ access_token: await signer.accessToken(claims) }))).toBe(id_token);
  });

  it('goes out to the token that was saved with it, whatever the token says', async () => {
    const { access_token, id_token } = await login();
    expect(hintIn(await logOut({ access_token }))).toBe(id_token);
  });

  it('goes out to an opaque token that was saved with it', async () => {
    const id_token = await signer.idToken();
    await app.oidc.sessions.save({ access_token: 'opaque-1', id_token });
    expect(hintIn(await logOut({ access_token: 'opaque-1' }))).toBe(id_token);
  });

  it('goes out to whoever has its refresh token beside any token of the session', async () => {
    const { id_token, refresh_token } = await login();
    const access_token = await signer.accessToken({ client_id: undefined });
    expect(hintIn(await logOut({ access_token, refresh_token }))).toBe(id_token);
  });

  it.each<[string, Claims]>([
    ['names no client', {}],
    ['names no client by null', { azp: null }],
    ['names this client and another one', { client_id: CLIENT_ID, azp: 'other' }],
    ['names another client and this one', { client_id: 'other', azp: CLIENT_ID }],
    ['names this client in a list', { client_id: [CLIENT_ID] }],
    ['is of another user', { client_id: CLIENT_ID, sub: 'mallory' }],
    ['is of no user', { client_id: CLIENT_ID, sub: undefined }],
    ['is bound to a key', { client_id: CLIENT_ID, cnf: { jkt: 'x' } }],
    ['is a DPoP token of Keycloak', { client_id: CLIENT_ID, typ: 'DPoP' }],
  ])('stays here where a token of its session %s, and the session ends', async (_what, claims) => {
    const { access_token } = await login();
    const stranger = { client_id: undefined, ...claims };
    const redirect = await logOut({ access_token: await signer.accessToken(stranger) });
    const { searchParams } = new URL(redirect);
    expect([...searchParams.keys()]).toEqual(['client_id', 'post_logout_redirect_uri', 'state']);
    expect(searchParams.get('client_id')).toBe(CLIENT_ID);
    await call(app, access_token).expect(401);
  });

  it.each<[string, Claims]>([
    ['names another client', { client_id: 'other', aud: 'https://other.example.com' }],
    ['names another client by azp', { azp: 'other' }],
  ])('stays here without an audience too, where a token %s', async (_what, claims) => {
    const { provider } = optionsFor(signer);
    app = appWith({ provider, redis: redis.connect() });
    await login();
    const access_token = await signer.accessToken({ client_id: undefined, ...claims });
    await request(app.app).post(LOGOUT).send({ access_token }).expect(401);
  });

  it('stays here without an audience, where a token names nobody', async () => {
    const { provider } = optionsFor(signer);
    app = appWith({ provider, redis: redis.connect() });
    await login();
    const stranger = { client_id: undefined, aud: 'https://other.example.com' };
    expect(hintIn(await logOut({ access_token: await signer.accessToken(stranger) }))).toBeNull();
  });

  it('stays here where the access token of a saved login is bound to a key', async () => {
    const tokens = await login({ cnf: { jkt: 'x' }, client_id: CLIENT_ID });
    expect(hintIn(await logOut(tokens))).toBeNull();
  });

  it('stays here where a token without a session is beside a refresh token, and is bound to a key', async () => {
    const { refresh_token } = await login();
    const access_token = await signer.accessToken({ sid: undefined, cnf: {} });
    expect(hintIn(await logOut({ access_token, refresh_token }))).toBeNull();
  });

  it('goes out to its refresh token beside a token without a session', async () => {
    const { id_token, refresh_token } = await login();
    const access_token = await signer.accessToken({ sid: undefined });
    expect(hintIn(await logOut({ access_token, refresh_token }))).toBe(id_token);
  });
});

describe('within retryWindow', () => {
  it('a token gets the identical answer again', async () => {
    const { access_token, id_token } = await login();
    const redirect = await logOut({ access_token });
    expect(hintIn(redirect)).toBe(id_token);
    expect(await logOut({ access_token })).toBe(redirect);
  });

  it('what the refresh token bought is answered again to the refresh token alone', async () => {
    const { id_token, refresh_token } = await login();
    const access_token = await signer.accessToken({ client_id: undefined });
    const redirect = await logOut({ access_token, refresh_token });
    expect(hintIn(redirect)).toBe(id_token);

    expect(hintIn(await logOut({ access_token }))).toBeNull();
    expect(hintIn(await logOut({ access_token, refresh_token: 'another' }))).toBeNull();
    expect(await logOut({ access_token, refresh_token })).toBe(redirect);
  });

  it('and after it nobody gets the ID Token', async () => {
    const tokens = await login();
    expect(hintIn(await logOut(tokens))).toBe(tokens.id_token);
    await untilForgotten();
    expect(hintIn(await logOut(tokens))).toBeNull();
  });

  // Redis keeps its own time: the end of the span is brought about.
  async function untilForgotten(): Promise<void> {
    const client = redis.connect();
    const record = (await client.keys('oidc1:s*'))[0] ?? '';
    await until(async () => (await client.hget(record, 'left')) === '');
    expect(await client.ttl(record)).toBeGreaterThan(55);
    await client.del(record);
  }
});

it('a token for this API that another client got ends the session, and learns nothing', async () => {
  const victim = await login({ client_id: CLIENT_ID });
  const access_token = await signer.accessToken({ client_id: 'other', aud: AUDIENCE });
  const redirect = await logOut({ access_token });
  expect(redirect).not.toContain(victim.id_token);
  await call(app, victim.access_token).expect(401);
});
