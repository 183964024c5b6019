import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Events } from '../../lib/events.ts';
import type {
  InvalidationList,
  InvalidationWatcher,
} from '../../lib/invalidation/invalidation-list.ts';
import { Invalidations } from '../../lib/invalidation/invalidations.ts';
import { MemoryInvalidationList } from '../../lib/invalidation/memory.ts';
import { NearCache } from '../../lib/invalidation/near-cache.ts';
import { RedisInvalidationList } from '../../lib/invalidation/redis.ts';
import { Encryption } from '../../lib/session/encryption.ts';
import { MemorySessionStore } from '../../lib/session/memory.ts';
import { Records } from '../../lib/session/records.ts';
import { SessionRegistry } from '../../lib/session/session-registry.ts';
import { ReadyRedis } from '../../lib/store/ready-redis.ts';
import { RedisChannel } from '../../lib/store/redis-channel.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import type { AccessToken } from '../../lib/token/access-token.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

const LIFETIMES = {
  clockTolerance: 5,
  expiredTokenGrace: 60,
  maxTokenLifetime: 3600,
  maxSessionLifetime: 3600,
};
const HOUR = 3600;

/** A list that counts how often it is asked. */
class CountedList extends MemoryInvalidationList {
  checks = 0;

  override check(keys: readonly string[]): Promise<(number | undefined)[]> {
    this.checks++;
    return super.check(keys);
  }
}

function nearCacheOver(list: InvalidationList, maxStaleness = HOUR): NearCache {
  const records = new Records(new MemorySessionStore(), new Encryption(undefined));
  const registry = new SessionRegistry(records, LIFETIMES);
  return new NearCache(new Invalidations(list, registry, new Events(), LIFETIMES), maxStaleness);
}

/** What the decision needs of a token. */
const tokenOf = (key: string) => ({ key, authTime: 0 }) as AccessToken;

describe('NearCache beside a list that changes elsewhere', () => {
  const ROUNDS = 2000;

  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterAll(() => redis.close());

  function listOn(): RedisInvalidationList {
    const events = new Events();
    const ready = new ReadyRedis(redis.connect(), 500);
    const channel = new RedisChannel(ready, 'invalidated', new StoreCalls(events, 500), events);
    return new RedisInvalidationList(ready, '', channel, undefined);
  }

  /** Lets go first whatever else is under way, by chance. */
  async function waitAWhile(): Promise<void> {
    for (let count = randomInt(4); count > 0; count--) await setImmediate();
    for (let count = randomInt(4); count > 0; count--) await Promise.resolve();
  }

  it('trusts no answer that was overtaken by an addition', async () => {
    const here = listOn();
    const elsewhere = listOn();
    const nearCache = nearCacheOver(here);
    const told = new Set<string>();
    const untilTold = async (what: string) => {
      while (!told.has(what)) await setImmediate();
    };
    const stop = here.watch({
      live() {
        nearCache.live();
        told.add('live');
      },
      lost() {
        nearCache.lost();
      },
      changed(keys) {
        nearCache.changed(keys);
        for (const key of keys) told.add(key);
      },
    });
    await untilTold('live');

    let overtaken = 0;
    let stale = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const token = tokenOf(`round-${round}`);
      const decide = async () => {
        await waitAWhile();
        return nearCache.isInvalidated(token);
      };
      const invalidate = async () => {
        await waitAWhile();
        await elsewhere.add([{ key: token.key, ttl: HOUR }]);
      };
      const [wasInvalidated] = await Promise.all([decide(), invalidate()]);
      // What is published later is heard later.
      await elsewhere.add([{ key: `marker-${round}`, ttl: HOUR }]);
      await untilTold(`marker-${round}`);
      if (!wasInvalidated) overtaken++;
      if (!(await nearCache.isInvalidated(token))) stale++;
    }
    stop();
    expect(stale).toBe(0);
    expect(overtaken).toBeGreaterThan(0);
    expect(overtaken).toBeLessThan(ROUNDS);
  });
});

