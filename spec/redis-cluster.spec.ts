import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
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
import type { Cluster } from 'ioredis';
import request from 'supertest';
import { type OidcLogoutOptions, SessionEndedError, type SessionEndedEvent } from '../lib/index.ts';
import { RedisKeys } from '../lib/store/redis/keys.ts';
import { readAccessToken } from '../lib/token/access-token-text.ts';
import { accessTokenKey, sessionKey } from '../lib/token/token-keys.ts';
import { type App, BACK_CHANNEL_LOGOUT, LOGGED_OUT, LOGOUT } from './support/app.ts';
import type { Claims } from './support/provider.ts';
import { type RedisCluster, startRedisCluster } from './support/redis-cluster.ts';
import { addressOf, HOST, poll, type RedisNode, subscribersAt } from './support/redis-node.ts';
import {
  ANSWERED_WITHIN,
  call,
  expectAlive,
  expectDead,
  expectPushed,
  expectUnavailable,
  type Instance,
  login,
  logOut,
  newOwner,
  newToken,
  redirectOf,
  type Running,
  signer,
  startApp,
  startTraffic,
  tokensOf,
  type Traffic,
  untilServed,
} from './support/redis-traffic.ts';

jest.setTimeout(60_000);

const SESSION_ENDED = 'oidc1:session-ended';
const CHANGED = 'oidc1:changed';
/** Of an unsaved token that was logged out: the token's and its session's. */
const ENTRY = /^oidc1:[xt]/;
/** What scripts touch together has the hash tag of its session or user, or of a part of the Cluster. */
const TAGGED = /^oidc1:(?:[xsul]\{[\w-]{22}\}|e\{\d{1,2}\})$/;

const DURABILITY = { replicas: 1, timeout: 0.2 };
/** So long that nothing here is ever looked up again for its age. */
const HOUR = { maxStaleness: 3600 };

/** The app in another process, with a client of its own. */
const OTHER_PROCESS = `
import { Cluster } from 'ioredis';
import { appWith, optionsFor } from './spec/support/app.ts';
const [signer, nodes] = JSON.parse(process.argv[1]);
const { app } = appWith({ ...optionsFor(signer), redis: new Cluster(nodes) });
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

let cluster: RedisCluster;
let apps: Running[];
let clients: Cluster[];
let one: Running;
let other: Running;

beforeAll(async () => {
  cluster = await startRedisCluster();
});

afterAll(() => cluster.stop());

beforeEach(() => {
  [apps, clients] = [[], []];
});

afterEach(async () => {
  for (const app of apps) await app.stop();
  for (const client of clients) client.disconnect();
  await cluster.heal();
  for (const { client } of await cluster.masters()) await client.flushall();
});

async function start(options: Partial<OidcLogoutOptions> = {}): Promise<Running> {
  const redis = cluster.createClient();
  clients.push(redis);
  const app = await startApp({ redis, ...options });
  apps.push(app);
  return app;
}

async function startBoth(options: Partial<OidcLogoutOptions> = {}): Promise<void> {
  [one, other] = [await start(options), await start(options)];
}

async function notify({ url }: Instance, claims: Claims): Promise<void> {
  const logout_token = await signer.logoutToken(claims);
  const test = request(url).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });
  await test.timeout(ANSWERED_WITHIN).expect(200, '');
}

/** New tokens are alive until they are logged out, with every client, wherever their keys are. */
async function expectAllWorks(...instances: Instance[]): Promise<void> {
  for (const instance of instances) {
    for (let count = 0; count < 20; count++) {
      const access_token = await newToken();
      await expectAlive(access_token, ...instances);
      await logOut(instance, access_token).expect(200);
      await expectDead(access_token, ...instances);
    }
  }
}

/** Keys that a node holds, of its own or as a replica. */
async function keysOf({ client }: RedisNode, pattern: RegExp): Promise<string[]> {
  return (await client.keys('*')).filter((key) => pattern.test(key)).sort();
}

async function keysOfAll(nodes: RedisNode[], pattern: RegExp): Promise<string[]> {
  return (await Promise.all(nodes.map((node) => keysOf(node, pattern)))).flat().sort();
}

async function replicas(): Promise<RedisNode[]> {
  const masters = await cluster.masters();
  return (await Promise.all(masters.map((master) => cluster.replicasOf(master)))).flat();
}

/** Kills it, and has it replaced once a request was answered 503. */
async function replaceDuring(traffic: Traffic, master: RedisNode): Promise<void> {
  await master.kill();
  await traffic.untilUnavailable();
  await cluster.replaceKilled(master);
}

interface Listening extends Running {
  readonly heard: SessionEndedEvent[];
}

async function listen(options: Partial<OidcLogoutOptions> = {}): Promise<Listening> {
  const app = await start(options);
  const heard: SessionEndedEvent[] = [];
  app.oidc.on('session-ended', (event) => heard.push(event));
  return { ...app, heard };
}

/** How many listen to a channel at each node that runs. */
async function subscribers(channel: string): Promise<Map<RedisNode, number>> {
  const running = cluster.nodes.filter(({ state }) => state === 'running');
  const counts = running.map(async (node) => [node, await subscribersAt(node, channel)] as const);
  return new Map(await Promise.all(counts));
}

async function untilSubscribed(channel: string, count: number): Promise<void> {
  await poll(async () => {
    const counts = [...(await subscribers(channel)).values()];
    return counts.reduce((sum, each) => sum + each) === count;
  });
}

/** The node where the only listener to a channel listens. */
async function onlyNodeWith(channel: string): Promise<RedisNode> {
  await untilSubscribed(channel, 1);
  const [node] = [...(await subscribers(channel))].find(([, count]) => count === 1) ?? [];
  if (node === undefined) throw new Error(`Nobody listens to ${channel}`);
  return node;
}

async function startProcess(): Promise<{ url: string; process: ChildProcess }> {
  const input = JSON.stringify([
    { issuer: signer.issuer, jwk: signer.jwk },
    cluster.nodes.map(addressOf),
  ]);
  const args = ['--import', 'tsx', '--input-type=module', '--eval', OTHER_PROCESS, input];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const port of createInterface(child.stdout)) {
    return { url: `http://127.0.0.1:${port}`, process: child };
  }
  throw new Error('The app did not start');
}

