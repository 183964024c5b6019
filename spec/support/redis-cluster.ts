import { Cluster, type ClusterOptions } from 'ioredis';
import {
  addressOf,
  every,
  HOST,
  NODE_CONFIG,
  parseInfo,
  poll,
  type RedisNode,
  replicationInfo,
  startAll,
  startRedisNode,
} from './redis-node.ts';

const ALL_SLOTS = 16_384;

/** Milliseconds; a machine that is busy for so long is no failure unless a spec says that there is one. */
const NODE_TIMEOUT = { usual: 10_000, failure: 1000 };

const CLUSTER_CONFIG = [
  ...NODE_CONFIG,
  'cluster-enabled yes',
  'cluster-config-file nodes.conf',
  `cluster-node-timeout ${NODE_TIMEOUT.usual}`,
  // Each master keeps the replicas that it has.
  'cluster-allow-replica-migration no',
];

type ClientOptions = Omit<ClusterOptions, 'redisOptions'>;

/** Masters with their replicas, which share the keys among them. */
export interface RedisCluster {
  readonly nodes: readonly RedisNode[];
  /** A new client; all are disconnected when the cluster stops. */
  createClient(options?: ClientOptions): Cluster;
  /** Those that serve keys, as the nodes that run say. */
  masters(): Promise<RedisNode[]>;
  masterOf(key: string): Promise<RedisNode>;
  /** The replicas of a master that run. */
  replicasOf(master: RedisNode): Promise<RedisNode[]>;
  /** Has the nodes see that this one was killed, until all say that others serve its keys. */
  replaceKilled(node: RedisNode): Promise<void>;
  /** Has the nodes see who was killed, until all say that the cluster is down. */
  untilDown(): Promise<void>;
  /** Resumes what was paused, restarts what was killed, and waits until all work together. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

interface Group {
  readonly master: RedisNode;
  readonly replicas: readonly RedisNode[];
}

interface SlotRange {
  readonly start: number;
  readonly end: number;
  /** Ports. */
  readonly master: number;
  readonly replicas: readonly number[];
}

