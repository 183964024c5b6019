import { Redis, type RedisOptions } from 'ioredis';
import {
  addressOf,
  every,
  HOST,
  poll,
  type RedisNode,
  replicationInfo,
  startAll,
  startRedisNode,
} from './redis-node.ts';

const NAME = 'main';
const QUORUM = 2;
const REPLICAS = 2;
const SENTINELS = 3;

/** Milliseconds. */
const DOWN_AFTER = 500;
const NEVER = 3_600_000;

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** A master with two replicas, and three sentinels that make one of them the master when it fails. */
export interface RedisSentinel {
  /** The master and its replicas. */
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly RedisNode[];
  /** A new client; all are disconnected when the servers stop. */
  createClient(options?: ClientOptions): Redis;
  /** The master, as the sentinels say. */
  master(): Promise<RedisNode>;
  killMaster(): Promise<void>;
  /** Whether the sentinels replace a master that fails. */
  setTakeover(isAllowed: boolean): Promise<void>;
  /** Has the sentinels replace a master that is alive. */
  failover(): Promise<void>;
  /** Resolves with the next master when all sentinels have told of it. */
  nextMaster(): Promise<RedisNode>;
  stop(): Promise<void>;
}

export async function startRedisSentinel(): Promise<RedisSentinel> {
  const nodes = await startAll(Array.from({ length: 1 + REPLICAS }, () => startRedisNode()));
  const sentinels: RedisNode[] = [];
  const subscribers: Redis[] = [];
  const clients: Redis[] = [];

  async function stop(): Promise<void> {
    for (const client of [...clients, ...subscribers]) client.disconnect();
    await Promise.all([...sentinels, ...nodes].map((node) => node.stop()));
  }

  async function replicate(): Promise<void> {
    const [master, ...replicas] = nodes;
    for (const { client } of replicas) await client.replicaof(HOST, master?.port ?? 0);
    await poll(() => every(replicas, isLinked));
  }

  async function watch(): Promise<void> {
    const config = [
      `sentinel monitor ${NAME} ${HOST} ${nodes[0]?.port ?? 0} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER}`,
      `sentinel failover-timeout ${NAME} 3000`,
      `sentinel parallel-syncs ${NAME} 1`,
    ];
    const starting = Array.from({ length: SENTINELS }, () => startRedisNode(config, '--sentinel'));
    sentinels.push(...(await startAll(starting)));
    for (const { client } of sentinels) {
      const subscriber = client.duplicate();
      subscriber.on('error', () => undefined);
      subscribers.push(subscriber);
      await subscriber.subscribe('+switch-master');
    }
    await poll(() => every(sentinels, knowsAll));
  }

  async function master(): Promise<RedisNode> {
    const address = await sentinels[0]?.client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    const [, port] = address as [string, string];
    return nodeAt(port);
  }

  function nodeAt(port: string | undefined): RedisNode {
    const node = nodes.find((each) => String(each.port) === port);
    if (node === undefined) throw new Error(`No server here has the port ${port}`);
    return node;
  }

  try {
    await replicate();
    await watch();
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    nodes,
    sentinels,
    createClient(options = {}) {
      const addresses = sentinels.map(addressOf);
      const client = new Redis({ sentinels: addresses, name: NAME, ...options });
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
    master,
    async killMaster() {
      await (await master()).kill();
    },
    async setTakeover(isAllowed) {
      const downAfter = isAllowed ? DOWN_AFTER : NEVER;
      for (const { client } of sentinels) {
        await client.call('SENTINEL', 'SET', NAME, 'down-after-milliseconds', downAfter);
      }
    },
    async failover() {
      await sentinels[0]?.client.call('SENTINEL', 'FAILOVER', NAME);
    },
    async nextMaster() {
      const told = await Promise.all(subscribers.map(nextMessage));
      // The name, and the addresses before and now.
      return nodeAt(told[0]?.split(' ')[4]);
    },
    stop,
  };
}

// Not by once() of node:events, which fails where a sentinel is lost meanwhile.
function nextMessage(subscriber: Redis): Promise<string> {
  return new Promise((resolve) => {
    subscriber.once('message', (_channel, message) => {
      resolve(message);
    });
  });
}

async function isLinked(node: RedisNode): Promise<boolean> {
  return (await replicationInfo(node)).master_link_status === 'up';
}

async function knowsAll({ client }: RedisNode): Promise<boolean> {
  const fields = (await client.call('SENTINEL', 'MASTER', NAME)) as string[];
  const valueOf = (field: string) => fields[fields.indexOf(field) + 1];
  return (
    valueOf('flags') === 'master' &&
    valueOf('num-slaves') === String(REPLICAS) &&
    valueOf('num-other-sentinels') === String(SENTINELS - 1)
  );
}
