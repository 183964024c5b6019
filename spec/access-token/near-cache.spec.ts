import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { AccessToken } from '../../lib/access-token/access-token.ts';
import { NearCache } from '../../lib/access-token/near-cache.ts';
import { TokenStatuses } from '../../lib/access-token/token-status.ts';
import { Events } from '../../lib/events.ts';
import { Epoch } from '../../lib/store/epoch.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import type { Key, Operations } from '../../lib/store/operations.ts';
import { ReadyRedis } from '../../lib/store/redis/ready-redis.ts';
import { RedisOperations } from '../../lib/store/redis/redis-operations.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import { letPass, resetClocks } from '../support/clock.ts';
import { LIFETIMES } from '../support/lifetimes.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { byTime } from '../support/session-states.ts';

const HOUR = 3600;

/** Operations that count how often they are asked. */
class CountedOperations extends StoreOperations {
  reads = 0;
  /** An answer is held until this resolves. */
  held: Promise<void> | undefined;

  constructor() {
    super(new MemoryStore(), new StoreCalls(new Events(), 10_000), LIFETIMES);
  }

  override async read(keys: readonly Key[]): Promise<(string | undefined)[]> {
    this.reads++;
    const answers = await super.read(keys);
    await this.held;
    return answers;
  }
}

function nearCacheOver(operations: Operations, maxStaleness = HOUR): NearCache {
  const epoch = new Epoch(operations, new Events(), 'accept');
  return new NearCache(new TokenStatuses(operations, epoch), maxStaleness);
}

/** What the decision needs of a token. */
const tokenOf = (key: string, claims: Partial<AccessToken> = {}) =>
  ({ key, issuedAt: 100, ...claims }) as AccessToken;

const isInvalidated = async (nearCache: NearCache, token: AccessToken) =>
  (await nearCache.statusOf(token)).refusedBy !== undefined;

async function invalidate(operations: Operations, key: string): Promise<void> {
  const options = { ttl: HOUR, note: '', force: false };
  await operations.invalidateToken({ kind: 'access-token', of: key }, options);
}

describe('NearCache beside a list that changes elsewhere', () => {
  const ROUNDS = 2000;

  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterAll(() => redis.close());

  function open(): RedisOperations {
    const events = new Events();
    const calls = new StoreCalls(events, 10_000);
    const ready = new ReadyRedis(redis.connect(), 10_000);
    return new RedisOperations({
      redis: ready,
      keyPrefix: '',
      lifetimes: LIFETIMES,
      calls,
      events,
    });
  }

  /** Lets go first whatever else is under way, by chance. */
  async function waitAWhile(): Promise<void> {
    for (let count = randomInt(4); count > 0; count--) await setImmediate();
    for (let count = randomInt(4); count > 0; count--) await Promise.resolve();
  }

  it('trusts no answer that was overtaken by an end', async () => {
    const [here, elsewhere] = [open(), open()];
    const nearCache = nearCacheOver(here);
    const told = new Set<string>();
    const untilTold = async (what: string) => {
      while (!told.has(what)) await setImmediate();
    };
    const stop = here.onChange({
      live() {
        nearCache.live();
        told.add('live');
      },
      lost() {
        nearCache.lost();
      },
      changed(digest) {
        nearCache.changed(digest);
        told.add(digest);
      },
    });
    await untilTold('live');

    let overtaken = 0;
    let stale = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const token = tokenOf(`round-${round}`);
      const decide = async () => {
        await waitAWhile();
        return isInvalidated(nearCache, token);
      };
      const end = async () => {
        await waitAWhile();
        await invalidate(elsewhere, token.key);
      };
      const [wasInvalidated] = await Promise.all([decide(), end()]);
      // What is published later is heard later.
      await invalidate(elsewhere, `marker-${round}`);
      await untilTold(`marker-${round}`);
      if (!wasInvalidated) overtaken++;
      if (!(await isInvalidated(nearCache, token))) stale++;
    }
    stop();
    expect(stale).toBe(0);
    expect(overtaken).toBeGreaterThan(0);
    expect(overtaken).toBeLessThan(ROUNDS);
  });
});

