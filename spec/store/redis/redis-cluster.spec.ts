import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Events } from '../../../lib/events.ts';
import type { Lifetimes } from '../../../lib/store/lifetimes.ts';
import { ReadyRedis } from '../../../lib/store/redis/ready-redis.ts';
import { RedisOperations } from '../../../lib/store/redis/redis-operations.ts';
import { ReplicatedWrites } from '../../../lib/store/redis/replicated-writes.ts';
import { StoreCalls } from '../../../lib/store/store-calls.ts';
import { LIFETIMES } from '../../support/lifetimes.ts';
import { type RedisCluster, startRedisCluster } from '../../support/redis-cluster.ts';
import { poll } from '../../support/redis-node.ts';
import { byTime, loginAt, tokensAt } from '../../support/session-states.ts';
import { describeOperations } from '../operations.contract.ts';

jest.setTimeout(60_000);

let cluster: RedisCluster;
const writers: ReplicatedWrites[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster();
});

afterAll(async () => {
  for (const writes of writers) writes.close();
  await cluster.stop();
});

/** Operations whose ends count once so many replicas have them. */
function open(lifetimes: Lifetimes, replicas = 1): RedisOperations {
  const client = cluster.createClient();
  const events = new Events();
  const writes = new ReplicatedWrites(client, { replicas, timeout: 2 }, 5000);
  writers.push(writes);
  const calls = new StoreCalls(events, 5000);
  const redis = new ReadyRedis(client, 5000);
  const durable = { writes, calls };
  return new RedisOperations({ redis, keyPrefix: 'app:', lifetimes, calls, events, durable });
}

describeOperations('RedisOperations on a Redis Cluster, with durability', () =>
  Promise.resolve({ open, close: () => Promise.resolve() }),
);

describe('RedisOperations on a Redis Cluster', () => {
  const save = { login: loginAt(100), owner: 'owner', clientId: 'web', tokens: tokensAt(100) };
  const end = { session: 'session', how: byTime(100), claimant: 'app', answer: '', owner: '' };

  it('waits for replicas where something ends, and nowhere else', async () => {
    const operations = open(LIFETIMES, 2);
    const none = { code: 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE', reason: 'not-replicated' };
    expect(await operations.saveLogin(save)).toBe('ok');
    expect(await operations.renewLogin(save)).toBe('ok');
    expect(await operations.addMember(save.login)).toBe('ok');
    const key = { kind: 'access-token', of: 'token' } as const;
    expect(await operations.linkToken(key, save.login, '', 60)).toBe('ok');
    const ending = { subject: 'user', time: 1, claimant: '', owner: '' };
    const forced = { ttl: 60, note: '', force: true };
    await expect(operations.endSession(end)).rejects.toMatchObject(none);
    await expect(operations.endSubject(ending)).rejects.toMatchObject(none);
    await expect(operations.invalidateToken(key, forced)).rejects.toMatchObject(none);
    // What was not replicated is stored all the same, and the same call resumes it.
    expect((await open(LIFETIMES).endSession(end)).record?.end?.left).toBe('tr');
  });

  it('notices that one master began anew', async () => {
    const epoch = [{ kind: 'epoch' }] as const;
    const begun = await open(LIFETIMES).beginEpoch();
    expect(await open(LIFETIMES).read(epoch)).toEqual([String(begun)]);
    const [master] = await cluster.masters();
    await poll(() => Promise.resolve(Date.now() / 1000 >= begun + 1));
    await master?.client.flushall();
    expect(await open(LIFETIMES).beginEpoch()).toBeGreaterThan(begun);
  });

  it('reads the epoch beside other keys in their order', async () => {
    const operations = open(LIFETIMES);
    await operations.endSession({ ...end, session: 'other' });
    const begun = await operations.beginEpoch();
    const keys = [
      { kind: 'verdict', of: 'other' },
      { kind: 'epoch' },
      { kind: 'verdict', of: 'none' },
    ] as const;
    expect(await operations.read(keys)).toEqual(['100', String(begun), undefined]);
  });
});
