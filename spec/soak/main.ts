import { setTimeout as wait } from 'node:timers/promises';
import { type CommandLine, readCommandLine } from './command-line.ts';
import { FAULTS, inject } from './faults.ts';
import { KINDS } from './kinds/all.ts';
import { Loader } from './load.ts';
import { describeMeasurement, type Measurement, printAnswers, verdictOf } from './report.ts';
import { CONNECTIONS, setStage, type Stage } from './stage.ts';

const ROUNDS = 50;
const ROUNDS_TOLD = ROUNDS / 10;
const ROUNDS_OF_FAULT = Math.floor(ROUNDS / (FAULTS.length + 1));
const QUIET_AT_THE_END_MS = 8_000;

/** Sends all requests in rounds, and measures the server after each. */
async function run(stage: Stage, commandLine: CommandLine): Promise<Measurement[]> {
  const { requests, rate, only, faults } = commandLine;
  const { world } = stage;
  const kinds = KINDS.filter(({ name }) => name.startsWith(only));
  const loader = new Loader(world, { kinds, connections: CONNECTIONS, rate });
  const measurements: Measurement[] = [];
  let underWay = Promise.resolve();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const fault = faults ? FAULTS[round / ROUNDS_OF_FAULT - 1] : undefined;
    if (fault !== undefined) {
      await underWay;
      console.log(`${world.tally.total} requests: ${fault.name}`);
      underWay = inject(fault, stage);
      underWay.catch(() => undefined);
    }
    await loader.runUntil((requests * round) / ROUNDS);
    if (round === ROUNDS) await wait(QUIET_AT_THE_END_MS);
    const measurement = await stage.measure();
    measurements.push(measurement);
    if (round % ROUNDS_TOLD === 0) console.log(describeMeasurement(measurement));
  }
  await underWay;
  return measurements;
}

async function soak(commandLine: CommandLine, closing: (() => unknown)[]): Promise<string[]> {
  const stage = await setStage(commandLine, closing);
  const { world, slowness } = stage;
  try {
    const measurements = await run(stage, commandLine);
    console.log(`\nEvents: ${JSON.stringify(measurements.at(-1)?.state.events)}`);
    return verdictOf(world.tally, measurements);
  } finally {
    printAnswers(world.tally);
    console.log(`\nBeside the faults Redis was too slow ${slowness.times} times`);
  }
}

const commandLine = readCommandLine(process.argv.slice(2));
console.log(JSON.stringify(commandLine));
const closing: (() => unknown)[] = [];
const startedAt = performance.now();
let problems: string[];
try {
  problems = await soak(commandLine, closing);
} catch (error) {
  problems = [String(error)];
} finally {
  for (const close of closing.reverse()) await close();
}
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
for (const problem of problems) console.log(`\n${problem}`);
console.log(`\n${problems.length === 0 ? 'All is well' : 'FAILED'}, after ${minutes} minutes`);
process.exitCode = problems.length === 0 ? 0 : 1;
