import { median } from './statistics.ts';

/** What was measured in one run, or is the median over several. */
export interface Measurement {
  /** Microseconds of the servers' processes for one request. */
  readonly cpu: number;
  /** Of all servers together. */
  readonly requestsPerSecond: number;
  /** Milliseconds; of the slowest server. */
  readonly p50: number;
  /** Milliseconds; of the slowest server. */
  readonly p99: number;
  /** Bytes; of the largest server. */
  readonly memory: number;
}

/** Takes the median of each figure over whole runs. */
export function medianOf(runs: readonly Measurement[]): Measurement {
  const of = (figure: keyof Measurement) => median(runs.map((run) => run[figure]));
  return {
    cpu: of('cpu'),
    requestsPerSecond: of('requestsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    memory: of('memory'),
  };
}
