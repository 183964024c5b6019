import type { JWTHeaderParameters, JWTPayload } from 'jose';

/** What the guard found out about the request's access token. */
export interface RequestAuth {
  /** The access token, as it came. */
  readonly token: string;
  /** The JOSE header; `undefined` for an opaque token. */
  readonly header: JWTHeaderParameters | undefined;
  /** The claims; for an opaque token `iss`, `sub`, `exp`, and `sid` and `scope` where they are known. */
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