describe('NearCache', () => {
  afterEach(resetClocks);

  it('asks at every decision until it is told of changes, and when it is not any more', async () => {
    const operations = new CountedOperations();
    const nearCache = nearCacheOver(operations);
    const token = tokenOf('token');
    const isAsked = async () => {
      const before = operations.reads;
      expect(await isInvalidated(nearCache, token)).toBe(false);
      return operations.reads > before;
    };
    expect([await isAsked(), await isAsked()]).toEqual([true, true]);
    nearCache.live();
    expect([await isAsked(), await isAsked()]).toEqual([true, false]);
    nearCache.lost();
    expect([await isAsked(), await isAsked()]).toEqual([true, true]);
    nearCache.live();
    expect([await isAsked(), await isAsked()]).toEqual([true, false]);
  });

  it('asks again after maxStaleness, whether it is told of changes or not', async () => {
    const operations = new CountedOperations();
    const nearCache = nearCacheOver(operations, 10);
    nearCache.live();
    const token = tokenOf('token');
    await nearCache.statusOf(token);
    letPass(9000);
    expect(nearCache.known(token)).toMatchObject({ refusedBy: undefined });
    letPass(1000);
    expect(nearCache.known(token)).toBeUndefined();
    await invalidate(operations, 'token');
    expect(await isInvalidated(nearCache, token)).toBe(true);
    expect(nearCache.known(token)).toBeUndefined();
  });

  it('does not trust what was decided in the very moment of a change', async () => {
    const time = performance.now();
    const now = jest.spyOn(performance, 'now').mockReturnValue(time);
    const nearCache = nearCacheOver(new CountedOperations(), 10);
    const [token, other] = [tokenOf('token'), tokenOf('other')];
    const decide = () => Promise.all([nearCache.statusOf(token), nearCache.statusOf(other)]);
    const known = () => [token, other].map((each) => nearCache.known(each) !== undefined);
    nearCache.live();
    await decide();
    expect(known()).toEqual([false, false]);
    now.mockReturnValue(time + 1);
    await decide();
    expect(known()).toEqual([true, true]);
    nearCache.changed('token');
    expect(known()).toEqual([false, true]);
    now.mockReturnValue(time + 10_001);
    expect(known()).toEqual([false, false]);
  });

  const login = { session: 'changed', subject: 'user', time: 100, id: 'id' };
  const end = { claimant: 'app:', owner: '' };
  const endSession = (operations: Operations) =>
    operations.endSession({ ...end, session: 'changed', how: byTime(100), answer: '' });

  it.each<[string, Partial<AccessToken>, (operations: Operations) => Promise<unknown>]>([
    ['the token', { key: 'changed' }, (operations) => invalidate(operations, 'changed')],
    ['its session', { sessionKey: 'changed' }, endSession],
    ['the session that it was saved for', { key: 'saved' }, endSession],
    [
      'its user',
      { subjectKey: 'changed' },
      (operations) =>
        operations.endSubject({ ...end, subject: 'changed', time: 100, unless: undefined }),
    ],
  ])('asks again after a change of %s', async (_what, claims, change) => {
    const operations = new CountedOperations();
    await operations.linkToken({ kind: 'access-token', of: 'saved' }, login, '', HOUR);
    const nearCache = nearCacheOver(operations);
    nearCache.live();
    const [concerned, other] = [tokenOf('concerned', claims), tokenOf('other')];
    for (const token of [concerned, other]) await nearCache.statusOf(token);
    await change(operations);
    for (const digest of ['unknown', 'changed']) nearCache.changed(digest);
    const { reads } = operations;
    expect(await isInvalidated(nearCache, other)).toBe(false);
    expect(operations.reads).toBe(reads);
    expect(await isInvalidated(nearCache, concerned)).toBe(true);
  });

  it('does not trust what was decided while a change was told', async () => {
    const operations = new CountedOperations();
    let answer!: () => void;
    operations.held = new Promise<void>((resolve) => (answer = resolve));
    const nearCache = nearCacheOver(operations);
    nearCache.live();
    const token = tokenOf('token');
    const decision = isInvalidated(nearCache, token);
    while (operations.reads === 0) await setImmediate();
    await invalidate(operations, 'token');
    nearCache.changed('token');
    answer();
    expect(await decision).toBe(false);
    expect(await isInvalidated(nearCache, token)).toBe(true);
  });

  it.each<[string, (nearCache: NearCache) => void]>([
    [
      'lost',
      (nearCache) => {
        nearCache.lost();
      },
    ],
    [
      'lost and live',
      (nearCache) => {
        nearCache.lost();
        nearCache.live();
      },
    ],
  ])('does not trust what was decided while it was %s', async (_what, interrupt) => {
    const operations = new CountedOperations();
    const nearCache = nearCacheOver(operations);
    nearCache.live();
    const token = tokenOf('token');
    const decision = isInvalidated(nearCache, token);
    interrupt(nearCache);
    expect(await decision).toBe(false);
    await invalidate(operations, 'token');
    expect(await isInvalidated(nearCache, token)).toBe(true);
  });

  it('forgets none of 150 000 changes', async () => {
    const operations = new CountedOperations();
    const nearCache = nearCacheOver(operations);
    nearCache.live();
    const keys = Array.from({ length: 150_000 }, (_, index) => `key-${index}`);
    const tokens = keys.filter((_, index) => index % 100 === 0).map((key) => tokenOf(key));
    await Promise.all(tokens.map((token) => nearCache.statusOf(token)));
    for (const { key } of tokens) await invalidate(operations, key);
    for (const key of keys) nearCache.changed(key);
    const answers = await Promise.all(tokens.map((token) => isInvalidated(nearCache, token)));
    expect(new Set(answers)).toEqual(new Set([true]));
  });

  it('keeps 100 000 changes, and asks again about what was decided before those it dropped', async () => {
    const operations = new CountedOperations();
    const nearCache = nearCacheOver(operations);
    nearCache.live();
    const [before, meanwhile] = [tokenOf('before'), tokenOf('meanwhile')];
    const isAsked = async (token: AccessToken) => {
      const { reads } = operations;
      expect(await isInvalidated(nearCache, token)).toBe(false);
      return operations.reads > reads;
    };
    await isAsked(before);
    nearCache.changed('first');
    await isAsked(meanwhile);
    for (let count = 1; count < 100_000; count++) nearCache.changed(`change-${count}`);
    expect([await isAsked(before), await isAsked(meanwhile)]).toEqual([false, false]);
    nearCache.changed('last');
    expect([await isAsked(before), await isAsked(meanwhile)]).toEqual([true, false]);
  });
});
