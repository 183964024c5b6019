import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, Redis } from 'ioredis';
import request from 'supertest';
import type { StoreWarningEvent } from '../lib/index.ts';
import {
  type App,
  appWith,
  call,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
  redirectOf,
} from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';
import { type RedisCluster, startRedisCluster } from './support/redis-cluster.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { type RedisWire, startRedisWire, withInfo } from './support/redis-wire.ts';
import { until } from './support/until.ts';

interface Warned extends App {
  readonly warnings: StoreWarningEvent[];
}

let redis: RedisServer;
let signer: Signer;
let wire: RedisWire;
let admin: Redis;
const clients: Redis[] = [];

beforeAll(async () => {
  redis = await startRedisServer();
  wire = await startRedisWire(redis.path);
  signer = await createSigner();
  admin = redis.connect();
});

afterAll(async () => {
  await wire.close();
  await redis.close();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  wire.ask = (asked) => asked;
  wire.answer = (reply) => reply;
  await admin.config('SET', 'maxmemory', '0');
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  await admin.replicaof('NO', 'ONE');
  await admin.call('ACL', 'SETUSER', 'default', '+info');
  await redis.flush();
});

function start(client: Redis | Cluster = connect()): Warned {
  const app = appWith({ ...optionsFor(signer), redis: client });
  const warnings: StoreWarningEvent[] = [];
  app.oidc.on('store-warning', (warning) => warnings.push(warning));
  return { ...app, warnings };
}

