import { describe, expect, it, jest } from '@jest/globals';
import type { OidcLogoutOptions, SessionEndedEvent } from '../lib/index.ts';
import { poll, type RedisNode, subscribersAt } from './support/redis-node.ts';
import { expectAllWorks, redis, start, useRedisSentinel } from './support/redis-sentinel-apps.ts';
import {
  call,
  expectAlive,
  expectDead,
  expectPushed,
  expectUnavailable,
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

const SESSION_ENDED = 'oidc1:session-ended';
const CHANGED = 'oidc1:changed';
const VERDICT = 'oidc1:x';

let one: Running;
let other: Running;

useRedisSentinel();

async function startBoth(options: Partial<OidcLogoutOptions> = {}): Promise<void> {
  [one, other] = [await start(options), await start(options)];
}

async function expectOutage(access_token: string): Promise<void> {
  const answers = [one, other].flatMap((app) => [
    call(app, access_token),
    logOut(app, access_token),
  ]);
  for (const answer of await Promise.all(answers)) expectUnavailable(answer);
}

/** Kills the master, and has it replaced once a request was answered 503. */
async function replaceMasterDuring(traffic: Traffic): Promise<RedisNode> {
  await redis.killMaster();
  await traffic.untilUnavailable();
  return redis.replaceKilled();
}

async function verdictsOf({ client }: RedisNode): Promise<string[]> {
  return (await client.keys('*')).filter((key) => key.startsWith(VERDICT)).sort();
}

/** Waits until so many listen to a channel at the master. */
async function untilSubscribed(channel: string, count: number): Promise<void> {
  await poll(async () => (await subscribersAt(await redis.master(), channel)) === count);
}

async function replicas(): Promise<RedisNode[]> {
  const master = await redis.master();
  return redis.nodes.filter((node) => node !== master);
}

describe('a master that sentinels watch', () => {
  it('is found by them', async () => {
    await startBoth();
    await expectAllWorks(one, other);
    expect(await verdictsOf(await redis.master())).toHaveLength(2);
  });

  it('is killed: 503 until there is another one, and then all works again', async () => {
    await startBoth();
    const traffic = startTraffic([one, other], { durable: false });
    await traffic.until(20);
    const next = await replaceMasterDuring(traffic);
    await untilServed(one, other);
    await traffic.until(20);
    await traffic.stop();
    await expectAllWorks(one, other);
    expect((await verdictsOf(next)).length).toBeGreaterThan(4);
  });

  it('is killed: nothing but 503 while there is none', async () => {
    await startBoth();
    const { access_token } = await login(one);
    await expectAlive(access_token, one, other);
    // One alone is no majority.
    const [, ...most] = redis.sentinels;
    for (const sentinel of most) await sentinel.kill();
    await redis.killMaster();
    for (let count = 0; count < 10; count++) {
      await expectOutage(access_token);
      await expectOutage(await newToken());
    }
    for (const sentinel of most) await sentinel.restart();
    await redis.replaceKilled();
    await untilServed(one, other);
    await expectAllWorks(one, other);
  });

  it('is killed: no logout goes with it that was answered, where logouts are durable', async () => {
    const durability = { replicas: 1, timeout: 0.2 };
    await startBoth({ durability });
    const traffic = startTraffic([one, other], { durable: true });
    await traffic.until(20);
    await replaceMasterDuring(traffic);
    await untilServed(one, other);
    await traffic.until(20);
    await traffic.stop();
    for (const access_token of traffic.loggedOut) await expectDead(access_token, one, other);
    await expectAllWorks(one, other);
  });

  it('is killed: session-ended is heard again from the next one, and the loss is told', async () => {
    await startBoth();
    const heard: SessionEndedEvent[] = [];
    one.oidc.on('session-ended', (event) => heard.push(event));
    await untilSubscribed(SESSION_ENDED, 1);
    await redis.killMaster();
    await redis.replaceKilled();
    await untilSubscribed(SESSION_ENDED, 1);
    await untilServed(one, other);
    // The sentinels may send clients away once more: what is told meanwhile is lost.
    const told = new Set<string | undefined>();
    await poll(async () => {
      const { sub, sid } = newOwner();
      const { status } = await logOut(other, await signer.accessToken({ sub, sid }));
      expect([200, 503]).toContain(status);
      told.add(sid);
      return heard.some((event) => told.has(event.sid));
    });
    expect(one.events).toContainEqual([
      'store-error',
      { operation: 'subscribe', reason: 'not-connected' },
    ]);
  });

  it('is killed: a near-cache is told of logouts before and after, and the loss is told', async () => {
    await startBoth({ nearCache: { maxStaleness: 3600 } });
    await untilSubscribed(CHANGED, 2);
    for (let count = 0; count < 5; count++) await expectPushed(one, other, redis.nodes);
    expect([...one.events, ...other.events].filter(([name]) => name === 'store-error')).toEqual([]);
    await redis.killMaster();
    await redis.replaceKilled();
    await untilSubscribed(CHANGED, 2);
    await untilServed(one, other);
    for (let count = 0; count < 5; count++) await expectPushed(one, other, redis.nodes);
    for (const { events } of [one, other]) {
      expect(events).toContainEqual([
        'store-error',
        { operation: 'subscribe', reason: 'not-connected' },
      ]);
    }
  });

  it('has no replica that answers: durable logouts are 503 until one is back', async () => {
    const durability = { replicas: 1, timeout: 0.2 };
    await startBoth({ durability });
    const { access_token, id_token } = await login(one);
    await expectAlive(access_token, one, other);
    const alive = await newToken();
    const [first, second] = await replicas();
    first?.pause();
    second?.pause();
    for (const app of [one, one, other]) {
      expectUnavailable(await logOut(app, access_token));
      await expectAlive(alive, one, other);
    }
    second?.resume();
    await untilServed(one, other);
    const answer = await logOut(one, access_token).expect(200);
    expect(redirectOf(answer).searchParams.get('id_token_hint')).toBe(id_token);
    if (second !== undefined) {
      expect(await verdictsOf(second)).toEqual(
        expect.arrayContaining(await verdictsOf(await redis.master())),
      );
    }
    await logOut(other, access_token).expect(200, answer.body as object);
    await expectDead(access_token, one, other);
  });
});
