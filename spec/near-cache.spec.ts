import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import request from 'supertest';
import type { OidcLogoutOptions, RedisClient } from '../lib/index.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGOUT,
  optionsFor,
} from './support/app.ts';
import { setTime } from './support/clock.ts';
import { type Claims, createSigner, type Signer } from './support/provider.ts';
import { type RedisProxy, startRedisProxy } from './support/redis-proxy.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { until } from './support/until.ts';

const CHANNEL = 'oidc1:changed';
const ISSUER = 'https://op.example.com';
// The signatures that cost least.
const ALGORITHM = 'EdDSA';
/** So long that nothing here is ever looked up again for its age. */
const HOUR = { maxStaleness: 3600 };
const SECOND = { maxStaleness: 1 };
/** Milliseconds between two requests: without a pause they take all of a core for seconds. */
const PAUSE = 10;
const INVALIDATED = {
  error: 'invalid_token',
  error_description: 'The access token was invalidated by a logout',
};

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

let redis: RedisServer;
let proxy: RedisProxy;
let admin: Redis;
let signer: Signer;
let apps: App[];
let clients: { disconnect(): void }[];

beforeAll(async () => {
  redis = await startRedisServer();
  proxy = await startRedisProxy(redis.path);
  admin = redis.connect();
  signer = await createSigner(ISSUER, { alg: ALGORITHM });
});

afterAll(async () => {
  await proxy.close();
  await redis.close();
});

beforeEach(async () => {
  apps = [];
  clients = [];
  proxy.subscriptions = 'pass';
  await admin.call('ACL', 'SETUSER', 'near', 'reset', 'on', 'nopass', '~*', '&*', '+@all');
});

afterEach(async () => {
  jest.useRealTimers();
  for (const { oidc } of apps) await oidc.close();
  for (const client of clients) client.disconnect();
  await subscribers(0);
  await redis.flush();
});

/** Waits until so many connections listen to the channel. */
async function subscribers(count: number): Promise<void> {
  await until(async () => (await admin.pubsub('NUMSUB', CHANNEL))[1] === count);
}

/** The connections of the client that has this name, and those that were duplicated from it. */
async function connections(name: string): Promise<number> {
  return String(await admin.client('LIST')).split(` name=${name} `).length - 1;
}

/** How often Redis was asked for a value. */
async function reads(): Promise<number> {
  const calls = (await admin.info('commandstats')).matchAll(/^cmdstat_m?get:calls=(\d+)/gm);
  return [...calls].reduce((sum, [, count]) => sum + Number(count), 0);
}

function keep<Client extends { disconnect(): void }>(client: Client): Client {
  clients.push(client);
  return client;
}

function connect(options: ClientOptions = {}): Redis {
  const client = new Redis({ path: redis.path, retryStrategy: () => 20, ...options });
  client.on('error', () => undefined);
  return keep(client);
}

function start(options: Partial<OidcLogoutOptions> = {}): App {
  const app = appWith({
    ...optionsFor(signer, { provider: { algorithms: [ALGORITHM] } }),
    ...{ redis: connect(), ...options },
  });
  apps.push(app);
  return app;
}

/** An app with a near-cache, whose subscriptions pass the proxy, and one without in another place. */
function startBoth({ near = HOUR, client = {} }: { near?: object; client?: ClientOptions } = {}) {
  const here = start({ redis: connect({ path: proxy.path, ...client }), nearCache: near });
  return { here, there: start() };
}

/** Calls the API once more, and answers whether Redis was asked for it. */
async function isAsked(app: App, access_token: string, status = 200): Promise<boolean> {
  const before = await reads();
  await call(app, access_token).expect(status);
  return (await reads()) > before;
}

/** Calls the API until it goes by what it remembers. */
async function untilNear(app: App, ...access_tokens: string[]): Promise<void> {
  for (const access_token of access_tokens) {
    await until(async () => !(await isAsked(app, access_token)));
  }
}