describe('two processes with one Redis Cluster', () => {
  let process: ChildProcess;
  let second: Instance;

  beforeAll(async () => {
    ({ process, ...second } = await startProcess());
  });

  afterAll(async () => {
    process.kill();
    await once(process, 'exit');
  });

  beforeEach(async () => {
    one = await start();
  });

  afterEach(() => {
    expect(one.events.filter(([name]) => name === 'store-error')).toEqual([]);
  });

  it.each<[string, () => Promise<string>]>([
    ['with sid, saved', async () => (await login(one)).access_token],
    ['without sid, saved', async () => (await login(one, { sid: undefined })).access_token],
    ['with sid, not saved', () => newToken()],
    ['without sid, not saved', () => signer.accessToken({ sid: undefined })],
  ])('a token %s is dead in one when it was logged out in the other', async (_what, issue) => {
    for (const [here, there] of [
      [one, second],
      [second, one],
    ] as const) {
      const access_token = await issue();
      const neighbour = await newToken();
      await expectAlive(access_token, here, there);
      const redirect = redirectOf(await logOut(here, access_token).expect(200));
      expect(redirect.searchParams.get('state')).toMatch(/^[\w-]{43}$/);
      await expectDead(access_token, there, here);
      await expectAlive(neighbour, there, here);
    }
  });

  it('a logout reaches the other tokens of its session, and its retry the same answer', async () => {
    const owner = newOwner();
    const { access_token, id_token } = await login(one, owner);
    const sibling = await signer.accessToken(owner);
    const first = redirectOf(await logOut(second, access_token).expect(200));
    expect(first.searchParams.get('id_token_hint')).toBe(id_token);
    expect(redirectOf(await logOut(one, access_token).expect(200))).toEqual(first);
    await expectDead(sibling, one, second);
  });

  it.each([undefined, 'sid-1'])('a refresh keeps the session (sid %s)', async (sid) => {
    const claims = { sub: newOwner().sub, sid };
    const old = await login(one, claims);
    const renewed = await tokensOf(claims);
    await one.oidc.sessions.rotate(old, renewed);
    await expectAlive(renewed.access_token, one, second);
    await logOut(second, renewed.access_token).expect(200);
    await expectDead(old.access_token, one, second);
    await expectDead(renewed.access_token, one, second);
    const late = await tokensOf(claims);
    await expect(one.oidc.sessions.rotate(renewed, late)).rejects.toThrow(SessionEndedError);
    await expectDead(late.access_token, one, second);
  });

  it('the end of a user ends all that the user has, and nobody else has', async () => {
    const { sub } = newOwner();
    const laptop = await login(one, { sub, sid: newOwner().sid });
    const phone = await login(one, { sub, sid: undefined });
    const unsaved = await signer.accessToken({ sub, sid: newOwner().sid });
    const neighbour = await login(one);
    await one.oidc.sessions.end({ issuer: signer.issuer, sub });
    await expectDead(laptop.access_token, second, one);
    await expectDead(phone.access_token, second, one);
    await expectDead(unsaved, second, one);
    await expectAlive(neighbour.access_token, second, one);
  });

  it('the provider ends a session, or all of a user', async () => {
    const { sub, sid } = newOwner();
    const laptop = await login(one, { sub, sid });
    const phone = await login(one, { sub, sid: newOwner().sid });
    await notify(second, { sub, sid });
    await expectDead(laptop.access_token, one, second);
    await expectAlive(phone.access_token, one, second);
    await notify(one, { sub, sid: undefined });
    await expectDead(phone.access_token, second, one);
  });

  it('a browser that logged out in one comes back to the other, once', async () => {
    const access_token = await newToken();
    const answer = await logOut(second, access_token).set('Return-To', '/shop').expect(200);
    const state = redirectOf(answer).searchParams.get('state') ?? '';
    const cookie = answer.get('Set-Cookie')?.[0]?.split(';')[0] ?? '';
    const comeBack = () =>
      request(one.url).get(`${LOGGED_OUT}?state=${state}`).set('Cookie', cookie);
    await comeBack().expect(200, { outcome: 'verified', returnTo: '/shop' });
    await comeBack().expect(200, { outcome: 'mismatch' });
  });

  it('spread the list over all masters, by its digests', async () => {
    await Promise.all(
      Array.from({ length: 300 }, async () => logOut(one, await newToken()).expect(200)),
    );
    const masters = await cluster.masters();
    const perMaster = await Promise.all(masters.map((master) => keysOf(master, ENTRY)));
    // A token and its session each.
    expect(perMaster.flat()).toHaveLength(600);
    expect(perMaster).toHaveLength(3);
    for (const { length } of perMaster) expect(length).toBeGreaterThan(600 * 0.15);
    for (const key of await keysOfAll(masters, /[{}]/)) expect(key).toMatch(TAGGED);
  });
});

