/** How long after its end a session's record is kept, so that what is left can be resumed. */
const ENDED = 24 * 3600;
/** How long what a claimant has to do is not given to another one. A revocation with its repetitions is shorter. */
const LEASE = 120;

/** The options that say how long something lives, in seconds. */
export interface LifetimeOptions {
  readonly clockTolerance: number;
  readonly expiredTokenGrace: number;
  readonly maxTokenLifetime: number;
  readonly maxSessionLifetime: number;
  readonly retryWindow: number;
}

/** How long what is stored lives, in seconds. */
export interface Lifetimes {
  /** Of a verdict and a cut-off, from the last end: longer than each token that it is about. */
  readonly verdict: number;
  /** Of a session that lives, its membership and its refresh token, from the last save or rotate. */
  readonly session: number;
  /** Of a session's record after its end. */
  readonly ended: number;
  /** Of the record of a logout that is settled, so that its repetition gets the same answer; 0: none. */
  readonly settled: number;
  /** Of a claim. */
  readonly lease: number;
  /** Of a refresh token that was used. */
  readonly usedRefreshToken: number;
  /** Of an access token's entry after the token's `exp`. */
  readonly expiredToken: number;
  /** Of an invalidated access token's entry after the token's `exp`. */
  readonly invalidatedToken: number;
}

export function lifetimesFrom(options: LifetimeOptions): Lifetimes {
  const { clockTolerance, expiredTokenGrace, maxTokenLifetime, maxSessionLifetime } = options;
  return {
    verdict: Math.max(maxSessionLifetime, maxTokenLifetime + 2 * clockTolerance + 60),
    session: maxSessionLifetime,
    ended: ENDED,
    settled: options.retryWindow,
    lease: LEASE,
    usedRefreshToken: expiredTokenGrace,
    expiredToken: expiredTokenGrace,
    invalidatedToken: 2 * clockTolerance,
  };
}
