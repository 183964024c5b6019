import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import request from 'supertest';
import { SessionEndedError } from '../../lib/index.ts';
import {
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
} from '../support/app.ts';
import { type LoginProvider, startLoginProvider } from '../support/login-provider.ts';
import { openPage } from '../support/page.ts';
import { createSigner } from '../support/provider.ts';
import { followQuickStart, type QuickStart, withLines } from '../support/quick-start.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { addressOf, type RedisNode } from '../support/redis-node.ts';
import { startRedisSentinel } from '../support/redis-sentinel.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const PAGE = openPage('docs/redis.md');
const SCAN = PAGE.take('redis', 'SCAN');
const [COUNT = '', TTL = ''] = PAGE.take('sh', 'redis-cli').split('\n');
const ACL = PAGE.take('redis', '+get');
const DURABLE_ACL = PAGE.take('redis', '+wait');
const CLUSTER_ACL = PAGE.take('redis', '+readonly');
const SENTINEL_ACL = PAGE.take('redis', '+sentinel');
const SETTINGS = PAGE.take('conf', 'noeviction');
const ONE_CLIENT = PAGE.take('js', 'socketTimeout: 2000');
const SENTINEL_CLIENT = PAGE.take('js', 'new Redis({\n  sentinels');
const CLUSTER_CLIENT = PAGE.take('js', 'new Cluster(');

let quickStart: QuickStart;
let redis: RedisServer;
let provider: LoginProvider;

beforeAll(async () => {
  [quickStart, provider] = await Promise.all([followQuickStart(), startLoginProvider()]);
  ({ redis } = quickStart);
});

afterAll(async () => {
  await quickStart.close();
  await provider.close();
});

beforeEach(() => redis.flush());

