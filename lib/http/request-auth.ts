import type { Request } from 'express';
import type { JWSHeaderParameters, JWTPayload } from 'jose';

/** The guard's findings about the request's access token. */
export interface RequestAuth {
  /** The access token, unchanged. */
  readonly token: string;
  /** The JOSE header; `undefined` for an opaque token. */
  readonly header: JWSHeaderParameters | undefined;
  /** The claims; for an opaque token `iss`, `sub`, `exp`, and `sid` and `scope` where known. */
  readonly payload: JWTPayload;
}

/**
 * The request of a handler behind the guard, as in `(req: GuardedRequest, res) => …`. Express does
 * not know that the guard ran, so `auth` may be `undefined` by its type.
 */
export type GuardedRequest = Request & {
  /** Set by the guard. */
  auth?: RequestAuth | undefined;
};
