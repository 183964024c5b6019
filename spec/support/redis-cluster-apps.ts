import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { Cluster } from 'ioredis';
import type { OidcLogoutOptions, SessionEndedEvent } from '../../lib/index.ts';
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts';
import { poll, type RedisNode, subscribersAt } from './redis-node.ts';
import { type Running, startApp } from './redis-traffic.ts';

export const SESSION_ENDED = 'oidc1:session-ended';
/** Of an unsaved token that was logged out: the token's and its session's. */
export const ENTRY = /^oidc1:[xt]/;
/** Those of the specs of a file, once they call {@link useRedisCluster}. */
export let cluster: RedisCluster;
/** Of the apps of this spec. */
export let clients: Cluster[];
let apps: Running[];

/** Starts a cluster for the specs of a file; after each of them it is whole again, and empty. */
export function useRedisCluster(): void {
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
}

export async function start(options: Partial<OidcLogoutOptions> = {}): Promise<Running> {
  const redis = cluster.createClient();
  clients.push(redis);
  const app = await startApp({ redis, ...options });
  apps.push(app);
  return app;
}

export async function startBoth(
  options: Partial<OidcLogoutOptions> = {},
): Promise<[one: Running, other: Running]> {
  return [await start(options), await start(options)];
}

/** Keys that a node holds, of its own or as a replica. */
export async function keysOf({ client }: RedisNode, pattern: RegExp): Promise<string[]> {
  return (await client.keys('*')).filter((key) => pattern.test(key)).sort();
}

export async function keysOfAll(nodes: RedisNode[], pattern: RegExp): Promise<string[]> {
  return (await Promise.all(nodes.map((node) => keysOf(node, pattern)))).flat().sort();
}

export interface Listening extends Running {
  readonly heard: SessionEndedEvent[];
}

export async function listen(options: Partial<OidcLogoutOptions> = {}): Promise<Listening> {
  const app = await start(options);
  const heard: SessionEndedEvent[] = [];
  app.oidc.on('session-ended', (event) => heard.push(event));
  return { ...app, heard };
}

/** How many listen to a channel at each node that runs. */
export async function subscribers(channel: string): Promise<Map<RedisNode, number>> {
  const running = cluster.nodes.filter(({ state }) => state === 'running');
  const counts = running.map(async (node) => [node, await subscribersAt(node, channel)] as const);
  return new Map(await Promise.all(counts));
}

export async function untilSubscribed(channel: string, count: number): Promise<void> {
  await poll(async () => {
    const counts = [...(await subscribers(channel)).values()];
    return counts.reduce((sum, each) => sum + each) === count;
  });
}
