import type { Request } from 'express';
import type { RequestAuth } from '../access-token/request-auth.ts';

/**
 * The request of a handler behind the guard, as in `(req: GuardedRequest, res) => …`. Express does
 * not know that the guard ran, so `auth` may be `undefined` by its type.
 */
export type GuardedRequest = Request & {
  /** Set by the guard. */
  auth?: RequestAuth | undefined;
};
