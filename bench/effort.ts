import type { CommandLine } from './command-line.ts';

/** How much is measured. */
export interface Effort {
  /** Of servers that stay: as short as can be, so that what the machine does hits all alike. */
  readonly rounds: number;
  /** Of servers that are new in each round. */
  readonly runs: number;
  /**
   * Guarded requests of each connection; of any hundred in a row, one is refused. So many that a near-cache, which has
   * gone stale while others had their turn, asks no more often than in traffic that never pauses.
   */
  readonly walk: number;
  readonly warmUpWalk: number;
  /** Logouts of each connection. */
  readonly logouts: number;
  readonly warmUpLogouts: number;
  /** Numbers of entries on the list. */
  readonly entries: readonly number[];
  readonly pushes: number;
}

const FULL: Effort = {
  rounds: 5,
  runs: 3,
  walk: 300,
  warmUpWalk: 300,
  logouts: 125,
  warmUpLogouts: 250,
  entries: [0, 100_000, 1_000_000],
  pushes: 300,
};

const QUICK: Effort = {
  rounds: 1,
  runs: 1,
  walk: 100,
  warmUpWalk: 100,
  logouts: 20,
  warmUpLogouts: 20,
  entries: [0, 10_000],
  pushes: 20,
};

const HUGE = 10_000_000;

export function effortOf({ quick, huge, rounds }: CommandLine): Effort {
  const effort = quick ? QUICK : FULL;
  return {
    ...effort,
    rounds: rounds ?? effort.rounds,
    runs: rounds ?? effort.runs,
    entries: huge ? [...effort.entries, HUGE] : effort.entries,
  };
}
