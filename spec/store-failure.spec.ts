import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import request from 'supertest';
import type { OidcLogoutOptions, Store } from '../lib/index.ts';
import {
  type App,
  appWith,
  call as callApp,
  LOGOUT,
  optionsFor,
  redirectOf,
} from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { until } from './support/until.ts';

const UNAVAILABLE = {
  error: 'temporarily_unavailable',
  error_description: 'The invalidation list is not reachable',
};

let redis: RedisServer;
let signer: Signer;
let app: App;
let apps: App[];

beforeAll(async () => {
  redis = await startRedisServer();
  signer = await createSigner();
});

afterAll(() => redis.close());

beforeEach(async () => {
  redis.resume();
  await redis.flush();
  apps = [];
  app = start();
});

// What could not be stored is repeated until then.
afterEach(async () => {
  for (const { oidc } of apps) await oidc.close();
});

function start(options: Partial<OidcLogoutOptions> = {}): App {
  const started = appWith({ ...optionsFor(signer), redis: redis.connect(), ...options });
  apps.push(started);
  return started;
}

async function login({ oidc }: App = app) {
  const tokens = { access_token: await signer.accessToken(), id_token: await signer.idToken() };
  await oidc.sessions.save(tokens);
  return tokens;
}

function call(access_token: string, at = app): request.Test {
  return callApp(at, access_token);
}

function logOut(access_token: string, { app: at }: App = app): request.Test {
  return request(at).post(LOGOUT).send({ access_token });
}

async function expectUnavailable(test: request.Test): Promise<void> {
  const answer = await test;
  expect(answer.status).toBe(503);
  expect(answer.headers).toMatchObject({
    'retry-after': '1',
    'cache-control': 'no-store',
    pragma: 'no-cache',
  });
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expect(answer.body).toEqual(UNAVAILABLE);
}

async function expectOutage(access_token: string): Promise<void> {
  await Promise.all([
    expectUnavailable(call(access_token)),
    expectUnavailable(logOut(access_token)),
  ]);
}

async function untilReachable(access_token: string, at = app): Promise<void> {
  await until(async () => (await call(access_token, at)).status !== 503);
}

function reasons(): Set<string> {
  const errors = app.events.filter(([name]) => name === 'store-error');
  return new Set(errors.map(([, event]) => (event as { reason: string }).reason));
}

