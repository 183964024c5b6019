import type { ChangeSubscriber } from '../store/operations.ts';
import type { AccessToken } from './access-token.ts';
import type { TokenStatus, TokenStatuses } from './token-status.ts';

const MOST_CHANGES = 100_000;

/** That a token was valid, when it was looked up. */
interface Decision {
  /** When the look-up began, by the clock of {@link performance}. */
  readonly madeAt: number;
  readonly status: TokenStatus;
}

/**
 * Remembers which tokens were valid, so that the list is not asked again. A decision is trusted while it is
 * younger than `maxStaleness`, every change since it was made was told, and none concerns it. What counts is
 * when its look-up began: an answer that was overtaken by a change on its way is never trusted.
 */
export class NearCache implements ChangeSubscriber {
  readonly #statuses: TokenStatuses;
  readonly #maxStalenessMs: number;
  readonly #decisions = new WeakMap<AccessToken, Decision>();
  /** When each digest changed, the latest change last. Older ones than the decisions are not kept. */
  readonly #changes = new Map<string, number>();
  #trustedFrom = Infinity;

  constructor(statuses: TokenStatuses, maxStaleness: number) {
    this.#statuses = statuses;
    this.#maxStalenessMs = maxStaleness * 1000;
  }

  /** The status of a token that is known to be valid. */
  known(token: AccessToken): TokenStatus | undefined {
    const decision = this.#decisions.get(token);
    return decision !== undefined && this.#isTrusted(decision, performance.now())
      ? decision.status
      : undefined;
  }

  async statusOf(token: AccessToken): Promise<TokenStatus> {
    const known = this.known(token);
    if (known !== undefined) return known;
    const madeAt = performance.now();
    const status = await this.#statuses.statusOf(token);
    if (!status.isInvalidated) this.#decisions.set(token, { madeAt, status });
    return status;
  }

  live(): void {
    this.#trustedFrom = performance.now();
  }

  lost(): void {
    this.#trustedFrom = Infinity;
  }

  changed(digest: string): void {
    const now = performance.now();
    this.#changes.delete(digest);
    this.#changes.set(digest, now);
    this.#forgetOldChanges(now);
  }

  #isTrusted({ madeAt, status }: Decision, now: number): boolean {
    if (madeAt <= this.#trustedFrom || now - madeAt >= this.#maxStalenessMs) return false;
    if (this.#changes.size === 0) return true;
    return status.digests.every((digest) => (this.#changes.get(digest) ?? -Infinity) < madeAt);
  }

  #forgetOldChanges(now: number): void {
    for (const [digest, changedAt] of this.#changes) {
      const isOld = changedAt <= now - this.#maxStalenessMs;
      if (!isOld) {
        if (this.#changes.size <= MOST_CHANGES) return;
        this.#trustedFrom = Math.max(this.#trustedFrom, changedAt);
      }
      this.#changes.delete(digest);
    }
  }
}
