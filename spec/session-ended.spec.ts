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
import { Redis, type RedisOptions } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import request from 'supertest';
import type { OidcLogoutOptions, RedisClient, SessionEndedEvent } from '../lib/index.ts';
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
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { until } from './support/until.ts';

const CHANNEL = 'oidc1:session-ended';
const ISSUER = 'https://op.example.com';
const OWNER = { issuer: ISSUER, subject: 'alice', sid: 'sid-1' };
const ENDED = { ...OWNER, revokesOfflineAccess: false };

const messageOf = (owner: unknown, claimant: unknown = 'app::') =>
  JSON.stringify({ event: 'event', claimant, owner });

/** What somebody else may publish on the channel. */
const MESSAGES = [
  '',
  'text',
  '{',
  'null',
  '1',
  '"text"',
  '[]',
  '[{}]',
  '{}',
  JSON.stringify({ ...OWNER, cause: 'app', origin: 'of another version' }),
  JSON.stringify({ event: 'event', claimant: 'app::' }),
  JSON.stringify({ event: 1, claimant: 'app::', owner: JSON.stringify(OWNER) }),
  messageOf(OWNER),
  messageOf(JSON.stringify(OWNER), 'other::'),
  messageOf(JSON.stringify(OWNER), ['app::']),
  messageOf(''),
  messageOf('{'),
  messageOf('null'),
  messageOf('[]'),
  messageOf('{"subject":"alice","sid":"sid-1"}'),
  messageOf('{"issuer":1}'),
  messageOf('{"issuer":"https://op.example.org"}'),
  messageOf('{"issuer":"https://op.example.com","sid":1}'),
  messageOf('{"issuer":"https://op.example.com","sid":{"toString":1}}'),
  messageOf('{"issuer":"https://op.example.com","subject":["alice"]}'),
  messageOf('{"__proto__":{"issuer":"https://op.example.com"}}'),
  '['.repeat(1000),
];

/** An app that listens, and what it heard. */
interface Listening extends App {
  readonly heard: SessionEndedEvent[];
}

let redis: RedisServer;
let admin: Redis;
let signer: Signer;
let apps: App[];
let clients: { disconnect(): void }[];

beforeAll(async () => {
  redis = await startRedisServer();
  admin = redis.connect();
  signer = await createSigner(ISSUER);
});

afterAll(() => redis.close());

