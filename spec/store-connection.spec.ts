import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { tracingChannel } from 'node:diagnostics_channel';
import { connect as connectTo, type Socket } from 'node:net';
import { type Cluster, Redis, type RedisOptions as Options } from 'ioredis';
import request from 'supertest';
import type { OidcLogoutOptions } from '../lib/index.ts';
import { type App, appWith, BACK_CHANNEL_LOGOUT, call, LOGOUT, optionsFor } from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';
import { type RedisCluster, startRedisCluster } from './support/redis-cluster.ts';
import { HOST, NODE_CONFIG, type RedisNode, startRedisNode } from './support/redis-node.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { type RedisWire, startRedisWire } from './support/redis-wire.ts';
import { until } from './support/until.ts';

type Client = Redis | Cluster;
type RedisOptions = Omit<Options, 'replyMapping'>;

let redis: RedisServer;
let wire: RedisWire;
let signer: Signer;
let admin: Redis;
const clients: Client[] = [];
const apps: App[] = [];

beforeAll(async () => {
  redis = await startRedisServer();
  signer = await createSigner();
  admin = redis.connect();
});

afterAll(() => redis.close());

beforeEach(async () => {
  wire = await startRedisWire(redis.path);
  await redis.flush();
});

afterEach(async () => {
  redis.resume();
  for (const { oidc } of apps.splice(0)) await oidc.close();
  for (const client of clients.splice(0)) client.disconnect();
  await wire.close();
});

function connect(options: RedisOptions = {}): Redis {
  return keep(new Redis({ path: wire.path, retryStrategy: () => 20, ...options }));
}