describe('session-ended on a Redis Cluster', () => {
  async function untilHeard({ heard }: Listening, count: number): Promise<void> {
    await poll(() => Promise.resolve(heard.length >= count));
  }

  it('is heard once in each process, whatever nodes they listen at', async () => {
    const listeners = await Promise.all(Array.from({ length: 6 }, listen));
    await untilSubscribed(SESSION_ENDED, listeners.length);
    const sids: string[] = [];
    for (const teller of listeners) {
      for (let count = 0; count < 3; count++) {
        const { sub, sid } = newOwner();
        await logOut(teller, await signer.accessToken({ sub, sid })).expect(200);
        sids.push(sid);
      }
    }
    for (const listener of listeners) {
      await untilHeard(listener, sids.length);
      expect(listener.heard.map(({ sid }) => sid).sort()).toEqual([...sids].sort());
    }
    expect(listeners.flatMap(({ events }) => events).filter(isStoreError)).toEqual([]);
  });

  it('is heard again after the node was killed where it was listened to, and the loss is told', async () => {
    const listener = await listen();
    const node = await onlyNodeWith(SESSION_ENDED);
    await node.kill();
    await poll(() => Promise.resolve(listener.events.some(isStoreError)));
    await cluster.replaceKilled(node);
    await untilSubscribed(SESSION_ENDED, 1);
    expect(listener.events.filter(isStoreError)).toEqual([
      ['store-error', { operation: 'subscribe', reason: 'not-connected' }],
    ]);
    const teller = await start();
    await untilServed(teller);
    const { sub, sid } = newOwner();
    await logOut(teller, await signer.accessToken({ sub, sid })).expect(200);
    await poll(() => Promise.resolve(listener.heard.some((event) => event.sid === sid)));
  });
});

