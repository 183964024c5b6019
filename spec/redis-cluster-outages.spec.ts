import { describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import { RedisKeys } from '../lib/store/redis/keys.ts';
import { readAccessToken } from '../lib/token/access-token-text.ts';
import { accessTokenKey, sessionKey } from '../lib/token/token-keys.ts';
import { LOGOUT } from './support/app.ts';
import {
  cluster,
  ENTRY,
  keysOf,
  keysOfAll,
  listen,
  SESSION_ENDED,
  startBoth,
  untilSubscribed,
  useRedisCluster,
} from './support/redis-cluster-apps.ts';
import { poll, type RedisNode } from './support/redis-node.ts';
import {
  ANSWERED_WITHIN,
  call,
  expectAlive,
  expectDead,
  expectUnavailable,
  type Instance,
  login,
  logOut,
  newOwner,
  newToken,
  redirectOf,
  type Running,
  signer,
  startTraffic,
  type Traffic,
  untilServed,
} from './support/redis-traffic.ts';

jest.setTimeout(60_000);

const DURABILITY = { replicas: 1, timeout: 0.2 };
let one: Running;
let other: Running;

useRedisCluster();

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

describe('a master that is killed', () => {
  it('is a 503 at worst until its replica has taken over, and then all works again', async () => {
    [one, other] = await startBoth();
    const traffic = startTraffic([one, other], { durable: false });
    await traffic.until(20);
    await replaceDuring(traffic, await cluster.masterOf('any'));
    await untilServed(one, other);
    await traffic.until(20);
    await traffic.stop();
    await expectAllWorks(one, other);
  });

  it('takes no logout with it that was answered, where logouts are durable', async () => {
    [one, other] = await startBoth({ durability: DURABILITY });
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
    [one, other] = await startBoth();
    const { access_token } = await login(one);
    await expectAlive(access_token, one, other);
    const master = await cluster.masterOf('any');
    for (const replica of await cluster.replicasOf(master)) await replica.kill();
    await master.kill();
    await cluster.untilDown();
    for (let count = 0; count < 10; count++) {
      const unknown = await newToken();
      const answers = [one, other].flatMap((app) => [
        ...[call(app, access_token), logOut(app, access_token)],
        ...[call(app, unknown), logOut(app, unknown)],
      ]);
      for (const answer of await Promise.all(answers)) expectUnavailable(answer);
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
    [one, other] = await startBoth({ durability: DURABILITY });
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
    [one, other] = await startBoth({ durability, storeTimeout });
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
    [one, other] = await startBoth({ durability });
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
