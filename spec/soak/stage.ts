import { Child } from '../support/child.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import type { CommandLine } from './command-line.ts';
import { HttpClient } from './http.ts';
import { Issuing } from './issuing.ts';
import { Outages } from './outages.ts';
import { ProviderProcess } from './provider-process.ts';
import { Random } from './random.ts';
import type { Measurement } from './report.ts';
import type { ServerSettings, ServerState } from './server.ts';
import { Slowness } from './slowness.ts';
import { World } from './world.ts';

export const CONNECTIONS = 32;
const NODE_OPTIONS = ['--max-old-space-size=96', '--expose-gc'];
const SERVER = new URL('./server.ts', import.meta.url);

type Close = () => unknown;

/** All processes of a run, and what sees them from this one. */
export interface Stage {
  readonly redis: RedisServer;
  readonly provider: ProviderProcess;
  readonly world: World;
  readonly slowness: Slowness;
  measure(): Promise<Measurement>;
}

/** Starts all; how to end what has started is pushed at once, so that none of them is left over. */
export async function setStage({ express, seed }: CommandLine, closing: Close[]): Promise<Stage> {
  const random = new Random(seed);
  const outages = new Outages();
  // What was acknowledged outlives the process.
  const redis = await startRedisServer('--appendonly', 'yes', '--appendfsync', 'no');
  closing.push(() => redis.close());
  const provider = await ProviderProcess.start();
  closing.push(() => provider.stop());
  const { issuer } = provider;
  const issuing = await Issuing.create(issuer, random);
  await provider.tell({ keys: issuing.keys });
  const settings: ServerSettings = { express, issuer, redisPath: redis.path };
  const server = new Child(SERVER, [JSON.stringify(settings)], NODE_OPTIONS);
  closing.push(() => server.stop());
  const client = new HttpClient((await server.answer()) as number, CONNECTIONS);
  const slowness = new Slowness(redis.connect(), outages);
  closing.push(() => {
    slowness.close();
    client.close();
  });
  const world = new World({ client, issuing, outages, random });
  async function measure(): Promise<Measurement> {
    const state = (await server.ask({})) as ServerState;
    const connections = await provider.tell({});
    return { requests: world.tally.total, heapUsed: state.heapUsed, state, connections };
  }
  return { redis, provider, world, slowness, measure };
}