describe('NearCache', () => {
  it('asks at every decision until it is told of additions, and when it is not any more', async () => {
    const list = new CountedList();
    const nearCache = nearCacheOver(list);
    const token = tokenOf('token');
    const isAsked = async () => {
      const before = list.checks;
      expect(await nearCache.isInvalidated(token)).toBe(false);
      return list.checks > before;
    };
    expect([await isAsked(), await isAsked()]).toEqual([true, true]);
    nearCache.live();
    expect([await isAsked(), await isAsked()]).toEqual([true, false]);
    nearCache.lost();
    expect([await isAsked(), await isAsked()]).toEqual([true, true]);
    nearCache.live();
    expect([await isAsked(), await isAsked()]).toEqual([true, false]);
  });

  it.each<[string, Partial<AccessToken>]>([
    ['the token', { key: 'changed' }],
    ['its session', { sessionKey: 'changed' }],
    ['its user', { subjectKey: 'changed' }],
  ])('asks again after a change of %s', async (_what, key) => {
    const list = new CountedList();
    const nearCache = nearCacheOver(list);
    nearCache.live();
    const [concerned, other] = [{ ...tokenOf('concerned'), ...key }, tokenOf('other')];
    for (const token of [concerned, other]) await nearCache.isInvalidated(token);
    nearCache.changed(['unknown', 'changed']);
    await list.add([{ key: 'changed', cutOff: 1, ttl: HOUR }]);
    const { checks } = list;
    expect(await nearCache.isInvalidated(other)).toBe(false);
    expect(list.checks).toBe(checks);
    expect(await nearCache.isInvalidated(concerned)).toBe(true);
  });

  it('does not trust what was decided while a change was told', async () => {
    const list = new MemoryInvalidationList();
    let answer!: () => void;
    const held = new Promise<void>((resolve) => (answer = resolve));
    const slow = {
      add: list.add.bind(list),
      async check(keys: readonly string[]) {
        const answers = await list.check(keys);
        await held;
        return answers;
      },
    } satisfies InvalidationList;
    const nearCache = nearCacheOver(slow);
    nearCache.live();
    const token = tokenOf('token');
    const decision = nearCache.isInvalidated(token);
    await setImmediate();
    await list.add([{ key: 'token', ttl: HOUR }]);
    nearCache.changed(['token']);
    answer();
    expect(await decision).toBe(false);
    expect(await nearCache.isInvalidated(token)).toBe(true);
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
    const list = new CountedList();
    const nearCache = nearCacheOver(list);
    nearCache.live();
    const token = tokenOf('token');
    const decision = nearCache.isInvalidated(token);
    interrupt(nearCache);
    expect(await decision).toBe(false);
    await list.add([{ key: 'token', ttl: HOUR }]);
    expect(await nearCache.isInvalidated(token)).toBe(true);
  });

  it.each<[string, (watcher: InvalidationWatcher, keys: string[]) => void]>([
    [
      'one by one',
      (watcher, keys) => {
        for (const key of keys) watcher.changed([key]);
      },
    ],
    [
      'at once',
      (watcher, keys) => {
        watcher.changed(keys);
      },
    ],
  ])('forgets none of 150 000 changes that come %s', async (_how, tell) => {
    const list = new MemoryInvalidationList();
    const nearCache = nearCacheOver(list);
    nearCache.live();
    const keys = Array.from({ length: 150_000 }, (_, index) => `key-${index}`);
    const tokens = keys.filter((_, index) => index % 100 === 0).map(tokenOf);
    for (const token of tokens) await nearCache.isInvalidated(token);
    await list.add(keys.map((key) => ({ key, ttl: HOUR })));
    tell(nearCache, keys);
    let valid = 0;
    for (const token of tokens) if (!(await nearCache.isInvalidated(token))) valid++;
    expect(valid).toBe(0);
  });

  it('keeps 100 000 changes, and asks again about what was decided before those it dropped', async () => {
    const list = new CountedList();
    const nearCache = nearCacheOver(list);
    nearCache.live();
    const [before, meanwhile] = [tokenOf('before'), tokenOf('meanwhile')];
    const isAsked = async (token: AccessToken) => {
      const { checks } = list;
      expect(await nearCache.isInvalidated(token)).toBe(false);
      return list.checks > checks;
    };
    await isAsked(before);
    nearCache.changed(['first']);
    await isAsked(meanwhile);
    for (let count = 1; count < 100_000; count++) nearCache.changed([`change-${count}`]);
    expect([await isAsked(before), await isAsked(meanwhile)]).toEqual([false, false]);
    nearCache.changed(['last']);
    expect([await isAsked(before), await isAsked(meanwhile)]).toEqual([true, false]);
  });
});