/** Starts a cluster of so many masters, with so many replicas each. */
export async function startRedisCluster({
  masters: count = 3,
  replicas: replicasEach = 1,
} = {}): Promise<RedisCluster> {
  const total = count * (1 + replicasEach);
  const nodes = await startAll(Array.from({ length: total }, () => startRedisNode(CLUSTER_CONFIG)));
  const cluster = clusterOf(nodes, replicasEach);
  try {
    await form(groupsOf(nodes, count, replicasEach));
    await poll(() => isWhole(nodes, replicasEach));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function clusterOf(nodes: readonly RedisNode[], replicasEach: number): RedisCluster {
  const clients: Cluster[] = [];

  function running(): RedisNode[] {
    return nodes.filter((node) => node.state === 'running');
  }

  function nodeAt(port: number): RedisNode {
    const node = nodes.find((each) => each.port === port);
    if (node === undefined) throw new Error(`No node of this cluster has the port ${port}`);
    return node;
  }

  /** Has those that run see each other's failures and returns, until it is so. */
  async function untilSeen(isSo: () => Promise<boolean>): Promise<void> {
    const setTimeouts = (milliseconds: number) =>
      Promise.all(
        running().map(({ client }) => client.config('SET', 'cluster-node-timeout', milliseconds)),
      );
    await setTimeouts(NODE_TIMEOUT.failure);
    try {
      await poll(isSo);
    } finally {
      await setTimeouts(NODE_TIMEOUT.usual);
    }
  }

  /** The first node that knows that the cluster works. */
  async function witness(): Promise<RedisNode> {
    for (const node of running()) {
      if ((await clusterInfo(node)).cluster_state === 'ok') return node;
    }
    throw new Error('No node says that the cluster works');
  }

  return {
    nodes,
    createClient(options = {}) {
      const client = new Cluster(nodes.map(addressOf), options);
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
    async masters() {
      return [...new Set((await slotRanges(await witness())).map(({ master }) => nodeAt(master)))];
    },
    async masterOf(key) {
      const { client } = await witness();
      const slot = Number(await client.call('CLUSTER', 'KEYSLOT', key));
      const ranges = await slotRanges(await witness());
      return nodeAt(ranges.find(({ start, end }) => start <= slot && slot <= end)?.master ?? 0);
    },
    async replicasOf({ port }) {
      const infos = await Promise.all(running().map(replicationInfo));
      return running().filter((_node, index) => infos[index]?.master_port === String(port));
    },
    replaceKilled: ({ port }) =>
      untilSeen(() => every(running(), (node) => worksWithout(node, port))),
    untilDown: () => untilSeen(() => every(running(), isDown)),
    async heal() {
      for (const node of nodes) {
        if (node.state === 'killed') await node.restart();
        else node.resume();
      }
      await untilSeen(() => isWhole(nodes, replicasEach));
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

function groupsOf(nodes: readonly RedisNode[], count: number, replicasEach: number): Group[] {
  return nodes.slice(0, count).map((master, index) => {
    const first = count + index * replicasEach;
    return { master, replicas: nodes.slice(first, first + replicasEach) };
  });
}

async function form(groups: readonly Group[]): Promise<void> {
  const masters = groups.map(({ master }) => master);
  const nodes = [...masters, ...groups.flatMap(({ replicas }) => replicas)];
  await introduce(nodes);
  await shareSlots(masters);
  await poll(() => every(nodes, (node) => knows(node, nodes.length)));
  for (const group of groups) await replicate(group);
}

/** Everybody to everybody, because gossip would take its time. */
async function introduce(nodes: readonly RedisNode[]): Promise<void> {
  for (const [index, { client }] of nodes.entries()) {
    await client.cluster('SET-CONFIG-EPOCH', index + 1);
  }
  for (const [index, { client }] of nodes.entries()) {
    for (const { port } of nodes.slice(0, index)) await client.cluster('MEET', HOST, port);
  }
}

async function shareSlots(masters: readonly RedisNode[]): Promise<void> {
  const startOf = (index: number) => Math.floor((index * ALL_SLOTS) / masters.length);
  for (const [index, { client }] of masters.entries()) {
    await client.cluster('ADDSLOTSRANGE', startOf(index), startOf(index + 1) - 1);
  }
}

async function replicate({ master, replicas }: Group): Promise<void> {
  const id = String(await master.client.call('CLUSTER', 'MYID'));
  for (const { client } of replicas) await client.cluster('REPLICATE', id);
}

/** All agree, serve all keys, and every replica has its master. */
function isWhole(nodes: readonly RedisNode[], replicasEach: number): Promise<boolean> {
  return every(nodes, async (node) => {
    const { cluster_state: state, cluster_slots_ok: slots } = await clusterInfo(node);
    const { role, master_link_status: link } = await replicationInfo(node);
    const ranges = await slotRanges(node);
    return (
      state === 'ok' &&
      slots === String(ALL_SLOTS) &&
      ranges.every(({ replicas }) => replicas.length === replicasEach) &&
      (role === 'master' || link === 'up') &&
      knows(node, nodes.length)
    );
  });
}

async function worksWithout(node: RedisNode, port: number): Promise<boolean> {
  const { cluster_state: state } = await clusterInfo(node);
  const ranges = await slotRanges(node);
  return state === 'ok' && ranges.every(({ master }) => master !== port);
}

async function isDown(node: RedisNode): Promise<boolean> {
  return (await clusterInfo(node)).cluster_state === 'fail';
}

async function knows({ client }: RedisNode, total: number): Promise<boolean> {
  const lines = String(await client.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return lines.length === total && lines.every((line) => !/handshake|fail|noaddr/.test(line));
}

async function clusterInfo({ client }: RedisNode): Promise<Record<string, string>> {
  return parseInfo(String(await client.call('CLUSTER', 'INFO')));
}

async function slotRanges({ client }: RedisNode): Promise<SlotRange[]> {
  const ranges = (await client.call('CLUSTER', 'SLOTS')) as [
    number,
    number,
    ...[string, number][],
  ][];
  return ranges.map(([start, end, ...servers]) => {
    const [master = 0, ...replicas] = servers.map(([, port]) => port);
    return { start, end, master, replicas };
  });
}