function isStoreError([name]: App['events'][number]): boolean {
  return name === 'store-error';
}

function isSubscribeError([name, event]: App['events'][number]): boolean {
  return name === 'store-error' && 'operation' in event && event.operation === 'subscribe';
}

describe('nearCache on a Redis Cluster', () => {
  /** Pushes of a token and its session each, so many that they come from every master. */
  async function expectPushedFromAll(): Promise<void> {
    const masters = await cluster.masters();
    const listed = () => Promise.all(masters.map((master) => keysOf(master, ENTRY)));
    const before = await listed();
    for (let count = 0; count < 20; count++) await expectPushed(one, other, cluster.nodes);
    const added = (await listed()).map(
      ({ length }, index) => length - (before[index]?.length ?? 0),
    );
    expect(added.reduce((sum, each) => sum + each)).toBe(40);
    expect(added).toHaveLength(3);
    for (const count of added) expect(count).toBeGreaterThan(0);
  }

  /** Waits until the clients have another master for all keys of this one. */
  async function untilForgotten({ port }: RedisNode): Promise<void> {
    await poll(async () => {
      await untilServed(one, other);
      for (const client of clients) client.refreshSlotsCache();
      return clients.every(({ slots }) => slots.every(([master]) => master !== `${HOST}:${port}`));
    });
  }

  it('is told of the logouts elsewhere by every master', async () => {
    await startBoth({ nearCache: HOUR });
    await untilSubscribed(CHANGED, 2);
    await expectPushedFromAll();
    expect([...one.events, ...other.events].filter(isStoreError)).toEqual([]);
  });

  it('tells of no loss at the mere start', async () => {
    const started = await Promise.all(Array.from({ length: 6 }, () => start({ nearCache: HOUR })));
    await untilSubscribed(CHANGED, started.length);
    expect(started.flatMap(({ events }) => events)).toEqual([]);
  });

  /** Starts the other app, again and again until it listens at a node of this kind. */
  async function startOtherAt(kind: 'master' | 'replica'): Promise<RedisNode> {
    const masters = await cluster.masters();
    for (;;) {
      other = await start({ nearCache: HOUR });
      const node = await onlyNodeWith(CHANGED);
      if (masters.includes(node) === (kind === 'master')) return node;
      await other.oidc.close();
      await untilSubscribed(CHANGED, 0);
    }
  }

  it.each(['master', 'replica'] as const)(
    'is told again after the %s was killed where it listened, and the loss is told',
    async (kind) => {
      const node = await startOtherAt(kind);
      one = await start({ nearCache: HOUR });
      await untilSubscribed(CHANGED, 2);
      await expectPushed(one, other, cluster.nodes);
      await node.kill();
      await cluster.replaceKilled(node);
      await untilSubscribed(CHANGED, 2);
      await untilForgotten(node);
      await expectPushedFromAll();
      expect(other.events.filter(isSubscribeError)).toEqual([
        ['store-error', { operation: 'subscribe', reason: 'not-connected' }],
      ]);
    },
  );
});

describe('a master that is killed', () => {
  it('is a 503 at worst until its replica has taken over, and then all works again', async () => {
    await startBoth();
    const traffic = startTraffic([one, other], { durable: false });
    await traffic.until(20);
    await replaceDuring(traffic, await cluster.masterOf('any'));
    await untilServed(one, other);
    await traffic.until(20);
    await traffic.stop();
    await expectAllWorks(one, other);
  });

  it('takes no logout with it that was answered, where logouts are durable', async () => {
    await startBoth({ durability: DURABILITY });
    const traffic = startTraffic([one, other], { durable: true });
    await traffic.until(20);
    await replaceDuring(traffic, await cluster.masterOf('any'));
    // The new master has no replica until the old one is back.
    await cluster.heal();
    await untilServed(one, other);
    await traffic.until(20);
    await traffic.stop();
    for (const access_token of traffic.loggedOut) await expectDead(access_token, one, other);
    await expectAllWorks(one, other);
  });

  it('and has no replica left: 503 for all, and all works again when both are back', async () => {
    await startBoth();
    const { access_token } = await login(one);
    await expectAlive(access_token, one, other);
    const master = await cluster.masterOf('any');
    for (const replica of await cluster.replicasOf(master)) await replica.kill();
    await master.kill();
    await cluster.untilDown();
    for (const app of [one, other]) {
      for (let count = 0; count < 10; count++) {
        expectUnavailable(await call(app, access_token));
        expectUnavailable(await logOut(app, access_token));
        expectUnavailable(await call(app, await newToken()));
        expectUnavailable(await logOut(app, await newToken()));
      }
    }
    await cluster.heal();
    await untilServed(one, other);
    await expectAllWorks(one, other);
  });
});