describe('a Redis that', () => {
  it('was killed: 503, and all works again when it is back', async () => {
    const { access_token } = await login();
    await call(access_token).expect(200);
    await redis.kill();
    await expectOutage(access_token);
    await redis.restart();
    await untilReachable(access_token);
    await logOut(access_token).expect(200);
    await call(access_token).expect(401);
  });

  it('is killed while requests are under way: no 200 without a stored invalidation', async () => {
    const logins = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const claims = { sid: `sid-${index}` };
        return {
          access_token: await signer.accessToken(claims),
          id_token: await signer.idToken(claims),
        };
      }),
    );
    await Promise.all(logins.map((tokens) => app.oidc.sessions.save(tokens)));
    redis.pause();
    const answers = logins.map(({ access_token }) =>
      logOut(access_token).then(({ status }) => status),
    );
    await redis.kill();
    expect(await Promise.all(answers)).toEqual(logins.map(() => 503));
    await redis.restart();
    await untilReachable(logins[0]?.access_token ?? '');
    for (const { access_token } of logins) {
      await logOut(access_token).expect(200);
      await call(access_token).expect(401);
    }
  });

  it('is stopped: 503 after storeTimeout, and all works again when it goes on', async () => {
    const { access_token } = await login();
    redis.pause();
    await expectOutage(access_token);
    expect(reasons()).toContain('timeout');
    redis.resume();
    await untilReachable(access_token);
    await logOut(access_token).expect(200);
    await call(access_token).expect(401);
  });

  it('stops between the check and the write: 503, and the retry gets the redirect with its hint', async () => {
    const { access_token, id_token } = await login();
    const admin = redis.connect();
    await admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha');
    await expectUnavailable(logOut(access_token));
    expect(reasons()).toEqual(new Set(['NOPERM']));
    await admin.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha');
    const answer = await logOut(access_token).expect(200);
    expect(JSON.stringify(answer.body)).toContain(id_token);
    await call(access_token).expect(401);
  });

  it('refuses the write: nothing ended, and the retry ends the whole session', async () => {
    const { access_token } = await login();
    const other = await signer.accessToken();
    const admin = redis.connect();
    await admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha');
    await expectUnavailable(logOut(access_token));
    await expectUnavailable(logOut(access_token));
    await call(other).expect(200);
    await admin.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha');
    await logOut(access_token).expect(200);
    await call(other).expect(401);
  });

  it('ends the session and keeps no state: 503, and the retry gets the redirect with its hint', async () => {
    const { access_token, id_token } = await login();
    const admin = redis.connect();
    await admin.call('ACL', 'SETUSER', 'default', 'resetkeys', '~oidc1:[^p]*');
    await expectUnavailable(logOut(access_token));
    await call(access_token).expect(401);
    await admin.call('ACL', 'SETUSER', 'default', 'allkeys');
    const answer = await logOut(access_token).expect(200);
    const redirect = redirectOf(answer);
    expect(redirect).toContain(id_token);
    const states = Object.keys(await redis.dump()).filter((key) => key.startsWith('oidc1:p'));
    expect(states).toHaveLength(1);
  });

  it('has no memory left: 503 for a logout, and the guard goes on', async () => {
    const { access_token } = await login();
    const admin = redis.connect();
    await admin.config('SET', 'maxmemory', '1');
    await expectUnavailable(logOut(access_token));
    expect(reasons()).toEqual(new Set(['OOM']));
    await call(access_token).expect(200);
    await admin.config('SET', 'maxmemory', '0');
    await logOut(access_token).expect(200);
  });

  it('demands a password: 503', async () => {
    const { access_token } = await login();
    const admin = redis.connect();
    await admin.config('SET', 'requirepass', 'secret');
    const locked = start();
    await expectUnavailable(call(access_token, locked));
    await admin.config('SET', 'requirepass', '');
  });

  it('was never there: 503 at once', async () => {
    const client = new Redis({ path: '/nowhere/redis.sock', retryStrategy: () => null });
    client.on('error', () => undefined);
    const alone = start({ redis: client });
    await expectUnavailable(call(await signer.accessToken(), alone));
    await expectUnavailable(logOut(await signer.accessToken(), alone));
  });

  it('accepts connections and never answers: 503 in storeTimeout', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'silent-'));
    const path = join(folder, 'redis.sock');
    const silent: Server = createServer((socket) => socket.resume());
    silent.listen(path);
    await once(silent, 'listening');
    const client = new Redis({ path });
    const alone = start({ redis: client, storeTimeout: 0.05 });
    await expectUnavailable(call(await signer.accessToken(), alone));
    expect(alone.events).toContainEqual(['store-error', { operation: 'read', reason: 'timeout' }]);
    client.disconnect();
    silent.close();
    await rm(folder, { recursive: true });
  });

  it('is connected by the first command of a lazy client', async () => {
    const lazy = start({ redis: redis.connect({ lazyConnect: true }) });
    await call(await signer.accessToken(), lazy).expect(200);
  });

  it('is not asked for a request that has no token, or none that is authentic', async () => {
    const client = redis.connect();
    const alone = start({ redis: client });
    client.disconnect();
    await request(alone.app).get('/api').expect(401, '');
    await call(await (await createSigner()).accessToken(), alone).expect(401);
    await request(alone.app).post(LOGOUT).send({}).expect(400);
    expect(alone.events).toEqual([]);
  });

  it('hangs gets one call at a time', async () => {
    const client = redis.connect();
    const alone = start({ redis: client, storeTimeout: 0.2 });
    const { access_token } = await login(alone);
    redis.pause();
    for (let index = 0; index < 5; index++) {
      await Promise.all(
        Array.from({ length: 40 }, () => expectUnavailable(call(access_token, alone))),
      );
    }
    const { length } = (client as unknown as { commandQueue: unknown[] }).commandQueue;
    expect(length).toBeLessThan(40 * 4 + 5 * 4);
    redis.resume();
    await untilReachable(access_token, alone);
    await logOut(access_token, alone).expect(200);
    await call(access_token, alone).expect(401);
  });

  it('hung a while ago fails no call any more', async () => {
    const alone = start({ storeTimeout: 0.05 });
    const { access_token } = await login(alone);
    redis.pause();
    await expectUnavailable(call(access_token, alone));
    redis.resume();
    await redis.connect().ping();
    await setTimeout(2 * 50);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => signer.accessToken()));
    const answers = await Promise.all(tokens.map((token) => call(token, alone)));
    expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200));
  });

  it('holds no queue of commands after an outage', async () => {
    const client = redis.connect({ maxRetriesPerRequest: null });
    const alone = start({ redis: client });
    const { access_token } = await login(alone);
    await redis.kill();
    if (client.status === 'ready') await once(client, 'close');
    for (let index = 0; index < 200; index++) await expectUnavailable(call(access_token, alone));
    expect((client as unknown as { offlineQueue: unknown[] }).offlineQueue).toHaveLength(0);
    await redis.restart();
    await untilReachable(access_token);
  });
});

describe('onStoreError: allow', () => {
  it('lets authentic tokens pass during an outage, and tells of it each time', async () => {
    const client = redis.connect();
    const open = start({ redis: client, onStoreError: 'allow' });
    client.disconnect();
    const access_token = await signer.accessToken();
    await call(access_token, open).expect(200);
    await call(access_token, open).expect(200);
    const outage = ['store-error', { operation: 'read', reason: 'not-connected' }];
    expect(open.events).toEqual([outage, outage]);
    await call(await signer.accessToken({ exp: 1 }), open).expect(401);
    await expectUnavailable(logOut(access_token, open));
  });
});

describe('a store of the app', () => {
  const never = () => new Promise<never>(() => undefined);

  it.each<[string, Partial<Store>]>([
    ['never answers', { read: never, update: never }],
    ['rejects', { read: () => Promise.reject(new Error('secret token')) }],
    ['answers too little', { read: () => Promise.resolve([]) }],
    [
      'throws',
      {
        read: () => {
          throw new TypeError('secret token');
        },
      },
    ],
  ])('that %s gives 503', async (_what, own) => {
    const store: Store = { read: never, update: never, subscribe: () => () => undefined, ...own };
    const alone = appWith({ ...optionsFor(signer), store, storeTimeout: 0.05 });
    await expectUnavailable(call(await signer.accessToken(), alone));
    await expectUnavailable(logOut(await signer.accessToken(), alone));
    expect(JSON.stringify(alone.events)).not.toContain('secret');
  });
});