function connect(): Redis {
  const client = new Redis({ path: wire.path, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

/** Redis answers in order: what was asked before is told by then. */
async function untilAnswered({ events }: App, client: Redis): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await client.ping();
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual([]);
}

describe('store-warning', () => {
  it.each<[what: string, lines: Record<string, string>, warnings: StoreWarningEvent[]]>([
    [
      'Redis 6.0',
      { redis_version: '6.0.16' },
      [{ setting: 'version', found: '6.0.16', expected: '6.2 or later' }],
    ],
    [
      'Redis 5',
      { redis_version: '5.0.14' },
      [{ setting: 'version', found: '5.0.14', expected: '6.2 or later' }],
    ],
    [
      'Redis 3.2.12',
      { redis_version: '3.2.12' },
      [{ setting: 'version', found: '3.2.12', expected: '6.2 or later' }],
    ],
    ['Redis 6.2.0', { redis_version: '6.2.0' }, []],
    ['Redis 10.0, whose number sorts below', { redis_version: '10.0.0' }, []],
    ['Redis 8', { redis_version: '8.2.1' }, []],
    ['an unstable build', { redis_version: '255.255.255' }, []],
    ['a version that is a word', { redis_version: 'unstable' }, []],
    ['a version that is none', { redis_version: '' }, []],
    ['a version that is no version', { redis_version: '5.0.0 <script>' }, []],
    ['Valkey', { redis_version: '7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1' }, []],
    ['KeyDB', { redis_version: '6.3.4' }, []],
    ['a policy that evicts without a bound', { maxmemory_policy: 'allkeys-lru' }, []],
    ['a bound with noeviction', { maxmemory: '1048576' }, []],
    [
      'an old server that evicts too',
      { redis_version: '4.0.9', maxmemory: '1048576', maxmemory_policy: 'volatile-ttl' },
      [
        { setting: 'version', found: '4.0.9', expected: '6.2 or later' },
        { setting: 'maxmemory-policy', found: 'volatile-ttl', expected: 'noeviction' },
      ],
    ],
  ])('tells of %s what is to be told', async (_what, lines, warnings) => {
    wire.answer = (reply) => withInfo(reply, lines);
    const client = connect();
    const app = start(client);
    await call(app, await signer.accessToken()).expect(200);
    await untilAnswered(app, client);
    expect(app.warnings).toEqual(warnings);
  });

  it.each(['allkeys-lru', 'allkeys-random', 'volatile-lru', 'volatile-lfu', 'volatile-ttl'])(
    'tells of the maxmemory-policy %s beside a maxmemory',
    async (policy) => {
      await admin.config('SET', 'maxmemory', '100mb');
      await admin.config('SET', 'maxmemory-policy', policy);
      const client = connect();
      const app = start(client);
      await call(app, await signer.accessToken()).expect(200);
      await untilAnswered(app, client);
      expect(app.warnings).toEqual([
        { setting: 'maxmemory-policy', found: policy, expected: 'noeviction' },
      ]);
    },
  );

  it('tells of a replica, at the first logout that fails too', async () => {
    await admin.replicaof('127.0.0.1', '1');
    const client = connect();
    const app = start(client);
    await request(app.app)
      .post(LOGOUT)
      .send({ access_token: await signer.accessToken() })
      .expect(503)
      .expect('Retry-After', '1');
    await until(() => app.warnings.length > 0);
    expect(app.warnings).toEqual([{ setting: 'role', found: 'replica', expected: 'master' }]);
  });

  it('is told once, whatever follows', async () => {
    wire.answer = (reply) => withInfo(reply, { redis_version: '6.0.16' });
    const client = connect();
    const app = start(client);
    const token = await signer.accessToken();
    for (let index = 0; index < 5; index++) await call(app, token).expect(200);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await until(() => client.status !== 'ready');
    await call(app, token).expect(200);
    await untilAnswered(app, client);
    expect(app.warnings).toHaveLength(1);
  });

  it('asks once, and nothing before the first use', async () => {
    const client = connect();
    const app = start(client);
    await client.ping();
    const infos = async () =>
      Number(/cmdstat_info:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
    const before = await infos();
    for (let index = 0; index < 5; index++) await call(app, await signer.accessToken()).expect(200);
    await untilAnswered(app, client);
    // The look of this spec itself is one.
    expect(await infos()).toBe(before + 2);
  });

  it('is not told, nor an error, where INFO is not permitted', async () => {
    await admin.config('SET', 'maxmemory', '100mb');
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const client = new Redis({ path: wire.path, enableReadyCheck: false });
    clients.push(client);
    await admin.call('ACL', 'SETUSER', 'default', '-info');
    const app = start(client);
    const token = await signer.accessToken();
    await call(app, token).expect(200);
    await request(app.app).post(LOGOUT).send({ access_token: token }).expect(200);
    await new Promise((resolve) => setImmediate(resolve));
    await client.ping();
    expect([app.warnings, app.events.map(([name]) => name)]).toEqual([
      [],
      ['invalidated', 'invalidated', 'logout'],
    ]);
  });

  it('a server too old for GETDEL: no browser is known that comes back, and the event says why', async () => {
    wire.answer = (reply) => withInfo(reply, { redis_version: '6.0.16' });
    const app = start();
    const claims = { sid: 'sid-of-old' };
    const access_token = await signer.accessToken(claims);
    await app.oidc.sessions.save({ access_token, id_token: await signer.idToken(claims) });
    wire.ask = (asked) => asked.replace('getdel', 'getold');
    const answer = await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    const redirect = redirectOf(answer);
    const state = new URL(redirect).searchParams.get('state');
    const back = request(app.app).get(LOGGED_OUT).query({ state });
    await back.expect(200, { outcome: 'mismatch' });
    expect(app.events).toContainEqual(['store-error', { operation: 'takeState', reason: 'ERR' }]);
    expect(app.warnings).toEqual([
      { setting: 'version', found: '6.0.16', expected: '6.2 or later' },
    ]);
  });
});

describe('store-warning on a Cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicas: 0 });
  }, 60_000);

  afterAll(() => cluster.stop());

  it('tells of the one master that differs', async () => {
    const [node] = await cluster.masters();
    await node?.client.config('SET', 'maxmemory', '100mb');
    await node?.client.config('SET', 'maxmemory-policy', 'allkeys-lfu');
    const app = start(cluster.createClient());
    await call(app, await signer.accessToken()).expect(200);
    await until(() => app.warnings.length > 0);
    expect(app.warnings).toEqual([
      { setting: 'maxmemory-policy', found: 'allkeys-lfu', expected: 'noeviction' },
    ]);
    expect(app.events).toEqual([]);
  });
});
