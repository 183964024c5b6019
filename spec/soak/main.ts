import { setTimeout as wait } from 'node:timers/promises';
import { Child } from '../../bench/child.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { readCommandLine } from './command-line.ts';
import { FAULTS, type FaultParts, inject } from './faults.ts';
import { HttpClient } from './http.ts';
import { Issuing } from './issuing.ts';
import { KINDS } from './kinds/all.ts';
import { Loader } from './load.ts';
import { Outages } from './outages.ts';
import { ProviderProcess } from './provider-process.ts';
import { Random } from './random.ts';
import { describeMeasurement, type Measurement, printAnswers, verdictOf } from './report.ts';
import type { ServerSettings, ServerState } from './server.ts';
import { Slowness } from './slowness.ts';
import { World } from './world.ts';

const CONNECTIONS = 32;
const ROUNDS = 50;
const ROUNDS_TOLD = ROUNDS / 10;
const QUIET_AT_THE_END_MS = 8_000;
const NODE_OPTIONS = ['--max-old-space-size=96', '--expose-gc'];
const SERVER = new URL('./server.ts', import.meta.url).href;

const commandLine = readCommandLine(process.argv.slice(2));
console.log(JSON.stringify(commandLine));
const random = new Random(commandLine.seed);
const outages = new Outages();
// What was acknowledged outlives the process.
const redis = await startRedisServer('--appendonly', 'yes', '--appendfsync', 'no');
const provider = await ProviderProcess.start();
const { issuer } = provider;
const issuing = await Issuing.create(issuer, random);
await provider.tell({ keys: issuing.keys });
const settings: ServerSettings = { express: commandLine.express, issuer, redisPath: redis.path };
const server = new Child(SERVER, [JSON.stringify(settings)], NODE_OPTIONS);
const client = new HttpClient((await server.answer()) as number, CONNECTIONS);
const world = new World({ client, issuing, outages, random });
const kinds = KINDS.filter(({ name }) => name.startsWith(commandLine.only));
const loader = new Loader(world, { kinds, connections: CONNECTIONS, rate: commandLine.rate });

const slowness = new Slowness(redis.connect(), outages);

const parts: FaultParts = { redis, provider, issuing, outages };
const roundsOfFault = Math.floor(ROUNDS / (FAULTS.length + 1));
let fault = Promise.resolve();

/** Begins the fault of a round, if it has one, once the one before is over. */
async function injectIn(round: number): Promise<void> {
  const next = FAULTS[round / roundsOfFault - 1];
  if (!commandLine.faults || next === undefined) return;
  await fault;
  console.log(`${world.tally.total} requests: ${next.name}`);
  fault = inject(next, parts);
  fault.catch(() => undefined);
}

async function measure(): Promise<Measurement> {
  const state = (await server.ask({})) as ServerState;
  const connections = await provider.tell({});
  return { requests: world.tally.total, heapUsed: state.heapUsed, state, connections };
}

async function run(measurements: Measurement[]): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    await injectIn(round);
    await loader.runUntil((commandLine.requests * round) / ROUNDS);
    if (round === ROUNDS) await wait(QUIET_AT_THE_END_MS);
    const measurement = await measure();
    measurements.push(measurement);
    if (round % ROUNDS_TOLD === 0) console.log(describeMeasurement(measurement));
  }
  await fault;
}

const measurements: Measurement[] = [];
const problems: string[] = [];
const startedAt = performance.now();
try {
  await run(measurements);
} catch (error) {
  problems.push(String(error));
} finally {
  slowness.close();
  client.close();
  await Promise.all([server.stop(), provider.stop(), redis.close()]);
}
printAnswers(world.tally);
console.log(`\nEvents: ${JSON.stringify(measurements.at(-1)?.state.events)}`);
console.log(`\nBeside the faults Redis was too slow ${slowness.times} times`);
problems.push(...verdictOf(world.tally, measurements));
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
for (const problem of problems) console.log(`\n${problem}`);
console.log(`\n${problems.length === 0 ? 'All is well' : 'FAILED'}, after ${minutes} minutes`);
process.exitCode = problems.length === 0 ? 0 : 1;