/** Calls the API until it has heard of the end of a token. */
async function untilRefused(app: App, access_token: string): Promise<void> {
  await until(async () => {
    const answer = await call(app, access_token);
    if (answer.status === 200) return false;
    expect([answer.status, answer.body]).toEqual([401, INVALIDATED]);
    return true;
  });
}

const logOut = ({ app }: Pick<App, 'app'>, access_token: string) =>
  request(app).post(LOGOUT).send({ access_token }).expect(200);

async function notify({ app }: App, claims: Claims): Promise<void> {
  const logout_token = await signer.logoutToken(claims);
  await request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token }).expect(200);
}

function isLoss([name, event]: App['events'][number]): boolean {
  return name === 'store-error' && 'operation' in event && event.operation === 'subscribe';
}

const untilLost = ({ events }: App) => until(() => events.some(isLoss));

/** Ends the server as an operator does, who wants to find everything again. */
async function shutDown(): Promise<void> {
  const operator = connect({ retryStrategy: () => null });
  await operator.call('SHUTDOWN', 'SAVE').catch(() => undefined);
  await redis.kill();
}

let serial = 0;

/** A token of a user and a session of its own. */
function ownToken(): Promise<string> {
  serial++;
  return signer.accessToken({ sub: `user-${serial}`, sid: `sid-${serial}` });
}

const ownTokens = (count: number) => Promise.all(Array.from({ length: count }, ownToken));

/** A session that both apps know, by the token that is used here and another one of it. */
interface Session {
  readonly used: string;
  readonly other: string;
}

const refreshTokenOf = (access_token: string) => `refresh.${access_token}`;

async function save({ oidc }: App, access_token: string): Promise<void> {
  const refresh_token = refreshTokenOf(access_token);
  const id_token = await signer.idToken();
  await oidc.sessions.save({ access_token, id_token, refresh_token, expires_in: 3600 });
}

/** Saves a token that another app has used, until that one has heard of it. */
async function saveUntilTold(app: App, access_token: string, other: App): Promise<void> {
  await save(app, access_token);
  await until(() => isAsked(other, access_token));
}

async function refresh({ oidc }: App, access_token: string): Promise<string> {
  const renewed = await signer.accessToken({ sid: undefined });
  const refresh_token = refreshTokenOf(access_token);
  await oidc.sessions.rotate({ refresh_token, access_token }, { access_token: renewed });
  return renewed;
}

const TOKENS: [string, (here: App, there: App) => Promise<string>][] = [
  [
    'with sid',
    async (here, there) => {
      const token = await signer.accessToken();
      await save(there, token);
      await untilNear(here, token);
      return token;
    },
  ],
  [
    'without sid, used after it was saved',
    async (here, there) => {
      const token = await signer.accessToken({ sid: undefined });
      await save(there, token);
      await untilNear(here, token);
      return token;
    },
  ],
  [
    'without sid, used before it was saved',
    async (here, there) => {
      const token = await signer.accessToken({ sid: undefined });
      await untilNear(here, token);
      await saveUntilTold(there, token, here);
      return token;
    },
  ],
  [
    'without sub and sid, used after it was saved',
    async (here, there) => {
      const token = await signer.accessToken({ sub: undefined, sid: undefined });
      await save(there, token);
      await untilNear(here, token);
      return token;
    },
  ],
  [
    'that is opaque',
    async (here, there) => {
      const token = randomBytes(32).toString('base64url');
      await save(there, token);
      await untilNear(here, token);
      return token;
    },
  ],
];

const ENDS: [string, (app: App, session: Session) => Promise<unknown>][] = [
  ['its logout', (app, { used }) => logOut(app, used)],
  ['the logout of another token of its session', (app, { other }) => logOut(app, other)],
  ['the end of its session', ({ oidc }) => oidc.sessions.end({ issuer: ISSUER, sid: 'sid-1' })],
  ['the end of its user', ({ oidc }) => oidc.sessions.end({ issuer: ISSUER, sub: 'alice' })],
  ['a Logout Token with sid', (app) => notify(app, { sub: undefined })],
  ['a Logout Token with sub', (app) => notify(app, { sid: undefined })],
  [
    'a frame of the provider',
    ({ app }) => request(app).get(`${FRONT_CHANNEL_LOGOUT}?sid=sid-1`).expect(200),
  ],
];