function keep<T extends Client>(client: T): T {
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

function start(client: Client, options: Partial<OidcLogoutOptions> = {}): App {
  const app = appWith({ ...optionsFor(signer), redis: client, ...options });
  apps.push(app);
  return app;
}

async function login({ oidc }: App, sid = 'sid-1'): Promise<string> {
  const access_token = await signer.accessToken({ sid });
  await oidc.sessions.save({ access_token, id_token: await signer.idToken({ sid }) });
  return access_token;
}

async function statusOf(app: App, access_token: string): Promise<number> {
  return (await call(app, access_token)).status;
}

function logOut({ app }: App, access_token: string): request.Test {
  return request(app).post(LOGOUT).send({ access_token });
}

function reasons({ events }: App): string[] {
  const errors = events.filter(([name]) => name === 'store-error');
  return [...new Set(errors.map(([, event]) => (event as { reason: string }).reason))];
}

/** What is left in the queues of a client. */
function queued(client: Client): { offline: number; sent: number } {
  const { offlineQueue, commandQueue } = client as unknown as Record<string, { length: number }>;
  return { offline: offlineQueue?.length ?? 0, sent: commandQueue?.length ?? 0 };
}

/** Closes the connections, and lets no other one in until the wire is opened. */
async function cut(client: Redis): Promise<void> {
  await until(() => client.status === 'ready');
  await wire.shut();
  await until(() => client.status !== 'ready');
}

describe('a connection that is cut', () => {
  it('and back after 300 ms costs no request its answer', async () => {
    const client = connect({ retryStrategy: () => 300 });
    const app = start(client, { storeTimeout: 5 });
    const access_token = await login(app, 'one');
    const other = await signer.accessToken({ sid: 'two' });
    await cut(client);
    const answers = Promise.all([statusOf(app, other), statusOf(app, other)]);
    const answer = logOut(app, access_token).then(({ status }) => status);
    const saved = login(app, 'three');
    await until(() => client.status === 'reconnecting');
    expect(queued(client)).toEqual({ offline: 0, sent: 0 });
    await wire.open();
    expect([await answers, await answer]).toEqual([[200, 200], 200]);
    expect(await statusOf(app, await saved)).toBe(200);
    expect([await statusOf(app, access_token), reasons(app)]).toEqual([401, []]);
  });

  it('takes a Logout Token that comes meanwhile', async () => {
    const client = connect();
    const app = start(client, { storeTimeout: 5 });
    const access_token = await login(app);
    const logout_token = await signer.logoutToken();
    await cut(client);
    const told = request(app.app)
      .post(BACK_CHANNEL_LOGOUT)
      .type('form')
      .send({ logout_token })
      .then(({ status }) => status);
    await until(() => client.status === 'reconnecting');
    await wire.open();
    expect([await told, await statusOf(app, access_token), reasons(app)]).toEqual([200, 401, []]);
  });

  it('and stays away: 503 with nothing queued, at once when storeTimeout is over, and 200 when it is back', async () => {
    const client = connect();
    const app = start(client, { storeTimeout: 0.1 });
    const access_token = await login(app);
    await cut(client);
    expect(await statusOf(app, access_token)).toBe(503);
    for (let index = 0; index < 100; index++) {
      const answer = await call(app, access_token);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    }
    expect([reasons(app), queued(client)]).toEqual([['not-connected'], { offline: 0, sent: 0 }]);
    await wire.open();
    await until(() => client.status === 'ready');
    expect(await statusOf(app, access_token)).toBe(200);
    await logOut(app, access_token).expect(200);
    expect(await statusOf(app, access_token)).toBe(401);
  });

  it('again and again is waited for each time', async () => {
    const client = connect();
    const app = start(client, { storeTimeout: 5 });
    const access_token = await signer.accessToken();
    for (let index = 0; index < 5; index++) {
      await cut(client);
      const status = statusOf(app, access_token);
      await until(() => client.status === 'reconnecting');
      await wire.open();
      expect(await status).toBe(200);
    }
    expect([reasons(app), client.listenerCount('ready'), client.listenerCount('end')]).toEqual([
      [],
      0,
      0,
    ]);
  });

  it('is one outage for all requests: one listener, not one each', async () => {
    const client = connect();
    const app = start(client, { storeTimeout: 5 });
    await until(() => client.status === 'ready');
    await cut(client);
    const token = await signer.accessToken();
    const statuses = Promise.all(Array.from({ length: 50 }, () => statusOf(app, token)));
    await until(() => client.listenerCount('ready') > 0);
    expect(client.listenerCount('ready')).toBe(1);
    await wire.open();
    expect(new Set(await statuses)).toEqual(new Set([200]));
  });

  it('of writes that wait for replicas is waited for too', async () => {
    const client = connect();
    const durability = { replicas: 1, timeout: 0.001 };
    const app = start(client, { storeTimeout: 2, durability });
    const access_token = await login(app);
    await until(() => wire.accepted === 2);
    await cut(client);
    const answer = logOut(app, access_token).then(({ status }) => status);
    await until(() => client.status === 'reconnecting');
    await wire.open();
    // There is no replica, which is found out as ever.
    expect([await answer, reasons(app)]).toEqual([503, ['not-replicated']]);
    expect(await statusOf(app, access_token)).toBe(401);
  });
});

describe('a client that', () => {
  it.each<[string, RedisOptions]>([
    ['is lazy', { lazyConnect: true }],
    ['is lazy and has no queue', { lazyConnect: true, enableOfflineQueue: false }],
    ['is just connecting and has no queue', { enableOfflineQueue: false }],
    ['is lazy and speaks RESP2', { lazyConnect: true, protocol: 2 }],
  ])('%s is connected once, and no request is lost', async (_what, options) => {
    const client = connect(options);
    const app = start(client);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => signer.accessToken()));
    const statuses = await Promise.all(tokens.map((token) => statusOf(app, token)));
    expect([statuses, wire.accepted]).toEqual([tokens.map(() => 200), 1]);
    await logOut(app, await login(app)).expect(200);
    expect(reasons(app)).toEqual([]);
  });

  it('is lazy and finds no server: 503, nothing unhandled, and 200 when there is one', async () => {
    await wire.shut();
    const client = connect({ lazyConnect: true, enableOfflineQueue: false });
    const app = start(client, { storeTimeout: 0.05 });
    const access_token = await signer.accessToken();
    expect([await statusOf(app, access_token), reasons(app)]).toEqual([503, ['not-connected']]);
    await wire.open();
    await until(() => client.status === 'ready');
    expect(await statusOf(app, access_token)).toBe(200);
  });

  it('its app has closed: 503 at once', async () => {
    const client = connect();
    // A span that no spec outlasts.
    const app = start(client, { storeTimeout: 60 });
    const access_token = await login(app);
    await client.quit();
    await until(() => client.status === 'end');
    expect(await statusOf(app, access_token)).toBe(503);
    await logOut(app, access_token).expect(503);
    await expect(login(app)).rejects.toMatchObject({ reason: 'not-connected' });
    expect(queued(client)).toEqual({ offline: 0, sent: 0 });
    await client.connect();
    expect(await statusOf(app, access_token)).toBe(200);
  });

  it('its app closes while requests wait for the next attempt: 503', async () => {
    const client = connect({ retryStrategy: () => 60_000 });
    const app = start(client, { storeTimeout: 0.1 });
    await cut(client);
    const status = statusOf(app, await signer.accessToken());
    await until(() => client.listenerCount('end') > 0);
    client.disconnect();
    expect([await status, reasons(app)]).toEqual([503, ['not-connected']]);
    await wire.open();
  });

  describe('never gets further than to connect:', () => {
    let node: RedisNode;
    let sockets: Socket[];

    // A server that accepts nobody any more.
    beforeAll(async () => {
      node = await startRedisNode([...NODE_CONFIG, 'tcp-backlog 1']);
      node.pause();
      sockets = Array.from({ length: 4 }, () => connectTo(node.port, HOST));
      for (const socket of sockets) socket.on('error', () => undefined);
      await until(() => sockets.some(({ connecting }) => !connecting));
    });

    afterAll(async () => {
      for (const socket of sockets) socket.destroy();
      node.resume();
      await node.stop();
    });

    it('503 after storeTimeout, then at once', async () => {
      const client = keep(new Redis({ host: HOST, port: node.port, connectTimeout: 60_000 }));
      const app = start(client, { storeTimeout: 0.1 });
      const access_token = await signer.accessToken();
      for (let index = 0; index < 50; index++) expect(await statusOf(app, access_token)).toBe(503);
      expect([client.status, reasons(app), queued(client)]).toEqual([
        'connecting',
        ['not-connected'],
        { offline: 0, sent: 0 },
      ]);
    });

    it('503 at once when its app closes it', async () => {
      const client = keep(new Redis({ host: HOST, port: node.port, connectTimeout: 60_000 }));
      const app = start(client, { storeTimeout: 60 });
      const status = statusOf(app, await signer.accessToken());
      await until(() => client.listenerCount('end') > 0);
      client.disconnect();
      expect([await status, reasons(app)]).toEqual([503, ['not-connected']]);
    });
  });

  it('has lost its connection of writes for replicas by close(): 503', async () => {
    const app = start(connect(), { durability: { replicas: 1, timeout: 0.001 } });
    const access_token = await login(app);
    await app.oidc.close();
    await logOut(app, access_token).expect(503);
    expect([reasons(app), await statusOf(app, access_token)]).toEqual([['not-connected'], 200]);
  });
});