describe('the page on Redis', () => {
  const clients: Redis[] = [];

  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });

  function send(client: Redis, line: string): Promise<unknown> {
    const [command = '', ...words] = line.replaceAll("'", '').split(' ');
    return client.call(command, ...words);
  }

  async function untilSubscribed(...channels: readonly string[]): Promise<void> {
    const observer = redis.connect();
    for (const channel of channels) {
      await until(async () => (await observer.pubsub('NUMSUB', channel))[1] !== 0);
    }
  }

  /** A client that may do what the ACL allows. */
  async function connectAsApp(): Promise<Redis> {
    await send(redis.connect(), ACL);
    const [, , username = '', , secret = ''] = ACL.split(' ');
    const client = new Redis({ path: redis.path, username, password: secret.slice(1) });
    clients.push(client);
    return client;
  }

  function kindOf(key: string): string {
    return key.slice(0, 'oidc1:x'.length);
  }

  /** The commands that were called, by clients or by scripts. */
  async function calledCommands(): Promise<string[]> {
    const stats = await redis.connect().info('commandstats');
    return [...stats.matchAll(/^cmdstat_([\w|]+):/gm)].map(([, name = '']) => name);
  }

  it('has every kind of key and channel, and an ACL that is enough and no more', async () => {
    const signer = await createSigner();
    const client = await connectAsApp();
    await redis.connect().config('RESETSTAT');
    await redis.connect().script('FLUSH');
    const shared = { ...optionsFor(signer), redis: client, encryptionKey: randomBytes(32) };
    const { app, oidc, events } = appWith({ ...shared, nearCache: {} });
    const heard = new Promise((resolve) => oidc.on('session-ended', resolve));
    const channels = PAGE.table('Channel (after keyPrefix)').map(([name = '']) => `oidc1:${name}`);
    await untilSubscribed(...channels);
    const all = await redis.connect().pubsub('CHANNELS', '*');
    expect((all as string[]).sort()).toEqual(channels.sort());
    const issuedAt = Math.floor(Date.now() / 1000) - 10;
    const logIn = async (sid: string | undefined, sub = 'alice') => {
      const access_token = await signer.accessToken({ sid, sub });
      const id_token = await signer.idToken({ sid, sub, iat: issuedAt });
      const tokens = { access_token, refresh_token: `refresh of ${access_token}` };
      await oidc.sessions.save({ ...tokens, id_token });
      return tokens;
    };
    const passes = (token: string, status: number) => call({ app }, token).expect(status);
    const keys = new Set<string>();
    const look = async () => {
      for (const key of await redis.connect().keys('*')) keys.add(kindOf(key));
    };

    const first = await logIn('sid-1');
    const access_token = await signer.accessToken();
    const renewed = { access_token, refresh_token: 'renewed' };
    await oidc.sessions.rotate(first, renewed);
    await passes(access_token, 200);
    await passes(access_token, 200);
    await look();
    await request(app).post(LOGOUT).send(renewed).expect(200);
    await request(app).post(LOGOUT).send(renewed).expect(200);
    await look();
    await passes(access_token, 401);
    const late = { access_token: await signer.accessToken(), refresh_token: 'late' };
    await expect(oidc.sessions.rotate(renewed, late)).rejects.toThrow(SessionEndedError);

    const others = [await logIn('sid-2'), await logIn('sid-3'), await logIn(undefined, 'bob')];
    const logout_token = await signer.logoutToken({ sid: 'sid-2' });
    await request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token }).expect(200);
    const named = { iss: signer.issuer, sid: 'sid-3' };
    await request(app).get(FRONT_CHANNEL_LOGOUT).query(named).expect(200);
    await oidc.sessions.end({ issuer: signer.issuer, sid: 'sid-3' });
    await oidc.sessions.end({ issuer: signer.issuer, sub: 'bob' });
    for (const tokens of others) await passes(tokens.access_token, 401);
    const unsaved = await signer.accessToken({ sid: undefined });
    const handedIn = { access_token: unsaved, refresh_token: 'unsaved' };
    await request(app).post(LOGOUT).send(handedIn).expect(200);
    await look();
    const state = 'x'.repeat(43);
    await request(app).get(LOGGED_OUT).query({ state }).expect({ outcome: 'mismatch' });
    expect(await heard).toMatchObject({ cause: 'logout' });
    expect(events.filter(([name]) => name.endsWith('error'))).toEqual([]);
    await oidc.close();

    const told = PAGE.table('Key (after keyPrefix)').map(
      ([key = '']) => `oidc1:${key.slice(0, 1)}`,
    );
    expect([...keys].sort()).toEqual(told.sort());
    const granted = ACL.split(' ').flatMap((word) => (word.startsWith('+') ? [word.slice(1)] : []));
    const called = await calledCommands();
    expect(granted.filter((command) => !called.includes(command))).toEqual([]);
  });

  it('has commands that find and count the sessions that ended', async () => {
    const signer = await createSigner();
    const { app } = appWith({ ...optionsFor(signer), redis: redis.connect() });
    const access_token = await signer.accessToken();
    await request(app).post(LOGOUT).send({ access_token }).expect(200);
    const keys = await redis.connect().keys('*');
    const entries = keys.filter((key) => kindOf(key) === 'oidc1:x').sort();
    expect(entries.map(({ length }) => length)).toEqual([31]);
    expect(keys.length).toBeGreaterThan(entries.length);

    const [, found] = (await send(redis.connect(), SCAN)) as [string, string[]];
    expect(found.sort()).toEqual(entries);
    const run = async (line: string) => {
      const command = line.replace('redis-cli', `redis-cli -s ${redis.path}`);
      return Number((await promisify(execFile)('sh', ['-c', command])).stdout);
    };
    expect(await run(COUNT)).toBe(entries.length);
    expect(await run(TTL)).toBe(-2);
    expect(await run(TTL.replace(/'.+'$/, `'${entries[0] ?? ''}'`))).toBeGreaterThan(3000);
  });

  it('has settings that the server takes', async () => {
    const server = await startRedisServer();
    const client = server.connect();
    for (const line of SETTINGS.split('\n')) {
      const [name = '', value = ''] = line.split(' ');
      await client.config('SET', name, value);
      expect(await client.config('GET', name)).toEqual([name, value]);
    }
    await server.close();
  });

  const ORDERS = `app.use('/orders', oidc.guard(), (req, res) => res.sendStatus(204));
app.use('/_security/oidc/logout', oidc.logout());`;

  /** The quick start with this client, and with all that may be wanted of Redis. */
  function appOn(client: string, more = 'nearCache: {}, durability: { timeout: 2 }'): string {
    return (
      withLines(ORDERS)
        .replace("{ Redis } from 'ioredis'", "{ Cluster, Redis } from 'ioredis'")
        .replace(/^const oidc = /m, `${client}\n$&`)
        // The first request may come before the client has found the whole Cluster.
        .replace(/redis: new Redis\(.*\),/, `redis, storeTimeout: 10, ${more},`)
    );
  }

  async function allow(nodes: readonly RedisNode[], ...lines: string[]): Promise<void> {
    for (const { client } of nodes) for (const line of lines) await send(client, line);
  }

  /** What was refused; a newer Redis has a command that ioredis can do without. */
  async function refusals(nodes: readonly RedisNode[]): Promise<string[]> {
    const logs = await Promise.all(nodes.map(({ client }) => client.call('ACL', 'LOG')));
    const lines = (logs as unknown[][]).flat().map((entry) => JSON.stringify(entry));
    return lines.filter((line) => !line.includes('client|setinfo'));
  }

  async function expectToWork(program: string): Promise<void> {
    const env = { OIDC_ISSUER: provider.issuer };
    const [one, other] = await Promise.all([
      quickStart.start(program, env),
      quickStart.start(program, env),
    ]);
    const access_token = await provider.signer.accessToken();
    const headers = { Authorization: `Bearer ${access_token}` };
    const statusAt = async ({ url }: typeof one) =>
      (await fetch(`${url}/orders`, { headers })).status;
    expect(await statusAt(other)).toBe(204);
    const body = new URLSearchParams({ access_token });
    expect((await fetch(one.url + LOGOUT, { method: 'POST', body })).status).toBe(200);
    expect(await statusAt(one)).toBe(401);
    await until(async () => (await statusAt(other)) === 401);
    // Before its Redis: it would go on trying ports that others may get.
    await Promise.all([one.close(), other.close()]);
  }

  it('has a client of one server', async () => {
    await expectToWork(appOn(ONE_CLIENT, 'nearCache: {}'));
  });

  it('has a client of Sentinel, and an ACL that is enough', async () => {
    const sentinel = await startRedisSentinel();
    try {
      await allow(sentinel.nodes, ACL, DURABLE_ACL);
      await allow(sentinel.sentinels, SENTINEL_ACL);
      const addresses = JSON.stringify(sentinel.sentinels.map(addressOf));
      await expectToWork(appOn(SENTINEL_CLIENT.replace(/\[.*\]/, addresses)));
      expect(await refusals([...sentinel.nodes, ...sentinel.sentinels])).toEqual([]);
    } finally {
      await sentinel.stop();
    }
  }, 30_000);

  it('has a client of a Cluster, and an ACL that is enough', async () => {
    const cluster = await startRedisCluster();
    try {
      await allow(cluster.nodes, ACL, DURABLE_ACL, CLUSTER_ACL);
      const addresses = JSON.stringify(cluster.nodes.map(addressOf));
      await expectToWork(appOn(CLUSTER_CLIENT.replace(/\[.*\]/, addresses)));
      expect(await refusals(cluster.nodes)).toEqual([]);
    } finally {
      await cluster.stop();
    }
  }, 30_000);
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
