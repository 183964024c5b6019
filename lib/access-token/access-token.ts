import type { LinkedToken } from '../invalidation/token-entry.ts';
import type { Provider } from '../provider/provider.ts';
import type { RequestAuth } from './request-auth.ts';

/** An authentic access token. Only the list tells whether the token is still valid. */
export interface AccessToken {
  /** Frozen. */
  readonly auth: RequestAuth;
  readonly provider: Provider;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** Seconds since the epoch. */
  readonly authTime: number | undefined;
  readonly key: string;
  readonly subjectKey: string | undefined;
  /** By the token's own `sid`; for an opaque token, that of its login. */
  readonly sessionKey: string | undefined;
  /** The entry of an opaque token known by its login alone. */
  readonly saved: LinkedToken | undefined;
  /** Only a save as an access token shows that the token is no ID Token. */
  readonly isUnclear: boolean;
  /** Good only for a sender who proves possession of a key; nobody here can check the proof. */
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
