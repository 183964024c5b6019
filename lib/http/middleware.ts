import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Goes on to the next handler, or to the error handler.
 *
 * @inline
 */
export type Next = (error?: unknown) => void;

/** A middleware for `app.use(path, …)`. Uses only Node's own members of request and answer. */
export type Middleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: Next,
) => void | Promise<void>;