const TOKENS_AND_ENDS = TOKENS.flatMap(([token, use]) =>
  ENDS.map(([cause, end]) => ({ token, use, cause, end })),
);

describe('nearCache: what was decided', () => {
  it('is not looked up again', async () => {
    const here = start({ nearCache: {} });
    const [first, second] = await ownTokens(2);
    await untilNear(here, first ?? '');
    expect(await isAsked(here, second ?? '')).toBe(true);
    for (let count = 0; count < 20; count++) expect(await isAsked(here, second ?? '')).toBe(false);
    expect(here.events).toEqual([]);
  });

  it('is looked up again after maxStaleness, however often it was used', async () => {
    const here = start({ nearCache: SECOND });
    const token = await ownToken();
    for (let round = 0; round < 2; round++) {
      await untilNear(here, token);
      await until(() => isAsked(here, token));
    }
  });

  it('is strict without the option', async () => {
    const strict = start();
    const token = await ownToken();
    for (let count = 0; count < 5; count++) expect(await isAsked(strict, token)).toBe(true);
    expect(await admin.pubsub('NUMSUB', CHANNEL)).toEqual([CHANNEL, 0]);
  });

  it('is known only of this token', async () => {
    const { here, there } = startBoth();
    const [ended = '', live = ''] = await ownTokens(2);
    await untilNear(here, ended, live);
    await logOut(there, ended);
    await untilRefused(here, ended);
    for (let count = 0; count < 5; count++) {
      expect(await isAsked(here, ended, 401)).toBe(true);
      expect(await isAsked(here, live)).toBe(false);
    }
  });

  it('spares a login after the end, and no token before it', async () => {
    const { here, there } = startBoth();
    const token = await signer.accessToken();
    await untilNear(here, token);
    await there.oidc.sessions.end({ issuer: ISSUER, sid: 'sid-1' });
    await untilRefused(here, token);
    // An end by time is to the second.
    setTime(Date.now() + 1000);
    const later = await signer.accessToken();
    await save(there, later);
    await untilNear(here, later);
    await call(here, token).expect(401, INVALIDATED);
  });
});

describe('nearCache: a token', () => {
  it.each(TOKENS_AND_ENDS)('$token is refused after $cause elsewhere', async ({ use, end }) => {
    const { here, there } = startBoth();
    const used = await use(here, there);
    const other = await refresh(there, used);
    await untilNear(here, used);
    await end(there, { used, other });
    await untilRefused(here, used);
    expect(here.events).toEqual([]);
  });

  it.each(TOKENS_AND_ENDS)(
    '$token is refused by the next answer after $cause here, though nothing is pushed',
    async ({ use, end }) => {
      const { here, there } = startBoth();
      const used = await use(here, there);
      const other = await refresh(there, used);
      await untilNear(here, used);
      proxy.subscriptions = 'mute';
      await end(here, { used, other });
      await call(here, used).expect(401, INVALIDATED);
    },
  );

  it.each(ENDS)('is refused by the next answer after %s here', async (_cause, end) => {
    const here = start({ nearCache: HOUR });
    const used = await signer.accessToken();
    await save(here, used);
    const other = await refresh(here, used);
    await untilNear(here, used);
    await end(here, { used, other });
    await call(here, used).expect(401, INVALIDATED);
  });

  it.each<[string, (app: App) => Promise<unknown>]>([
    ['the end of its session', ({ oidc }) => oidc.sessions.end({ issuer: ISSUER, sid: 'sid-1' })],
    ['a Logout Token with sid', (app) => notify(app, { sub: undefined })],
    ['a Logout Token with sub', (app) => notify(app, { sid: undefined })],
  ])('that was never saved is refused after %s elsewhere', async (_cause, end) => {
    const { here, there } = startBoth();
    const token = await signer.accessToken();
    await untilNear(here, token);
    await end(there);
    await untilRefused(here, token);
  });

  it('is refused when it came by a refresh that is refused elsewhere', async () => {
    const { here, there } = startBoth();
    const access_token = await signer.accessToken();
    await save(there, access_token);
    await there.oidc.sessions.end({ issuer: ISSUER, sid: 'sid-1' });
    const renewed = await signer.accessToken({ sid: undefined });
    await untilNear(here, renewed);
    const old = { access_token, refresh_token: refreshTokenOf(access_token) };
    const rotated = there.oidc.sessions.rotate(old, { access_token: renewed });
    await expect(rotated).rejects.toThrow('has ended');
    await untilRefused(here, renewed);
  });

  it('is refused here at once when it came by a refresh that is refused here', async () => {
    const { here } = startBoth();
    const access_token = await signer.accessToken();
    await save(here, access_token);
    await here.oidc.sessions.end({ issuer: ISSUER, sid: 'sid-1' });
    const renewed = await signer.accessToken({ sid: undefined });
    await untilNear(here, renewed);
    proxy.subscriptions = 'mute';
    const old = { access_token, refresh_token: refreshTokenOf(access_token) };
    const rotated = here.oidc.sessions.rotate(old, { access_token: renewed });
    await expect(rotated).rejects.toThrow('has ended');
    await call(here, renewed).expect(401, INVALIDATED);
  });
});

