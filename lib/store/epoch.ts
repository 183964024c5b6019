import type { Events } from '../events.ts';
import type { Operations } from './operations.ts';

/** The policy for tokens older than the memory of the store. */
export type StoreLossPolicy = 'accept' | 'refuse';

/**
 * Since when the store has been complete. A store that started anew has forgotten who logged out.
 */
export class Epoch {
  readonly #operations: Operations;
  readonly #events: Events;
  readonly #policy: StoreLossPolicy;
  #known: number | undefined;
  #beginning: Promise<number> | undefined;

  constructor(operations: Operations, events: Events, policy: StoreLossPolicy) {
    this.#operations = operations;
    this.#events = events;
    this.#policy = policy;
    // Logins of the second in which the memory began are refused, so the memory begins before the
    // first login.
    if (policy === 'refuse') this.#begin();
  }

  /** -1 where nothing is refused; now where the epoch could not be read. */
  refusedUntil(read: string | undefined): number {
    const epoch = read === undefined ? undefined : Number(read);
    if (epoch === undefined || epoch !== this.#known) this.#notice(epoch);
    if (this.#policy === 'accept') return -1;
    return epoch ?? Date.now() / 1000;
  }

  async admits(loginTime: number): Promise<'ok' | 'over'> {
    if (this.#policy === 'accept') return 'ok';
    const [read] = await this.#operations.read([{ kind: 'epoch' }]);
    return loginTime <= this.refusedUntil(read) ? 'over' : 'ok';
  }

  #notice(epoch: number | undefined): void {
    const isLost = this.#known !== undefined;
    this.#known = epoch;
    if (epoch === undefined) this.#begin();
    if (!isLost) return;
    this.#events.emit('store-warning', { setting: 'memory', found: 'empty', expected: 'kept' });
  }

  // One process sets the epoch, all others find it. The next look-up repeats a failed attempt.
  #begin(): void {
    this.#beginning ??= this.#operations.beginEpoch().finally(() => {
      this.#beginning = undefined;
    });
    this.#beginning.then(
      (epoch) => {
        this.#known = epoch;
      },
      () => undefined,
    );
  }
}
