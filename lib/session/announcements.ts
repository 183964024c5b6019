import { LRUCache } from 'lru-cache';
import type { Events } from '../events.ts';
import type { EndMessage, Operations } from '../store/operations.ts';
import { causeOf } from './claimant.ts';
import { readOwner } from './session-owner.ts';

const MOST_REMEMBERED = 10_000;

/** Announces each end once, of this process or published by the store. */
export class Announcements {
  readonly #events: Events;
  readonly #operations: Operations;
  readonly #issuers: ReadonlySet<string>;
  readonly #announced = new LRUCache<string, true>({
    // By size, because `max` reserves the memory at the start.
    maxSize: MOST_REMEMBERED,
    sizeCalculation: () => 1,
  });
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
