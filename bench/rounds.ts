import { type Measurement, medianOf } from './measurement.ts';
import { Field, type Run } from './run.ts';
import type { Workbench } from './workbench.ts';

/** What is compared, by its name. */
export type Runs = Readonly<Record<string, Run>>;

/** Compares what has the same to do in each round, on servers that stay. */
export async function compareServers(
  bench: Workbench,
  title: string,
  runs: Runs,
): Promise<Map<string, Measurement>> {
  const fields = new Map<Run, Field>();
  try {
    for (const [, run] of chosenOf(bench, runs)) fields.set(run, await Field.start(bench, run));
    return await runRounds(bench, title, runs, bench.effort.rounds, async (run) => {
      const field = fields.get(run);
      if (field === undefined) throw new Error(`${run.variant} was not started`);
      return field.measure(run.load);
    });
  } finally {
    await Promise.all(Array.from(fields.values(), (field) => field.stop()));
  }
}

/** Compares what can be done once, on a new server in each round. */
export function compareRuns(
  bench: Workbench,
  title: string,
  runs: Runs,
): Promise<Map<string, Measurement>> {
  return runRounds(bench, title, runs, bench.effort.runs, async (run) => {
    const field = await Field.start(bench, run);
    try {
      return await field.measure(run.load);
    } finally {
      await field.stop();
    }
  });
}

function chosenOf(bench: Workbench, runs: Runs): [string, Run][] {
  return Object.entries(runs).filter(([name]) => bench.includes(name));
}

// In turn and round by round, so that whatever the machine does meanwhile hits all alike.
async function runRounds(
  bench: Workbench,
  title: string,
  runs: Runs,
  rounds: number,
  measure: (run: Run) => Promise<Measurement>,
): Promise<Map<string, Measurement>> {
  const chosen = chosenOf(bench, runs);
  const measured = new Map(chosen.map(([name]) => [name, [] as Measurement[]]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, run] of chosen) {
      const measurement = await measure(run);
      measured.get(name)?.push(measurement);
      const cpu = measurement.cpu.toFixed(1);
      console.log(`${title}, ${name}, round ${round} of ${rounds}: ${cpu} µs`);
    }
  }
  return new Map(Array.from(measured, ([name, all]) => [name, medianOf(all)]));
}
