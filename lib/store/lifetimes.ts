/** An end can be resumed for this long. */
const ENDED = 24 * 3600;
/** Longer than a revocation with its repetitions. */
const LEASE = 120;

export interface LifetimeOptions {
  readonly clockTolerance: number;
  readonly maxTokenLifetime: number;
  readonly maxSessionLifetime: number;
  readonly retryWindow: number;
}

/** Seconds. */
export interface Lifetimes {
  /** A verdict or cut-off, from the last end: longer than each affected token. */
  readonly verdict: number;
  /** A live session, its membership and its refresh token, from the last save or rotate. */
  readonly session: number;
  /** The record of an ended session. */
  readonly ended: number;
  /** The record of a settled logout, for a retry to get the same answer; 0: none. */
  readonly settled: number;
  readonly lease: number;
}

export function lifetimesFrom(options: LifetimeOptions): Lifetimes {
  const { clockTolerance, maxTokenLifetime, maxSessionLifetime } = options;
  return {
    verdict: Math.max(maxSessionLifetime, maxTokenLifetime + 2 * clockTolerance + 60),
    session: maxSessionLifetime,
    ended: ENDED,
    settled: options.retryWindow,
    lease: LEASE,
  };
}
