import type { JWSHeaderParameters, JWTPayload } from 'jose';

/** What the guard found about an access token: one frozen object for all its requests. */
export interface RequestAuth {
  /** The access token, unchanged. */
  readonly token: string;
  /** The JOSE header; `undefined` for an opaque token. */
  readonly header: JWSHeaderParameters | undefined;
  /**
   * The claims; for an opaque token those of its introspection, or of its saved login `iss`, `sub`,
   * `exp`, and `sid` and `scope` where known.
   */
  readonly payload: JWTPayload;
}