/** How the subscription is lost, for as long as it takes until it comes back. */
const GAPS: [string, () => Promise<unknown>, () => unknown][] = [
  [
    'is lost',
    () => {
      proxy.subscriptions = 'refuse';
      return admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    () => (proxy.subscriptions = 'pass'),
  ],
  [
    'is not confirmed',
    () => {
      proxy.subscriptions = 'hold';
      return admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    () => {
      proxy.subscriptions = 'pass';
      proxy.cut();
    },
  ],
  [
    'is forbidden',
    async () => {
      await admin.call('ACL', 'SETUSER', 'near', '-subscribe');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    () => admin.call('ACL', 'SETUSER', 'near', '+subscribe'),
  ],
  [
    'went with a Redis that was restarted',
    async () => {
      proxy.subscriptions = 'refuse';
      await shutDown();
      await redis.restart();
      await admin.call('ACL', 'SETUSER', 'near', 'reset', 'on', 'nopass', '~*', '&*', '+@all');
    },
    () => (proxy.subscriptions = 'pass'),
  ],
];

describe('nearCache: while the subscription', () => {
  it.each(GAPS)(
    '%s, Redis decides, and nothing from before is trusted afterwards',
    async (...gap) => {
      const [, lose, regain] = gap;
      const { here, there } = startBoth({ client: { username: 'near', password: 'any' } });
      const [live = '', idle = '', used = ''] = await ownTokens(3);
      await untilNear(here, live, idle);

      await lose();
      await untilLost(here);
      await until(async () => (await call(here, live)).status === 200);
      for (let count = 0; count < 5; count++) expect(await isAsked(here, live)).toBe(true);
      await call(here, used).expect(200);
      for (const token of [idle, used]) {
        await until(async () => (await call(there, token)).status === 200);
        await logOut(there, token);
      }

      await regain();
      await untilNear(here, live);
      await call(here, idle).expect(401, INVALIDATED);
      await call(here, used).expect(401, INVALIDATED);
      expect(here.events.filter(isLoss)).toHaveLength(1);
    },
  );

  it.each(['refuse', 'hold'] as const)(
    'is not there yet (%s), Redis decides, and nothing from before is trusted afterwards',
    async (subscriptions) => {
      proxy.subscriptions = subscriptions;
      const { here, there } = startBoth();
      const [live = '', used = ''] = await ownTokens(2);
      for (let count = 0; count < 5; count++) expect(await isAsked(here, live)).toBe(true);
      await call(here, used).expect(200);
      await logOut(there, used);
      proxy.subscriptions = 'pass';
      proxy.cut();
      await untilNear(here, live);
      await call(here, used).expect(401, INVALIDATED);
    },
  );

  it('is lost again and again, nothing from before is trusted after any gap', async () => {
    const { here, there } = startBoth();
    const [live = '', ...tokens] = await ownTokens(6);
    for (const token of tokens) {
      await untilNear(here, live, token);
      const losses = here.events.filter(isLoss).length;
      proxy.subscriptions = 'refuse';
      proxy.cut();
      await until(() => here.events.filter(isLoss).length > losses);
      await logOut(there, token);
      proxy.subscriptions = 'pass';
      await untilNear(here, live);
      await call(here, token).expect(401, INVALIDATED);
    }
  });
});

describe('nearCache: what is not pushed', () => {
  it('is not heard before maxStaleness', async () => {
    const { here, there } = startBoth();
    const token = await ownToken();
    await untilNear(here, token);
    proxy.subscriptions = 'mute';
    await logOut(there, token);
    expect(await isAsked(here, token)).toBe(false);
  });

  it('takes effect after maxStaleness', async () => {
    const { here, there } = startBoth({ near: SECOND });
    const tokens = await ownTokens(3);
    await untilNear(here, ...tokens);
    proxy.subscriptions = 'mute';
    for (const token of tokens) {
      await logOut(there, token);
      const over = performance.now() + 1000;
      let startedAt: number;
      let status: number;
      do {
        await setTimeout(PAUSE);
        startedAt = performance.now();
        ({ status } = await call(here, token));
      } while (status === 200 && startedAt <= over);
      expect(status).toBe(401);
    }
  });
});

interface Answer {
  readonly token: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: number;
}

interface Logout {
  readonly startedAt: number;
  /** When it was answered 200. */
  readonly endedAt: number;
}

describe('nearCache: whatever happens to Redis and its connections', () => {
  let servers: Server[];

  beforeEach(() => {
    servers = [];
  });

  afterEach(async () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  });

  async function listen({ app }: App): Promise<string> {
    const server = createServer(app).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function statusOf(url: string, init: RequestInit): Promise<number> {
    const response = await fetch(url, init);
    await response.arrayBuffer();
    return response.status;
  }

  function callAt(url: string, token: string): Promise<number> {
    return statusOf(`${url}/api`, { headers: { Authorization: `Bearer ${token}` } });
  }

  function logOutAt(url: string, access_token: string): Promise<number> {
    const body = new URLSearchParams({ access_token });
    return statusOf(url + LOGOUT, { method: 'POST', body });
  }

  it('no request is answered 200 that began maxStaleness after the logout was', async () => {
    const { here, there } = startBoth({ near: SECOND });
    const urls = [await listen(here), await listen(there)] as const;
    const tokens = await ownTokens(100);
    const answers: Answer[] = [];
    const logouts = new Map<string, Logout>();
    let isOver = false;

    const choose = <T>(all: readonly T[]) => all[randomInt(all.length)] as T;

    async function ask(): Promise<void> {
      const token = choose(tokens);
      const startedAt = performance.now();
      const status = await callAt(urls[0], token);
      answers.push({ token, startedAt, endedAt: performance.now(), status });
    }

    async function askSlowly(): Promise<void> {
      await setTimeout(PAUSE);
      await ask();
    }

    async function pause(requests: number): Promise<void> {
      for (let count = randomInt(requests); count > 0; count--) await ask();
    }

    async function useTokens(): Promise<void> {
      while (!isOver) await askSlowly();
    }

    async function logOutSome(): Promise<void> {
      const giveUpAt = performance.now() + 4000;
      for (const token of tokens) {
        if (performance.now() > giveUpAt) return;
        await pause(30);
        const startedAt = performance.now();
        while ((await logOutAt(choose(urls), token)) !== 200) await pause(5);
        logouts.set(token, { startedAt, endedAt: performance.now() });
      }
    }

    async function end(): Promise<void> {
      await logOutSome();
      const last = performance.now() + 1000;
      while (performance.now() <= last) await askSlowly();
      isOver = true;
    }

    const faults: (() => unknown)[] = [
      () => admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub'),
      () => (proxy.subscriptions = 'mute'),
      () => (proxy.subscriptions = 'refuse'),
      proxy.cut,
      async () => {
        await shutDown();
        await pause(50);
        await redis.restart();
      },
    ];

    async function disturb(): Promise<void> {
      for (let count = 0; !isOver; count++) {
        await faults[count % faults.length]?.();
        await pause(100);
        if (randomInt(2) === 0) proxy.subscriptions = 'pass';
        await pause(100);
      }
    }

    await Promise.all([end(), disturb(), useTokens(), useTokens(), useTokens()]);

    const isLate = ({ token, startedAt, status }: Answer) =>
      status === 200 && startedAt > (logouts.get(token)?.endedAt ?? Infinity) + 1000;
    const isEarly = ({ token, endedAt, status }: Answer) =>
      status === 401 && endedAt < (logouts.get(token)?.startedAt ?? Infinity);
    expect(answers.filter(isLate)).toEqual([]);
    expect(answers.filter(isEarly)).toEqual([]);
    const statuses = new Set(answers.map(({ status }) => status));
    expect([200, 401, 503]).toEqual(expect.arrayContaining([...statuses]));
    proxy.subscriptions = 'pass';
  });
});

describe('nearCache: a failed look-up', () => {
  it.each(['deny', 'allow'] as const)(
    'is not remembered (onStoreError: %s)',
    async (onStoreError) => {
      const client = connect({ username: 'near', password: 'any' });
      const here = start({ redis: client, nearCache: HOUR, onStoreError });
      const [live = '', ended = ''] = await ownTokens(2);
      await untilNear(here, live);
      await logOut(start(), ended);
      await admin.call('ACL', 'SETUSER', 'near', '-mget');
      const status = { deny: 503, allow: 200 }[onStoreError];
      for (let count = 0; count < 3; count++) await call(here, ended).expect(status);
      await call(here, live).expect(200);
      await admin.call('ACL', 'SETUSER', 'near', '+mget');
      await call(here, ended).expect(401, INVALIDATED);
    },
  );

  it('lets a token pass (onStoreError: allow) while Redis is away, and not afterwards', async () => {
    const here = start({ nearCache: HOUR, onStoreError: 'allow' });
    const token = await ownToken();
    await untilNear(here, token);
    await shutDown();
    await untilLost(here);
    for (let count = 1; count <= 3; count++) {
      here.events.length = 0;
      await call(here, token).expect(200);
      expect(here.events).toContainEqual([
        'store-error',
        { operation: 'read', reason: 'not-connected' },
      ]);
    }
    await redis.restart();
    const there = start();
    await until(async () => (await call(there, token)).status === 200);
    await logOut(there, token);
    await untilRefused(here, token);
  });
});

describe('nearCache: the connection', () => {
  it('is one more, and closed by close(); the client stays connected, and Redis decides', async () => {
    const client = connect({ connectionName: 'closed' });
    const here = start({ redis: client, nearCache: HOUR });
    const token = await ownToken();
    await untilNear(here, token);
    expect(await connections('closed')).toBe(2);
    await here.oidc.close();
    await until(async () => (await connections('closed')) === 1);
    for (let count = 0; count < 3; count++) expect(await isAsked(here, token)).toBe(true);
    expect([client.status, await client.ping(), here.events]).toEqual(['ready', 'PONG', []]);
  });

  it('closes also while it is being made', async () => {
    const client = connect({ connectionName: 'young' });
    const token = await ownToken();
    await call(start({ redis: client }), token).expect(200);
    const here = start({ redis: client, nearCache: HOUR });
    await here.oidc.close();
    await until(async () => (await connections('young')) === 1);
    expect(await isAsked(here, token)).toBe(true);
    expect([await connections('young'), here.events]).toEqual([1, []]);
  });

  it.each(['refuse', 'hold'] as const)(
    'closes also while it comes back (%s)',
    async (subscriptions) => {
      const { here } = startBoth({ client: { connectionName: subscriptions } });
      const token = await ownToken();
      await untilNear(here, token);
      expect(await connections(subscriptions)).toBe(2);
      proxy.subscriptions = subscriptions;
      proxy.cut();
      await untilLost(here);
      await here.oidc.close();
      await until(async () => (await connections(subscriptions)) === 1);
      proxy.subscriptions = 'pass';
      for (let count = 0; count < 3; count++) expect(await isAsked(here, token)).toBe(true);
      expect(await connections(subscriptions)).toBe(1);
      expect(here.events.filter(isLoss)).toHaveLength(1);
    },
  );

  it.each<[string, () => RedisClient]>([
    ['lazyConnect', () => connect({ lazyConnect: true })],
    ['enableOfflineQueue: false', () => connect({ enableOfflineQueue: false })],
    ['autoResubscribe: false', () => connect({ autoResubscribe: false })],
    ['enableReadyCheck: false', () => connect({ enableReadyCheck: false })],
    ['maxRetriesPerRequest: null', () => connect({ maxRetriesPerRequest: null })],
    ['keyPrefix', () => connect({ keyPrefix: 'client:' })],
    [
      'protocol: 3',
      () => keep(new Redis({ path: redis.path, protocol: 3, replyMapping: 'resp3' })),
    ],
    ['enableAutoPipelining', () => connect({ enableAutoPipelining: true })],
    ['ioredis 5', () => keep(new Redis5(redis.path))],
    ['ioredis 5 and lazyConnect', () => keep(new Redis5({ path: redis.path, lazyConnect: true }))],
  ])('works with a client of %s, also after it was lost', async (_what, createClient) => {
    const here = start({ redis: createClient(), nearCache: HOUR });
    const there = start({ redis: createClient() });
    const [live = '', first = '', second = ''] = await ownTokens(3);
    await until(async () => (await call(here, live)).status === 200);
    await untilNear(here, live, first, second);
    await logOut(there, first);
    await untilRefused(here, first);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await untilLost(here);
    await untilNear(here, live, second);
    await logOut(there, second);
    await untilRefused(here, second);
    expect(here.events).toEqual([
      ['store-error', { operation: 'subscribe', reason: 'not-connected' }],
    ]);
  });
});

describe('nearCache: somebody else publishes', () => {
  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['1 MB', 'a'.repeat(2 ** 20)],
    ['1 MB of spaces', ' '.repeat(2 ** 20)],
    ['1 MB of names', 'ab '.repeat(2 ** 18)],
    ['bytes', randomBytes(1000)],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x20, 0xc0, 0x80, 0x00])],
    ['names of an object', '__proto__ constructor toString hasOwnProperty'],
    ['lines', '\r\n\r\n+OK\r\n'],
    ['JSON', '{"keys":["a"]}'],
  ])('%s, and nothing changes', async (_what, message) => {
    const { here, there } = startBoth();
    const [live = '', ended = '', next = ''] = await ownTokens(3);
    await logOut(there, ended);
    await untilNear(here, live, next);
    for (let count = 0; count < 3; count++) await admin.publish(CHANNEL, message);
    await call(here, live).expect(200);
    await call(here, ended).expect(401, INVALIDATED);
    await untilNear(here, live, next);
    await logOut(there, next);
    await untilRefused(here, next);
    await call(here, live).expect(200);
    expect(here.events).toEqual([]);
  });
});

describe('nearCache: in memory', () => {
  it('nothing is nearer', async () => {
    const alone = start({ redis: undefined, nearCache: {} });
    const token = await ownToken();
    const before = await reads();
    await call(alone, token).expect(200);
    await logOut(alone, token);
    await call(alone, token).expect(401, INVALIDATED);
    expect(await reads()).toBe(before);
    await alone.oidc.close();
    await call(alone, token).expect(401, INVALIDATED);
  });
});
