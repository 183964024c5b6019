import { randomUUID } from 'node:crypto';
import type { Events, SessionEndedEvent } from '../events.ts';
import type { RedisChannel } from '../store/redis-channel.ts';

const CAUSES = new Set<unknown>(['logout', 'back-channel', 'front-channel', 'app']);

/** Tells of ended sessions: in this process at once, in the others by way of Redis. */
export class Announcements {
  readonly #events: Events;
  readonly #channel: RedisChannel | undefined;
  readonly #origin = randomUUID();
  #isListening = false;

  constructor(events: Events, channel: RedisChannel | undefined) {
    this.#events = events;
    this.#channel = channel;
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
    if (this.#isListening) return;
    this.#isListening = true;
    this.#channel?.subscribe((message) => {
      this.#hear(message);
    });
  }

  close(): void {
    this.#channel?.close();
  }

  #hear(message: string): void {
    const { origin, ...event } = parse(message);
    if (origin !== this.#origin && isEvent(event)) this.#events.emit('session-ended', event);
  }
}

// Whoever may publish in this Redis may have written it.
function parse(message: string): Partial<SessionEndedEvent & { origin: string }> {
  try {
    return Object(JSON.parse(message)) as object;
  } catch {
    return {};
  }
}

function isEvent(event: Partial<SessionEndedEvent>): event is SessionEndedEvent {
  return typeof event.issuer === 'string' && CAUSES.has(event.cause);
}