describe('a Redis that hangs', () => {
  it.each<[string, RedisOptions, Partial<OidcLogoutOptions>]>([
    ['commandTimeout', { commandTimeout: 100 }, {}],
    ['commandTimeout and a near-cache', { commandTimeout: 100 }, { nearCache: {} }],
    ['commandTimeout and autopipelining', { commandTimeout: 100, enableAutoPipelining: true }, {}],
    ['commandTimeout and RESP2', { commandTimeout: 100, protocol: 2 }, {}],
  ])('does not fill the queue of a client with %s', async (_what, options, more) => {
    const client = connect(options);
    const app = start(client, { storeTimeout: 2, ...more });
    const access_token = await login(start(connect()));
    redis.pause();
    for (let index = 0; index < 20; index++) {
      const answers = Array.from({ length: 10 }, () => statusOf(app, access_token));
      expect(new Set(await Promise.all(answers))).toEqual(new Set([503]));
      await logOut(app, access_token).expect(503).expect('Retry-After', '1');
    }
    expect([reasons(app).sort(), queued(client).offline]).toEqual([['stalled', 'timeout'], 0]);
    // Two for each of the first requests, and one of each round of storeTimeout.
    expect(queued(client).sent).toBeLessThan(30);
    redis.resume();
    await until(async () => (await statusOf(app, access_token)) === 200);
    await logOut(app, access_token).expect(200);
    expect(await statusOf(app, access_token)).toBe(401);
    expect(queued(client)).toEqual({ offline: 0, sent: 0 });
  });

  it('does not fill the queue of the connection that waits for replicas', async () => {
    const client = connect({ commandTimeout: 20 });
    const durability = { replicas: 1, timeout: 0.001 };
    const app = start(client, { storeTimeout: 2, durability });
    const tokens = await Promise.all(Array.from({ length: 20 }, () => signer.accessToken()));
    await until(() => wire.accepted === 2);
    redis.pause();
    for (const token of tokens) {
      await logOut(app, token).expect(503);
      await expect(app.oidc.sessions.end({ issuer: signer.issuer, sid: token })).rejects.toThrow();
    }
    expect(queued(client).sent).toBeLessThan(10);
    redis.resume();
    await until(async () => (await statusOf(app, tokens[0] ?? '')) === 200);
    // What could not be stored is repeated meanwhile.
    await until(() => queued(client).sent === 0);
    expect(queued(client)).toEqual({ offline: 0, sent: 0 });
  });
});