describe('durability without a replica that answers', () => {
  // Long enough to see what else is answered meanwhile.
  const durability = { replicas: 1, timeout: 1 };
  const storeTimeout = 2;

  it.each<[string, (node: RedisNode) => void | Promise<void>]>([
    [
      'is paused',
      (node) => {
        node.pause();
      },
    ],
    ['was killed', (node) => node.kill()],
  ])('because it %s: 503, and the retry is 200 once it is back', async (_what, disturb) => {
    await startBoth({ durability: DURABILITY });
    const { access_token, id_token } = await login(one);
    await expectAlive(access_token, one, other);
    for (const replica of await replicas()) await disturb(replica);
    expectUnavailable(await logOut(one, access_token));
    expectUnavailable(await logOut(one, access_token));
    expectUnavailable(await logOut(other, access_token));
    await cluster.heal();
    await untilServed(one, other);
    const answer = await logOut(one, access_token).expect(200);
    expect(redirectOf(answer).searchParams.get('id_token_hint')).toBe(id_token);
    const listed = await keysOfAll(await cluster.masters(), ENTRY);
    expect(await keysOfAll(await replicas(), ENTRY)).toEqual(expect.arrayContaining(listed));
    expect((await logOut(other, access_token).expect(200)).body).toEqual(answer.body);
    await expectDead(access_token, one, other);
  });

  it('holds up no guard', async () => {
    await startBoth({ durability, storeTimeout });
    const alive = await Promise.all([login(one), login(one), login(one)]);
    const { access_token } = await login(one);
    await expectAlive(access_token, one, other);
    for (const replica of await replicas()) replica.pause();
    const answers: string[] = [];
    const logout = logOut(one, access_token).then((answer) => {
      answers.push('logout');
      return answer;
    });
    const masters = await cluster.masters();
    await poll(async () => {
      const infos = await Promise.all(masters.map(({ client }) => client.info('clients')));
      return infos.some((info) => !info.includes('blocked_clients:0'));
    });
    for (const tokens of alive) {
      await expectAlive(tokens.access_token, one, other);
      answers.push('guard');
    }
    expectUnavailable(await logout);
    expect(answers).toEqual([...alive.map(() => 'guard'), 'logout']);
  });

  it('is a first try only: session-ended is heard of it, and of no retry', async () => {
    const options = { durability: { replicas: 1, timeout: 0.1 } };
    const [teller, listener] = [await listen(options), await listen(options)];
    await untilSubscribed(SESSION_ENDED, 2);
    const { sub, sid } = newOwner();
    const { access_token, refresh_token } = await login(teller, { sub, sid });
    const tokens = { access_token, refresh_token };
    const send = () => request(teller.url).post(LOGOUT).send(tokens).timeout(ANSWERED_WITHIN);
    const owner = { issuer: signer.issuer, subject: sub, sid };
    const told = () =>
      teller.events.filter(
        ([name, event]) => name === 'logout' && 'sid' in event && event.sid === sid,
      );
    const heard = () =>
      [teller, listener].map((app) => app.heard.filter((event) => event.sid === sid));
    for (const replica of await replicas()) replica.pause();
    expectUnavailable(await send());
    expect(told()).toEqual([]);
    await cluster.heal();
    await untilServed(teller, listener);
    const { body } = (await send().expect(200)) as { body: object };
    const repeated = ['logout', { ...owner, repeated: true }];
    expect(told()).toEqual([repeated]);
    await send().expect(200, body);
    expect(told()).toEqual([repeated, repeated]);
    // What is told after it has arrived.
    const last = newOwner();
    await logOut(teller, await signer.accessToken(last)).expect(200);
    await poll(() =>
      Promise.resolve(
        [teller, listener].every((app) => app.heard.some((event) => event.sid === last.sid)),
      ),
    );
    const expected = { ...owner, cause: 'logout', revokesOfflineAccess: false };
    const [own, others] = heard();
    expect(own).toEqual([expected]);
    // It was published with the end: a node that hung at that moment may have missed it.
    expect([[], [expected]]).toContainEqual(others);
    await expectDead(access_token, teller, listener);
  });
});

