import { randomUUID } from 'node:crypto';
import type { Events, SessionEndedEvent } from '../events.ts';
import type { RedisChannel } from '../store/redis-channel.ts';

const CAUSES: readonly unknown[] = ['logout', 'back-channel', 'front-channel', 'app'];

/** Tells of ended sessions: in this process at once, in the others by way of Redis. */
export class Announcements {
  readonly #events: Events;
  readonly #channel: RedisChannel | undefined;
  readonly #origin = randomUUID();
  readonly #issuers: ReadonlySet<unknown>;
  #isListening = false;
  #isClosed = false;

  constructor(events: Events, channel: RedisChannel | undefined, issuers: Iterable<string>) {
    this.#events = events;
    this.#channel = channel;
    this.#issuers = new Set(issuers);
  }

  announce(event: SessionEndedEvent): void {
    this.#events.emit('session-ended', event);
    // Whoever was told that the session ended has it: what fails here `store-error` tells.
    this.#channel
      ?.publish(JSON.stringify({ ...event, origin: this.#origin }))
      .catch(() => undefined);
  }

  /** Hears from now on what other processes tell. */
  listen(): void {
    if (this.#isListening || this.#isClosed) return;
    this.#isListening = true;
    this.#channel?.subscribe({
      hear: (message) => {
        this.#hear(message);
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
  }

  #hear(message: string): void {
    const { origin, issuer, subject, sid, cause } = parse(message);
    if (origin === this.#origin || !this.#issuers.has(issuer) || !CAUSES.includes(cause)) return;
    if (!isTextOrAbsent(subject) || !isTextOrAbsent(sid)) return;
    const event = { issuer, subject, sid, cause } as SessionEndedEvent;
    this.#events.emit('session-ended', event);
  }
}

// Whoever may publish in this Redis may have written it: an app of another database, or of another version.
function parse(message: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(message)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