describe('a reply that is there when the event loop is free again', () => {
  /** Blocks the event loop once, right after the client has written this command. */
  function blockAfter(command: string, milliseconds: number): Promise<void> {
    const channel = tracingChannel('ioredis:command');
    return new Promise((resolve) => {
      const subscribers = {
        start: (message: object) => {
          if ((message as { command: string }).command.toLowerCase() !== command) return;
          channel.unsubscribe(subscribers as never);
          process.nextTick(() => {
            const end = performance.now() + milliseconds;
            while (performance.now() < end);
            resolve();
          });
        },
      };
      channel.subscribe(subscribers as never);
    });
  }

  const commands: [string, (app: App, token: string) => Promise<unknown>, unknown][] = [
    ['mget', async (app, token) => (await call(app, token)).status, 200],
    ['evalsha', async (app, token) => (await logOut(app, token)).status, 200],
    ['set', async (app, token) => (await logOut(app, token)).status, 200],
    [
      'getdel',
      async (app, token) => {
        await logOut(app, token).expect(200);
        return (await logOut(app, token)).status;
      },
      200,
    ],
    ['evalsha', (app) => login(app).then(() => 'saved'), 'saved'],
  ];

  it.each(commands)('counts: %s', async (command, run, expected) => {
    const client = keep(new Redis({ path: redis.path }));
    const app = start(client, { strict: true, storeTimeout: 0.1 });
    const access_token = await signer.accessToken();
    await app.oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    const blocked = blockAfter(command, 300);
    expect(await run(app, access_token)).toBe(expected);
    await blocked;
    expect(reasons(app)).toEqual([]);
  });
});

