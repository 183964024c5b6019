import { describe, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { expectAllWorks, redis, start, useRedisSentinel } from './support/redis-sentinel-apps.ts';
import type { RedisSentinel } from './support/redis-sentinel.ts';
import {
  expectDead,
  type Running,
  startTraffic,
  type Traffic,
  untilServed,
} from './support/redis-traffic.ts';

jest.setTimeout(60_000);

type Client = NonNullable<Parameters<RedisSentinel['createClient']>[0]>;

let one: Running;
let other: Running;

useRedisSentinel();

// Not by once() of node:events, which fails where the loss is an error too.
function close(client: Redis): Promise<void> {
  return new Promise((resolve) => client.once('close', resolve));
}

describe('a live master that sentinels replace', () => {
  // Until it is told that it is one no more, for some seconds, the former master goes on as before.
  it.each<[string, Client]>([
    ['takes its clients with it until the sentinels send them away', {}],
    ['is left at once by clients that listen to the sentinels', { failoverDetector: true }],
  ])('%s: each answer is right or a 503', async (_what, options) => {
    const clients = [redis.createClient(options), redis.createClient(options)] as const;
    [one, other] = [await start({ redis: clients[0] }), await start({ redis: clients[1] })];
    await expectAllWorks(one, other);
    await switchDuring(startTraffic([one, other], { durable: false }), clients);
    await expectAllWorks(one, other);
  });

  // With a single one it might be the one that follows the former master a little longer.
  it('takes no logout with it that was answered, where they wait for all replicas', async () => {
    const clients = [redis.createClient(), redis.createClient()] as const;
    const durability = { replicas: 2, timeout: 0.2 };
    [one, other] = [
      await start({ durability, redis: clients[0] }),
      await start({ durability, redis: clients[1] }),
    ];
    await expectAllWorks(one, other);
    const traffic = startTraffic([one, other], { durable: true });
    await switchDuring(traffic, clients);
    for (const access_token of traffic.loggedOut) await expectDead(access_token, one, other);
    await expectAllWorks(one, other);
  });

  async function switchDuring(traffic: Traffic, clients: readonly Redis[]): Promise<void> {
    await traffic.until(20);
    const left = Promise.all(clients.map(close));
    await redis.replaceLive();
    await left;
    await untilServed(one, other);
    await traffic.until(20);
    await traffic.stop();
  }
});
