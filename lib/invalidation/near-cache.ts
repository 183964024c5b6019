import type { AccessToken } from '../token/access-token.ts';
import type { InvalidationWatcher } from './invalidation-list.ts';
import type { Invalidations } from './invalidations.ts';

const MOST_CHANGES = 100_000;

/** That a token was valid, when it was looked up. */
interface Decision {
  /** When the look-up began, by the clock of {@link performance}. */
  readonly madeAt: number;
  /** What it depends on. */
  readonly keys: readonly string[];
}

/**
 * Remembers which tokens were valid, so that the list is not asked again. A decision is trusted while it is
 * younger than `maxStaleness`, every change since it was made was told, and none concerns it. What counts is
 * when its look-up began: an answer that was overtaken by a change on its way is never trusted.
 */
export class NearCache implements InvalidationWatcher {
  readonly #invalidations: Invalidations;
  readonly #maxStalenessMs: number;
  readonly #decisions = new WeakMap<AccessToken, Decision>();
  /** When each key changed, the latest change last. Older ones than the decisions are not kept. */
  readonly #changes = new Map<string, number>();
  #trustedFrom = Infinity;

  constructor(invalidations: Invalidations, maxStaleness: number) {
    this.#invalidations = invalidations;
    this.#maxStalenessMs = maxStaleness * 1000;
  }

  isKnownValid(token: AccessToken): boolean {
    const decision = this.#decisions.get(token);
    return decision !== undefined && this.#isTrusted(decision, performance.now());
  }

  async isInvalidated(token: AccessToken): Promise<boolean> {
    if (this.isKnownValid(token)) return false;
    const madeAt = performance.now();
    if (await this.#invalidations.isInvalidated(token)) return true;
    this.#decisions.set(token, { madeAt, keys: this.#invalidations.keysOf(token) });
    return false;
  }

  live(): void {
    this.#trustedFrom = performance.now();
  }

  lost(): void {
    this.#trustedFrom = Infinity;
  }

  changed(keys: readonly string[]): void {
    const now = performance.now();
    for (const key of keys) {
      this.#changes.delete(key);
      this.#changes.set(key, now);
    }
    this.#forgetOldChanges(now);
  }

  #isTrusted({ madeAt, keys }: Decision, now: number): boolean {
    if (madeAt <= this.#trustedFrom || now - madeAt >= this.#maxStalenessMs) return false;
    if (this.#changes.size === 0) return true;
    return keys.every((key) => (this.#changes.get(key) ?? -Infinity) < madeAt);
  }

  #forgetOldChanges(now: number): void {
    for (const [key, changedAt] of this.#changes) {
      const isOld = changedAt <= now - this.#maxStalenessMs;
      if (!isOld) {
        if (this.#changes.size <= MOST_CHANGES) return;
        this.#trustedFrom = Math.max(this.#trustedFrom, changedAt);
      }
      this.#changes.delete(key);
    }
  }
}