describe('a connection that something in between has forgotten', () => {
  it('fails calls until socketTimeout, and then a new one serves', async () => {
    const client = connect({ socketTimeout: 300 });
    const app = start(client, { storeTimeout: 0.1 });
    const access_token = await login(app);
    wire.forget();
    expect(await statusOf(app, access_token)).toBe(503);
    await until(async () => (await statusOf(app, access_token)) === 200);
    expect(wire.accepted).toBe(2);
    await logOut(app, access_token).expect(200);
    expect(await statusOf(app, access_token)).toBe(401);
  });

  it.each([2, 3] as const)(
    'is replaced where it was only listened to (RESP%i)',
    async (protocol) => {
      const there = start(keep(new Redis({ path: redis.path })));
      const here = start(connect({ protocol }));
      const heard: unknown[] = [];
      here.oidc.on('session-ended', ({ sid }) => heard.push(sid));
      const subscribers = async () =>
        Number((await admin.pubsub('NUMSUB', 'oidc1:session-ended'))[1]);
      await until(async () => (await subscribers()) === 1);
      await there.oidc.sessions.end({ issuer: signer.issuer, sid: 'before' });
      await until(() => heard.length === 1);
      const { accepted } = wire;
      wire.forget();
      await there.oidc.sessions.end({ issuer: signer.issuer, sid: 'lost' });
      await until(() => wire.accepted > accepted);
      await until(async () => (await subscribers()) === 1 && wire.accepted === accepted + 1);
      let count = 0;
      await until(async () => {
        await there.oidc.sessions.end({ issuer: signer.issuer, sid: `after ${++count}` });
        return heard.includes('after 1') && heard.length >= 2;
      });
      expect(here.events).toContainEqual([
        'store-error',
        { operation: 'subscribe', reason: 'timeout' },
      ]);
    },
    20_000,
  );
});

describe('a connection to a master that became a replica', () => {
  let next: RedisServer;

  beforeAll(async () => {
    next = await startRedisServer();
  });

  afterEach(() => admin.replicaof('NO', 'ONE'));

  afterAll(() => next.close());

  it('stays without reconnectOnError: 503 for all logouts', async () => {
    const client = connect();
    const app = start(client);
    await until(() => client.status === 'ready');
    await admin.replicaof('127.0.0.1', '1');
    wire.target = next.path;
    for (let index = 0; index < 5; index++) {
      await logOut(app, await signer.accessToken())
        .expect(503)
        .expect('Retry-After', '1');
    }
    expect([reasons(app), wire.accepted]).toEqual([['READONLY'], 1]);
  });

  it('is replaced with reconnectOnError: 503 once', async () => {
    const reconnectOnError = (error: Error) => error.message.includes('READONLY');
    const client = connect({ reconnectOnError });
    const app = start(client);
    await until(() => client.status === 'ready');
    await admin.replicaof('127.0.0.1', '1');
    wire.target = next.path;
    const access_token = await signer.accessToken();
    await logOut(app, access_token).expect(503).expect('Retry-After', '1');
    await logOut(app, access_token).expect(200);
    expect([await statusOf(app, access_token), wire.accepted]).toEqual([401, 2]);
    // What is left of the end is done in the background.
    await until(() => queued(client).sent === 0);
    expect(queued(client)).toEqual({ offline: 0, sent: 0 });
  });
});

describe('a Cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicas: 0 });
  }, 60_000);

  afterAll(() => cluster.stop());

  it.each([{ lazyConnect: true }, { lazyConnect: true, enableOfflineQueue: false }])(
    'that is lazy is connected, and no request is lost: %o',
    async (options) => {
      const app = start(cluster.createClient(options), { storeTimeout: 5 });
      const statuses = Array.from({ length: 10 }, async () =>
        statusOf(app, await signer.accessToken()),
      );
      expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
      expect(reasons(app)).toEqual([]);
    },
  );

  it('that is lazy and only listens hears', async () => {
    const there = start(cluster.createClient());
    const here = start(cluster.createClient({ lazyConnect: true }));
    const heard: unknown[] = [];
    here.oidc.on('session-ended', ({ sid }) => heard.push(sid));
    let count = 0;
    await until(async () => {
      await there.oidc.sessions.end({ issuer: signer.issuer, sid: `one ${++count}` });
      return heard.length > 0;
    });
    expect(here.events).toEqual([]);
  });
});