describe('durability while slots migrate', () => {
  const SLOTS = Array.from({ length: 3000 }, (_each, slot) => slot);
  const durability = { replicas: 1, timeout: 0.1 };

  /** Says something of each slot to a node. */
  async function setSlots({ client }: RedisNode, ...what: string[]): Promise<void> {
    const commands = SLOTS.map((slot) => ['cluster', 'SETSLOT', String(slot), ...what]);
    const results = await client.pipeline(commands).exec();
    expect(results).toEqual(SLOTS.map(() => [null, 'OK']));
  }

  async function idOf({ client }: RedisNode): Promise<string> {
    return String(await client.call('CLUSTER', 'MYID'));
  }

  it('answers no logout whose entries only the importing master has', async () => {
    const masters = await cluster.masters();
    const [from, to, third] = masters as [RedisNode, RedisNode, RedisNode];
    expect(masters).toHaveLength(3);
    await startBoth({ durability });
    await untilServed(one, other);
    const importing = await cluster.replicasOf(to);
    const safe = [...(await cluster.replicasOf(from)), ...(await cluster.replicasOf(third))];
    expect([importing.length, safe.length]).toEqual([1, 2]);
    const loggedOut: string[] = [];
    let failed = 0;
    try {
      await setSlots(to, 'IMPORTING', await idOf(from));
      await setSlots(from, 'MIGRATING', await idOf(to));
      for (const replica of importing) replica.pause();
      for (let count = 0; count < 60; count++) {
        const owner = newOwner();
        const access_token = await signer.accessToken(owner);
        const own = entriesOf(access_token, owner.sid);
        const ownOf = (keys: string[]) => keys.filter((key) => own.includes(key));
        const answer = await logOut(one, access_token);
        if (answer.status === 503) {
          expectUnavailable(answer);
          failed += 1;
          continue;
        }
        expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
        // What was refused before is repeated meanwhile, and writes entries of its own.
        expect(ownOf(await keysOf(to, ENTRY))).toEqual([]);
        expect(ownOf(await keysOfAll(safe, ENTRY))).toEqual(own);
        loggedOut.push(access_token);
      }
      expect(await keysInSlots(to)).not.toEqual([]);
    } finally {
      await cluster.heal();
      await setSlots(to, 'STABLE');
      await setSlots(from, 'STABLE');
    }
    expect(loggedOut.length).toBeGreaterThan(0);
    expect(failed).toBeGreaterThan(0);
    for (const access_token of loggedOut) await expectDead(access_token, one, other);
  });

  /** What the logout of a token that nobody saved writes: its session's entry and its own. */
  function entriesOf(access_token: string, sid: string): string[] {
    const keys = new RedisKeys('oidc1:');
    const token = readAccessToken(access_token) ?? { kind: 'opaque', text: access_token };
    return [
      keys.of({ kind: 'verdict', of: sessionKey(signer.issuer, sid) }),
      keys.of({ kind: 'access-token', of: accessTokenKey(token) }),
    ].sort();
  }

  /** Entries of the slots that migrate, which a node has. */
  async function keysInSlots(node: RedisNode): Promise<string[]> {
    const keys = await keysOf(node, ENTRY);
    const commands = keys.map((key) => ['cluster', 'KEYSLOT', key]);
    const results = (await node.client.pipeline(commands).exec()) ?? [];
    return keys.filter((_key, index) => Number(results[index]?.[1]) < SLOTS.length);
  }
});
