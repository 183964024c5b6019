import type { ChangeSubscriber } from '../store/operations.ts';
import type { AskedToken, TokenStatus, TokenStatuses } from './token-status.ts';

const MOST_CHANGES = 100_000;

interface Decision {
  /** When the look-up began, by the clock of {@link performance}. */
  readonly madeAt: number;
  readonly status: TokenStatus;
}

/**
 * Remembers valid tokens. A decision is trusted while younger than `maxStaleness`, if every later
 * change was heard and none concerns the token. The age counts from the beginning of the look-up:
 * an answer overtaken by a change is never trusted.
 */
export class NearCache implements ChangeSubscriber {
  readonly #statuses: TokenStatuses;
  readonly #maxStalenessMs: number;
  readonly #decisions = new WeakMap<AskedToken, Decision>();
  /** By digest, the latest change last. Changes older than all decisions are dropped. */
  readonly #changes = new Map<string, number>();
  #lastChange = -Infinity;
  #trustedFrom = Infinity;

  constructor(statuses: TokenStatuses, maxStaleness: number) {
    this.#statuses = statuses;
    this.#maxStalenessMs = maxStaleness * 1000;
  }

  known(token: AskedToken): TokenStatus | undefined {
    const decision = this.#decisions.get(token);
    return decision !== undefined && this.#isTrusted(decision, performance.now())
      ? decision.status
      : undefined;
  }

  async statusOf(token: AskedToken): Promise<TokenStatus> {
    const known = this.known(token);
    if (known !== undefined) return known;
    const madeAt = performance.now();
    const status = await this.#statuses.statusOf(token);
    if (status.refusedBy === undefined) this.#decisions.set(token, { madeAt, status });
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
    this.#lastChange = now;
    this.#changes.delete(digest);
    this.#changes.set(digest, now);
    this.#forgetOldChanges(now);
  }

  #isTrusted({ madeAt, status }: Decision, now: number): boolean {
    if (madeAt <= this.#trustedFrom || now - madeAt >= this.#maxStalenessMs) return false;
    if (this.#lastChange < madeAt) return true;
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
