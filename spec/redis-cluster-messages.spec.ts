import { describe, expect, it, jest } from '@jest/globals';
import type { App } from './support/app.ts';
import {
  cluster,
  clients,
  ENTRY,
  keysOf,
  listen,
  type Listening,
  SESSION_ENDED,
  start,
  startBoth,
  subscribers,
  untilSubscribed,
  useRedisCluster,
} from './support/redis-cluster-apps.ts';
import { HOST, poll, type RedisNode } from './support/redis-node.ts';
import {
  expectPushed,
  logOut,
  newOwner,
  type Running,
  signer,
  untilServed,
} from './support/redis-traffic.ts';

jest.setTimeout(60_000);

const CHANGED = 'oidc1:changed';
/** So long that nothing here is ever looked up again for its age. */
const HOUR = { maxStaleness: 3600 };

let one: Running;
let other: Running;

useRedisCluster();

/** The node where the only listener to a channel listens. */
async function onlyNodeWith(channel: string): Promise<RedisNode> {
  await untilSubscribed(channel, 1);
  const [node] = [...(await subscribers(channel))].find(([, count]) => count === 1) ?? [];
  if (node === undefined) throw new Error(`Nobody listens to ${channel}`);
  return node;
}

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
    [one, other] = await startBoth({ nearCache: HOUR });
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
