import type { JWTHeaderParameters, JWTPayload } from 'jose';

/** The guard's findings about the request's access token. */
export interface RequestAuth {
  /** The access token, unchanged. */
  readonly token: string;
  /** The JOSE header; `undefined` for an opaque token. */
  readonly header: JWTHeaderParameters | undefined;
  /** The claims; for an opaque token `iss`, `sub`, `exp`, and `sid` and `scope` where known. */
  readonly payload: JWTPayload;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Set by the guard of express-oidc-logout. */
      auth?: RequestAuth;
    }
  }
}
