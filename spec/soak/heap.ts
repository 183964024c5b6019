/** A measurement of the server after so many requests. */
export interface HeapPoint {
  readonly requests: number;
  /** Bytes. */
  readonly heapUsed: number;
}

/** Bytes by which the heap may grow over half of the run, by the line that fits best. */
export const MOST_GROWTH = 2 * 1024 * 1024;

/** How the heap developed in the second half of a run. */
export interface HeapGrowth {
  /** Bytes over the half, by least squares. */
  readonly bySlope: number;
  /** Bytes from the median of its first half to that of its second. */
  readonly byMedians: number;
}

export function growthOf(points: readonly HeapPoint[]): HeapGrowth {
  const late = points.slice(Math.floor(points.length / 2));
  const span = (late.at(-1)?.requests ?? 0) - (late[0]?.requests ?? 0);
  const middle = Math.floor(late.length / 2);
  return {
    bySlope: slopeOf(late) * span,
    byMedians: medianOf(late.slice(middle)) - medianOf(late.slice(0, middle)),
  };
}

function slopeOf(points: readonly HeapPoint[]): number {
  const meanX = meanOf(points.map(({ requests }) => requests));
  const meanY = meanOf(points.map(({ heapUsed }) => heapUsed));
  let [covariance, variance] = [0, 0];
  for (const { requests, heapUsed } of points) {
    covariance += (requests - meanX) * (heapUsed - meanY);
    variance += (requests - meanX) ** 2;
  }
  return covariance / variance;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function medianOf(points: readonly HeapPoint[]): number {
  const values = points.map(({ heapUsed }) => heapUsed).sort((one, other) => one - other);
  return values[Math.floor(values.length / 2)] ?? NaN;
}
