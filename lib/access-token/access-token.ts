import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { type Provider } from '../provider/provider.ts';
import type { LinkedToken } from '../invalidation/token-entry.ts';

/** An access token that is authentic. Whether it is still valid is for the list to say. */
export interface AccessToken {
  readonly token: string;
  /** The JOSE header of a JWT; of an opaque token there is none. */
  readonly header: JWTHeaderParameters | undefined;
  /** The claims of a JWT; of an opaque token what was registered at login, or what the provider says. */
  readonly payload: JWTPayload;
  readonly provider: Provider;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** Seconds since the epoch. */
  readonly authTime: number | undefined;
  readonly key: string;
  readonly subjectKey: string | undefined;
  /** By the token's own `sid`. */
  readonly sessionKey: string | undefined;
  /** What an opaque token that is known by its login alone was saved as. */
  readonly saved: LinkedToken | undefined;
  /** The claims may be those of an ID Token: only that it was saved as an access token shows that it is one. */
  readonly isUnclear: boolean;
  /** Good only for a sender who proves to hold a key, which nobody here can check. */
  readonly isSenderConstrained: boolean;
}

export interface AccessTokenRules {
  readonly audience: readonly string[] | undefined;
  readonly strict: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly expiredTokenGrace: number;
  /** Seconds. */
  readonly maxTokenLifetime: number;
  /** Bytes. */
  readonly tokenCacheSize: number;
}
