import { median, quantile, sampleWithReplacement } from 'simple-statistics';
import type { Cost, Costs } from './rounds.ts';

const RESAMPLES = 2000;

/** A median of differences, with its bootstrap interval of 95 %. */
export interface Difference {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** What a variant costs, in microseconds of the processor for one request. */
export interface Row {
  readonly name: string;
  readonly server: number;
  /** The part of `server` that is no other thread's. */
  readonly main: number;
  readonly overBare: Difference;
  readonly redisOverBare: number;
  readonly commandsOverBare: number;
}

export interface Summary {
  readonly rows: readonly Row[];
  /** Variants that cannot be told apart. */
  readonly alike: readonly (readonly [string, string])[];
}

export function summarize(costs: Costs): Summary {
  const names = [...costs.keys()];
  const of = (name: string, process: keyof Cost) =>
    (costs.get(name) ?? []).map((cost) => cost[process]);
  const compare = (one: string, other: string, process: keyof Cost = 'server') =>
    difference(of(one, process), of(other, process));

  const [bare = '', passThrough = '', ...others] = names;
  const { low, high } = compare(passThrough, bare);
  const noise = Math.max(-low, high);
  const pairs = others.flatMap((one, index) =>
    [bare, passThrough, ...others.slice(0, index)].map((other) => [other, one] as const),
  );
  return {
    rows: names.map((name) => ({
      name,
      server: median(of(name, 'server')),
      main: median(of(name, 'main')),
      overBare: compare(name, bare),
      redisOverBare: compare(name, bare, 'redis').median,
      commandsOverBare: compare(name, bare, 'commands').median,
    })),
    alike: pairs.filter((pair) => !isTold(compare(...pair), noise)),
  };
}

/** Pairs what was measured in the same round, when the machine was the same. */
function difference(ones: readonly number[], others: readonly number[]): Difference {
  const pairs = ones.map((one, round) => one - (others[round] ?? NaN));
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(sampleWithReplacement(pairs, pairs.length)),
  );
  const [low = NaN, high = NaN] = quantile(medians, [0.025, 0.975]);
  return { median: median(pairs), low, high };
}

function isTold(difference: Difference, noise: number): boolean {
  const isChance = difference.low <= 0 && difference.high >= 0;
  return !isChance && Math.abs(difference.median) > noise;
}
