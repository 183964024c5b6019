import type { Events } from '../events.ts';
import type { EndMessage } from '../invalidation/end-message.ts';
import type { Operations } from '../store/operations.ts';
import { boundedCache } from './bounded-cache.ts';
import { causeOf } from './claimant.ts';
import { readOwner } from './session-owner.ts';

const MOST_REMEMBERED = 10_000;

/** Announces each end once, of this process or published by the store. */
export class Announcements {
  readonly #events: Events;
  readonly #operations: Operations;
  readonly #issuers: ReadonlySet<string>;
  readonly #announced = boundedCache<true>(MOST_REMEMBERED);
  #stop: (() => void) | undefined;
  #isClosed = false;

  constructor(events: Events, operations: Operations, issuers: ReadonlySet<string>) {
    this.#events = events;
    this.#operations = operations;
    this.#issuers = issuers;
  }

  announce({ event, claimant, owner }: EndMessage): void {
    const end = causeOf(claimant);
    const session = readOwner(owner);
    if (end === undefined || session === undefined || !this.#issuers.has(session.issuer)) return;
    if (this.#announced.has(event)) return;
    this.#announced.set(event, true);
    this.#events.emit('session-ended', { ...session, ...end });
  }

  listen(): void {
    if (this.#stop !== undefined || this.#isClosed) return;
    this.#stop = this.#operations.onEnd({
      ended: (message) => {
        this.announce(message);
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stop?.();
  }
}
