import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Goes on to the next handler, or to the error handler.
 *
 * @inline
 */
export type Next = (error?: unknown) => void;

/** A middleware for `app.use(path, …)`. Of request and answer it needs what Node gives them. */
export type Middleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: Next,
) => void | Promise<void>;