beforeEach(() => {
  apps = [];
  clients = [];
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

async function connections(): Promise<number> {
  return String(await admin.client('LIST'))
    .trim()
    .split('\n').length;
}

function keep<Client extends { disconnect(): void }>(client: Client): Client {
  clients.push(client);
  return client;
}

function connect(options: Omit<RedisOptions, 'replyMapping'> = {}): Redis {
  const client = new Redis({ path: redis.path, retryStrategy: () => 20, ...options });
  client.on('error', () => undefined);
  return keep(client);
}

function start(options: Partial<OidcLogoutOptions> = {}): App {
  const app = appWith({ ...optionsFor(signer), redis: connect(), ...options });
  apps.push(app);
  return app;
}

function listen(options: Partial<OidcLogoutOptions> = {}): Listening {
  const app = start(options);
  const heard: SessionEndedEvent[] = [];
  app.oidc.on('session-ended', (event) => heard.push(event));
  return { ...app, heard };
}

async function listenInTwoProcesses(): Promise<[Listening, Listening]> {
  const both: [Listening, Listening] = [listen(), listen()];
  await subscribers(2);
  return both;
}

async function login({ oidc }: App, claims: Claims = {}): Promise<string> {
  const access_token = await signer.accessToken(claims);
  await oidc.sessions.save({ access_token, id_token: await signer.idToken(claims) });
  return access_token;
}

const logOut = ({ app }: App, access_token: string) =>
  request(app).post(LOGOUT).send({ access_token }).expect(200);

const notify = async ({ app }: App, claims: Claims = {}) =>
  request(app)
    .post(BACK_CHANNEL_LOGOUT)
    .type('form')
    .send({ logout_token: await signer.logoutToken(claims) })
    .expect(200);

const end = ({ oidc }: App, sid = 'sid-1') => oidc.sessions.end({ issuer: ISSUER, sid });

let serial = 0;

/**
 * What each app heard until now. An end of its own marks the time: what the same app told before it is
 * heard before it.
 */
async function heardBy(teller: App, ...listeners: Listening[]): Promise<SessionEndedEvent[][]> {
  const marker = `marker-${++serial}`;
  await end(teller, marker);
  const isMarker = ({ sid }: SessionEndedEvent) => sid?.startsWith('marker-') === true;
  for (const { heard } of listeners) await until(() => heard.some(({ sid }) => sid === marker));
  return listeners.map(({ heard }) => heard.filter((event) => !isMarker(event)));
}

describe('session-ended', () => {
  it.each<[string, string, (one: App, access_token: string) => Promise<unknown>]>([
    ['logout', 'its access token', logOut],
    ['back-channel', 'sub and sid', (one) => notify(one)],
    ['back-channel', 'sid alone', (one) => notify(one, { sub: undefined })],
    ['back-channel', 'sub alone', (one) => notify(one, { sid: undefined })],
    ['front-channel', 'sid', ({ app }) => request(app).get(`${FRONT_CHANNEL_LOGOUT}?sid=sid-1`)],
    ['app', 'sid', (one) => end(one)],
    ['app', 'sub', ({ oidc }) => oidc.sessions.end({ issuer: ISSUER, sub: 'alice' })],
  ])('of cause %s, by %s, is heard once in each process', async (cause, _name, trigger) => {
    const [one, other] = await listenInTwoProcesses();
    await trigger(one, await login(one));
    const event = { ...ENDED, cause };
    expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
  });

  it('is heard once for each session of a user', async () => {
    const [one, other] = await listenInTwoProcesses();
    for (const sid of ['laptop', 'phone']) await login(one, { sid });
    await login(one, { sub: 'bob', sid: 'bobs' });
    await one.oidc.sessions.end({ issuer: ISSUER, sub: 'alice' });
    for (const heard of await heardBy(one, one, other)) {
      expect(heard.map(({ sid }) => sid).sort()).toEqual(['laptop', 'phone']);
    }
  });

  it.each<[string, (one: App) => Promise<unknown>, object]>([
    [
      'of a user without saved sessions, without sid',
      ({ oidc }) => oidc.sessions.end({ issuer: ISSUER, sub: 'alice' }),
      { issuer: ISSUER, subject: 'alice', cause: 'app', revokesOfflineAccess: false },
    ],
    [
      'of a session that was not saved, without subject',
      (one) => end(one),
      { issuer: ISSUER, sid: 'sid-1', cause: 'app', revokesOfflineAccess: false },
    ],
    [
      'of a token that was not saved',
      async (one) => logOut(one, await signer.accessToken()),
      { ...ENDED, cause: 'logout' },
    ],
  ])('is heard %s', async (_what, trigger, event) => {
    const [one, other] = await listenInTwoProcesses();
    await trigger(one);
    expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
  });

  it('is not heard where nothing ended', async () => {
    const [one, other] = await listenInTwoProcesses();
    await request(one.app).post(LOGOUT).send({ access_token: 'forged' }).expect(401);
    await request(one.app).get(`${FRONT_CHANNEL_LOGOUT}?sid=unknown`).expect(200);
    await request(one.app).post(BACK_CHANNEL_LOGOUT).type('form').send({}).expect(400);
    expect(await heardBy(one, one, other)).toEqual([[], []]);
  });

  it('is not heard while the end cannot be stored, and once when its repetition is', async () => {
    const [one, other] = await listenInTwoProcesses();
    const access_token = await login(one);
    await admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha');
    const answer = await request(one.app).post(LOGOUT).send({ access_token });
    expect([answer.status, one.heard, other.heard]).toEqual([503, [], []]);
    await admin.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha');
    await until(() => one.heard.length > 0);
    const event = { ...ENDED, cause: 'logout' };
    expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
  });

  it.each<[string, string | undefined]>([
    ['that was saved', 'sid-1'],
    ['whose access token has no sid', undefined],
  ])(
    'is heard once when the provider tells of a logout too, of a session %s',
    async (_what, sid) => {
      const [one, other] = await listenInTwoProcesses();
      const access_token = await signer.accessToken({ sid });
      await one.oidc.sessions.save({ access_token, id_token: await signer.idToken() });
      await logOut(one, access_token);
      await notify(other);
      await request(one.app).get(`${FRONT_CHANNEL_LOGOUT}?sid=sid-1`).expect(200);
      const event = { ...ENDED, cause: 'logout' };
      await heardBy(other, one, other);
      expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
    },
  );

  it.each<[string, (one: App) => Promise<unknown>]>([
    ['by sid', (one) => end(one)],
    ['by sub', ({ oidc }) => oidc.sessions.end({ issuer: ISSUER, sub: 'alice' })],
  ])('is heard once when the app ends a session %s twice', async (_how, trigger) => {
    const [one, other] = await listenInTwoProcesses();
    await login(one);
    await trigger(one);
    await trigger(one);
    const event = { ...ENDED, cause: 'app' };
    expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
  });

  it('is heard once when a logout is repeated', async () => {
    const [one, other] = await listenInTwoProcesses();
    const access_token = await login(one);
    await logOut(one, access_token);
    await logOut(one, access_token);
    const event = { ...ENDED, cause: 'logout' };
    expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
  });

  it('is heard again when the user logged in again in between', async () => {
    const [one, other] = await listenInTwoProcesses();
    for (let round = 0; round < 2; round++) {
      // An end by time is to the second.
      setTime(Date.now() + 1000 * round);
      await login(one);
      await end(one);
    }
    const event = { ...ENDED, cause: 'app' };
    const twice = [event, event];
    expect(await heardBy(one, one, other)).toEqual([twice, twice]);
  });

  it('is not heard by other apps on the same Redis, which have another keyPrefix', async () => {
    const [one] = await listenInTwoProcesses();
    const stranger = listen({ keyPrefix: 'stranger:' });
    await end(one);
    expect(await heardBy(stranger, stranger)).toEqual([[]]);
  });

  it('is not heard any more after off', async () => {
    const one = start();
    const heard: unknown[] = [];
    const listener = (event: unknown) => void heard.push(event);
    one.oidc.on('session-ended', listener).off('session-ended', listener);
    await end(one);
    expect(heard).toEqual([]);
  });

  it('harms no logout when its listener throws', async () => {
    const one = start();
    one.oidc.on('session-ended', () => {
      throw new Error('listener');
    });
    await logOut(one, await login(one));
    expect(one.events).toContainEqual([
      'listener-error',
      { event: 'session-ended', error: new Error('listener') },
    ]);
  });

  it('is heard in the one process that has no Redis', async () => {
    const alone = listen({ redis: undefined });
    await logOut(alone, await login(alone));
    expect(alone.heard).toEqual([{ ...ENDED, cause: 'logout' }]);
  });

  it('is told on the channel without any token, state or secret', async () => {
    const [one] = await listenInTwoProcesses();
    const messages: string[] = [];
    const raw = connect();
    raw.on('message', (_channel, message) => messages.push(message));
    await raw.subscribe(CHANNEL);
    const access_token = await login(one);
    await logOut(one, access_token);
    await end(one);
    await heardBy(one, one);
    await until(() => messages.length === 2);
    const [logout = ''] = messages;
    expect(JSON.parse(logout)).toEqual({
      event: expect.stringMatching(/^\d{10} [\w-]{11}$/),
      claimant: expect.stringMatching(/^logout:[\w-]{22}:$/),
      owner: JSON.stringify(OWNER),
    });
    raw.disconnect();
  });
});

describe('the connection of session-ended', () => {
  it('is not made for an app that does not listen', async () => {
    const one = start();
    await login(one);
    const before = await connections();
    await end(one);
    one.oidc.on('logout', () => undefined);
    expect(await connections()).toBe(before);
    expect(await admin.pubsub('NUMSUB', CHANNEL)).toEqual([CHANNEL, 0]);
  });

  it('is one for all listeners, and closed by close(); the client of the app stays connected', async () => {
    const client = connect();
    const one = start({ redis: client });
    await login(one);
    const before = await connections();
    for (let count = 0; count < 3; count++) one.oidc.on('session-ended', () => undefined);
    await subscribers(1);
    expect(await connections()).toBe(before + 1);
    await one.oidc.close();
    await subscribers(0);
    await until(async () => (await connections()) === before);
    expect([client.status, await client.ping()]).toEqual(['ready', 'PONG']);
    expect(one.events.map(([name]) => name)).not.toContain('store-error');
  });

  it('is closed also while it is being made', async () => {
    const one = start();
    await login(one);
    const before = await connections();
    one.oidc.on('session-ended', () => undefined);
    await one.oidc.close();
    await until(async () => (await connections()) === before);
    await login(one);
    expect([await connections(), one.events]).toEqual([before, []]);
  });

  it('harms nobody where there is no Redis at all', async () => {
    const path = '/nowhere/redis.sock';
    const one = listen({ redis: connect({ path, retryStrategy: () => null }) });
    await until(() => one.events.some(isLoss));
    expect(one.events).toEqual([
      ['store-error', { operation: 'subscribe', reason: 'not-connected' }],
    ]);
  });

  it('is not made after close()', async () => {
    const one = start();
    await login(one);
    const before = await connections();
    await one.oidc.close();
    one.oidc.on('session-ended', () => undefined);
    await call(one, await signer.accessToken()).expect(200);
    expect(await connections()).toBe(before);
  });

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
  ])('works with a client of %s, also after it was lost', async (_what, createClient) => {
    const one = listen({ redis: createClient() });
    const other = listen({ redis: createClient() });
    await subscribers(2);
    await end(one);
    await heardBy(one, one, other);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => [one, other].every(({ events }) => events.some(isLoss)));
    await subscribers(2);
    await end(one, 'sid-2');
    const event = { issuer: ISSUER, cause: 'app', revokesOfflineAccess: false };
    const events = [
      { ...event, sid: 'sid-1' },
      { ...event, sid: 'sid-2' },
    ];
    expect(await heardBy(one, one, other)).toEqual([events, events]);
    const losses = [one, other].map((each) =>
      each.events.filter(([name]) => name === 'store-error'),
    );
    const loss = ['store-error', { operation: 'subscribe', reason: 'not-connected' }];
    expect(losses).toEqual([[loss], [loss]]);
  });

  it('comes back by itself after each loss, and tells of each', async () => {
    const one = listen();
    for (let round = 1; round <= 3; round++) {
      await subscribers(1);
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await until(() => one.events.filter(isLoss).length === round);
    }
    await subscribers(1);
    expect(one.events).toHaveLength(3);
  });

  it('comes back when Redis is restarted, and tells of it once', async () => {
    const [one, other] = await listenInTwoProcesses();
    await redis.kill();
    await until(() => [one, other].every(({ events }) => events.some(isLoss)));
    await redis.restart();
    await subscribers(2);
    await until(() => isReady(one));
    await end(one);
    const event = { issuer: ISSUER, sid: 'sid-1', cause: 'app', revokesOfflineAccess: false };
    expect(await heardBy(one, one, other)).toEqual([[event], [event]]);
    expect(other.events.filter(isLoss)).toHaveLength(1);
  });

  it('may be forbidden: that is told, and everything else works', async () => {
    await admin.call('ACL', 'SETUSER', 'deaf', 'on', 'nopass', '~*', '&*', '+@all', '-subscribe');
    const deaf = listen({ redis: connect({ username: 'deaf', password: 'any' }) });
    const other = listen();
    await subscribers(1);
    await until(() => deaf.events.length > 0);
    const access_token = await login(deaf);
    await logOut(deaf, access_token);
    await call(deaf, access_token).expect(401);
    const event = { ...ENDED, cause: 'logout' };
    expect(await heardBy(deaf, deaf, other)).toEqual([[event], [event]]);
    expect(deaf.events.filter(([name]) => name === 'store-error')).toEqual([
      ['store-error', { operation: 'subscribe', reason: 'NOPERM' }],
    ]);
    await admin.call('ACL', 'DELUSER', 'deaf');
  });

  it('may be forbidden to publish on: that is told by a 503, and the session is ended', async () => {
    await admin.call('ACL', 'SETUSER', 'mute', 'on', 'nopass', '~*', '&oidc1:changed', '+@all');
    const mute = start({ redis: connect({ username: 'mute', password: 'any' }) });
    const access_token = await login(mute);
    await request(mute.app).post(LOGOUT).send({ access_token }).expect(503);
    await call(mute, access_token).expect(401);
    expect(mute.events).toContainEqual([
      'store-error',
      { operation: 'endSession', reason: 'NOPERM' },
    ]);
    await logOut(mute, access_token);
    await mute.oidc.close();
    await admin.call('ACL', 'DELUSER', 'mute');
  });

  it.each(MESSAGES)('survives the message %j, and goes on', async (message) => {
    const one = listen();
    await subscribers(1);
    await admin.publish(CHANNEL, message);
    const other = start();
    expect(await heardBy(other, one)).toEqual([[]]);
    expect(one.events.filter(([name]) => name !== 'invalidated')).toEqual([]);
  });

  it('hands on no more of a message than the members of the event', async () => {
    const one = listen();
    await subscribers(1);
    const event = { ...ENDED, cause: 'app' };
    const owner = JSON.stringify({ ...OWNER, cause: 'login', then: 1, extra: 'y' });
    const message = { event: 'event', claimant: 'app::', owner, origin: 'x' };
    await admin.publish(CHANNEL, JSON.stringify(message));
    expect(await heardBy(start(), one)).toEqual([[event]]);
  });
});

function isLoss([name, event]: App['events'][number]): boolean {
  return name === 'store-error' && 'operation' in event && event.operation === 'subscribe';
}

async function isReady(app: App): Promise<boolean> {
  return (await call(app, await signer.accessToken())).status === 200;
}
