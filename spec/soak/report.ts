import { growthOf, type HeapPoint, MOST_GROWTH } from './heap.ts';
import type { ServerState } from './server.ts';
import type { Tally } from './tally.ts';

/** The server after so many requests. */
export interface Measurement extends HeapPoint {
  readonly state: ServerState;
  /** Connections that the provider has. */
  readonly connections: number;
}

/** Fewer requests do not fill the caches, and tell nothing of the heap. */
export const LEAST_FOR_HEAP = 60_000;

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MB`;
}

export function describeMeasurement({ requests, state, connections }: Measurement): string {
  const { heapUsed, external, rss, longestTurn, resources, redisQueue } = state;
  const memory = { heap: heapUsed, external, rss };
  const told = Object.entries(memory).map(([name, bytes]) => `${name} ${megabytes(bytes)}`);
  const sockets = `provider connections ${connections}, Redis queue ${redisQueue}`;
  const turn = `longest turn ${longestTurn.toFixed(0)} ms`;
  return [
    `${requests} requests: ${told.join(', ')}`,
    turn,
    sockets,
    JSON.stringify(resources),
  ].join(', ');
}

export function printAnswers(tally: Tally): void {
  console.log('\nKind, and its answers with their number; behind ! those that are wrong\n');
  for (const row of tally.rows()) console.log(row);
  const wrong = tally.wrongAnswers();
  if (wrong.length === 0) return;
  console.log('\nThe first wrong answers of each kind\n');
  for (const { kind, request, outcome, right, at, isOutage } of wrong) {
    const when = `after ${at.toFixed(1)} s, ${isOutage ? 'in an outage' : 'in quiet'}`;
    const expected = [...new Set(right)].join(' or ');
    console.log(`${kind} (${request}): ${outcome}, not ${expected}; ${when}`);
  }
}

/** What is wrong with a run, in sentences; nothing where all is right. */
export function verdictOf(tally: Tally, measurements: readonly Measurement[]): string[] {
  const last = measurements.at(-1);
  const problems = [...(last?.state.failures ?? [])];
  if (tally.wrong > 0) problems.push(`${tally.wrong} of ${tally.total} answers are wrong`);
  if ((last?.state.redisQueue ?? 0) > 0) problems.push('The Redis client has commands left');
  const growth = growthOf(measurements);
  const told = `${megabytes(growth.bySlope)} by slope, ${megabytes(growth.byMedians)} by medians`;
  console.log(`\nHeap in the second half: ${told}; at most ${megabytes(MOST_GROWTH)} by slope`);
  if (tally.total >= LEAST_FOR_HEAP && !(growth.bySlope <= MOST_GROWTH)) {
    problems.push('The heap grows');
  }
  return problems;
}
