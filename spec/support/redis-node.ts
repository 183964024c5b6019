import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { until } from './until.ts';

export const HOST = '127.0.0.1';

// A node of a cluster also listens 10,000 above. Both are below what systems hand out by themselves, so
// that a node that was restarted finds its ports free.
const PORTS = [11_000, 22_000] as const;
const ATTEMPTS = 5;
const READY = /eady to accept connections|Sentinel ID is/;

export const NODE_CONFIG = [
  'save ""',
  'appendonly no',
  // Else the first replica of a master is kept waiting for others.
  'repl-diskless-sync-delay 0',
  // A replica counts from its first ping on.
  'repl-ping-replica-period 1',
];

/** A redis-server of its own process, on a port of loopback, with a temporary folder. */
export interface RedisNode {
  readonly port: number;
  /** A connection to this node alone; it comes back when the node does. */
  readonly client: Redis;
  readonly state: 'running' | 'paused' | 'killed';
  kill(): Promise<void>;
  /** Starts it again after it was killed, without its data. */
  restart(): Promise<void>;
  /** Has it stand still, with its connections open. */
  pause(): void;
  resume(): void;
  /** Kills it, and removes what it left. */
  stop(): Promise<void>;
}

interface Place {
  readonly folder: string;
  readonly port: number;
}

/** Starts a server with these lines of configuration; with `--sentinel` as one. */
export async function startRedisNode(
  config: readonly string[] = NODE_CONFIG,
  ...flags: string[]
): Promise<RedisNode> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-node-'));
  const file = join(folder, 'redis.conf');
  const run = () => runServer(file, ...flags);

  async function runOnFreePort(attempt = 1): Promise<RedisNode> {
    const port = randomInt(...PORTS);
    const lines = [`bind ${HOST}`, `port ${port}`, `dir ${folder}`, ...config];
    await writeFile(file, `${lines.join('\n')}\n`);
    try {
      return nodeAt({ folder, port }, await run(), run);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      return runOnFreePort(attempt + 1);
    }
  }

  try {
    return await runOnFreePort();
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

async function runServer(...args: string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: server.stdout });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (READY.test(line)) resolve();
      else said.push(line);
    });
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error(`redis-server ended before it was ready: ${said.join('\n')}`));
    });
  });
  return server;
}

function nodeAt(
  { folder, port }: Place,
  started: ChildProcess,
  run: () => Promise<ChildProcess>,
): RedisNode {
  let server = started;
  let isPaused = false;
  const client = connect(port);

  return {
    port,
    client,
    get state() {
      if (hasEnded(server)) return 'killed';
      return isPaused ? 'paused' : 'running';
    },
    kill: () => kill(server),
    async restart() {
      server = await run();
      isPaused = false;
      // An attempt that failed just before may be the one that gives up what waits for the client.
      await poll(() => client.status === 'ready');
    },
    pause() {
      isPaused = true;
      server.kill('SIGSTOP');
    },
    resume() {
      isPaused = false;
      server.kill('SIGCONT');
    },
    async stop() {
      client.disconnect();
      await kill(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function connect(port: number): Redis {
  const client = new Redis({ host: HOST, port, retryStrategy: () => 20, disconnectTimeout: 20 });
  return client.on('error', () => undefined);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function kill(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
}

/** Has every one fulfilled; where one is not, stops those that are. */
export async function startAll<T extends { stop(): Promise<void> }>(
  starting: readonly Promise<T>[],
): Promise<T[]> {
  const results = await Promise.allSettled(starting);
  const started = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failure = results.find(({ status }) => status === 'rejected');
  if (failure === undefined) return started;
  await Promise.all(started.map((each) => each.stop()));
  throw (failure as PromiseRejectedResult).reason;
}

/** Where a server is to be found, for a client of the cluster or of sentinels. */
export function addressOf({ port }: RedisNode): { host: string; port: number } {
  return { host: HOST, port };
}

/** The fields of a section of INFO, or of CLUSTER INFO. */
export function parseInfo(info: string): Record<string, string> {
  const fields = info.matchAll(/^(\w+):(.*)$/gm);
  return Object.fromEntries(Array.from(fields, ([, name = '', value = '']) => [name, value]));
}

export async function replicationInfo({ client }: RedisNode): Promise<Record<string, string>> {
  return parseInfo(await client.info('replication'));
}

/** How many listen to a channel at this node. */
export async function subscribersAt({ client }: RedisNode, channel: string): Promise<number> {
  const [, count] = await client.pubsub('NUMSUB', channel);
  return Number(count);
}

/** How often the nodes that run were asked for a value. */
export async function readsAt(nodes: readonly RedisNode[]): Promise<number> {
  const running = nodes.filter(({ state }) => state === 'running');
  const infos = await Promise.all(running.map(({ client }) => client.info('commandstats')));
  const calls = infos.flatMap((info) => [...info.matchAll(/^cmdstat_m?get:calls=(\d+)/gm)]);
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

export async function every(
  nodes: readonly RedisNode[],
  isSo: (node: RedisNode) => Promise<boolean>,
): Promise<boolean> {
  return (await Promise.all(nodes.map(isSo))).every(Boolean);
}

/** As {@link until}, for servers that have to find each other first. */
export function poll(isSo: () => boolean | Promise<boolean>): Promise<void> {
  return until(isSo, 30_000);
}
