import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import request from 'supertest';
import type { RevocationEvent } from '../lib/index.ts';
import { type App, appWith, BACK_CHANNEL_LOGOUT, LOGOUT } from './support/app.ts';
import { AUDIENCE, CLIENT_ID } from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { type RevocationServer, startRevocationServer } from './support/revocation-server.ts';
import { until } from './support/until.ts';

const encryptionKey = randomBytes(32);
let redis: RedisServer;
let provider: RevocationServer;

beforeAll(async () => {
  [redis, provider] = await Promise.all([startRedisServer(), startRevocationServer()]);
});

afterAll(async () => {
  await Promise.all([redis.close(), provider.close()]);
});

beforeEach(async () => {
  provider.reset();
  await redis.flush();
});

function start(): App {
  return appWith({
    provider: {
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: 'secret',
      postLogoutRedirectUri: 'https://app.example.com/logged-out',
    },
    audience: AUDIENCE,
    redis: redis.connect(),
    revocationDelay: 0,
    encryptionKey,
  });
}

function nextRevocation({ oidc }: App): Promise<RevocationEvent> {
  return new Promise((resolve) => oidc.on('revocation', resolve));
}

async function logIn({ oidc }: App): Promise<string> {
  const access_token = await provider.signer.accessToken();
  const iat = Math.floor(Date.now() / 1000) - 10;
  const id_token = await provider.signer.idToken({ iat });
  await oidc.sessions.save({ access_token, id_token, refresh_token: 'kept' });
  return access_token;
}

it.each<[how: string, end: (app: App, token: string, logoutToken: string) => Promise<unknown>]>([
  [
    'a Logout Token',
    ({ app }, _token, logout_token) =>
      request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token }).expect(200),
  ],
  [
    'a logout',
    ({ app }, access_token) => request(app).post(LOGOUT).send({ access_token }).expect(200),
  ],
  ['the app', ({ oidc }) => oidc.sessions.end({ issuer: provider.issuer, sid: 'sid-1' })],
])(
  'what %s leaves to revoke after the app closed is revoked by its repetition',
  async (_how, end) => {
    const [closed, other] = [start(), start()];
    const token = await logIn(closed);
    const logoutToken = await provider.signer.logoutToken();
    await closed.oidc.close();

    const given = nextRevocation(closed);
    await end(closed, token, logoutToken);
    expect(await given).toMatchObject({ outcome: 'failed', reason: 'closed' });
    expect(provider.requests).toEqual([]);
    const client = redis.connect();
    const [record = ''] = await client.keys('oidc1:s*');
    await until(async () => (await client.hget(record, 'left')) === 'r');

    const made = nextRevocation(other);
    await end(other, token, logoutToken);
    expect(await made).toMatchObject({ kind: 'refresh-token', outcome: 'revoked' });
    expect(provider.requests.map(({ form }) => form.token)).toContain('kept');
    await other.oidc.close();
  },
);
