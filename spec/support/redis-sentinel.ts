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

/** Milliseconds; a machine that is busy for so long is no failure unless a spec says that there is one. */
const DOWN_AFTER = { usual: 3_600_000, failure: 1000 };

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
  /** Kills the master, which nobody replaces yet. */
  killMaster(): Promise<void>;
  /** Has the sentinels replace the master that was killed; resolves with the next one when all have told of it. */
  replaceKilled(): Promise<RedisNode>;
  /** The same with a master that is alive. */
  replaceLive(): Promise<RedisNode>;
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
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER.usual}`,
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

  async function setDownAfter(milliseconds: number): Promise<void> {
    for (const { client } of sentinels) {
      await client.call('SENTINEL', 'SET', NAME, 'down-after-milliseconds', milliseconds);
    }
  }

  async function nextMaster(): Promise<RedisNode> {
    const told = await Promise.all(subscribers.map(nextMessage));
    // The name, and the addresses before and now.
    return nodeAt(told[0]?.split(' ')[4]);
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
    async replaceKilled() {
      const next = nextMaster();
      await setDownAfter(DOWN_AFTER.failure);
      try {
        return await next;
      } finally {
        await setDownAfter(DOWN_AFTER.usual);
      }
    },
    async replaceLive() {
      const next = nextMaster();
      await sentinels[0]?.client.call('SENTINEL', 'FAILOVER', NAME);
      return next;
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
