import type { Response } from 'express';
import type { EndCause } from '../lib/index.ts'; // from 'express-oidc-logout'
import type { BrowserSession } from './browser-sessions.ts';

const MOST_STREAMS = 200;
// A browser has six connections to the app, and needs some for its other requests.
const MOST_TABS = 4;

/** Tells open pages that their session has ended: one server-sent event, then the stream is over. */
export class SessionStreams {
  readonly #streams = new Map<Response, BrowserSession>();

  open(res: Response, session: BrowserSession): void {
    const tabs = [...this.#streams.values()].filter((other) => other === session);
    if (this.#streams.size >= MOST_STREAMS || tabs.length >= MOST_TABS) {
      res.status(503).end();
      return;
    }
    this.#streams.set(res, session);
    res.on('close', () => this.#streams.delete(res));
    res.type('text/event-stream').flushHeaders();
  }

  end(sessions: readonly BrowserSession[], cause: EndCause): void {
    for (const [res, session] of this.#streams) {
      if (sessions.includes(session)) res.end(`event: ended\ndata: ${cause}\n\n`);
    }
  }
}
