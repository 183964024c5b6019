import { type Measurement, medianOf } from './measurement.ts';
import { measure, type Run } from './run.ts';
import type { Workbench } from './workbench.ts';

/**
 * Runs what is compared, by its name, in turn and round by round, so that whatever the machine does
 * meanwhile hits all alike; and takes the medians over the rounds.
 */
export async function runRounds(
  bench: Workbench,
  title: string,
  runs: Readonly<Record<string, Run>>,
): Promise<Map<string, Measurement>> {
  const { rounds } = bench.effort;
  const chosen = Object.entries(runs).filter(([name]) => bench.includes(name));
  const measured = new Map(chosen.map(([name]) => [name, [] as Measurement[]]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, run] of chosen) {
      const measurement = await measure(bench, run);
      measured.get(name)?.push(measurement);
      const cpu = measurement.cpu.toFixed(1);
      console.log(`${title}, ${name}, round ${round} of ${rounds}: ${cpu} µs`);
    }
  }
  return new Map(Array.from(measured, ([name, all]) => [name, medianOf(all)]));
}
