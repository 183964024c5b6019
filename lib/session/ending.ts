import type { Provider } from '../provider/provider.ts';
import type { IssuedToken } from '../provider/revocations.ts';
import type { EndCause } from '../events.ts';
import type { Login } from '../invalidation/login.ts';
import type { HowToEnd } from '../invalidation/how-to-end.ts';
import type { TokenKey } from '../store/operations.ts';
import type { SessionOwner } from './session-owner.ts';
import type { ReadTokenResponse } from './token-response.ts';

export interface Ending {
  readonly cause: EndCause;
  /** A digest of the token, to distinguish calls of one cause. */
  readonly call?: string | undefined;
  readonly owner: SessionOwner;
  /** Whether `offline_access` ends too. */
  readonly revokesOfflineAccess?: boolean | undefined;
  /** To be revoked with the session's kept tokens. */
  readonly handedIn?: HandedInTokens | undefined;
}

export interface SessionEnding extends Ending {
  readonly session: string;
  readonly how: HowToEnd;
  /** To a logout, sealed. */
  readonly answer?: string | undefined;
}

/** All sessions of a subject up to a time. */
export interface SubjectEnding extends Ending {
  readonly subject: string;
  /** Seconds since the epoch. */
  readonly time: number;
  /** Seconds. */
  readonly tolerance: number;
  /** If this session is a member, nothing ends; otherwise only logins without a `sid` end. */
  readonly unless?: string | undefined;
}

export interface TokenEnding extends Ending {
  readonly key: TokenKey;
  /** Seconds. */
  readonly ttl: number;
  readonly note: string;
  /** Whether a token with a login is invalidated too. */
  readonly force?: boolean | undefined;
  /** The end of this token, not of a session, revokes the handed-in tokens. */
  readonly isOfNoSession?: boolean | undefined;
}

export interface RefusedTokens {
  /** `undefined` for tokens of an unknown login. */
  readonly login?: Login | undefined;
  readonly owner: SessionOwner;
  readonly provider: Provider | undefined;
  readonly tokens: ReadTokenResponse;
}

export interface HandedInTokens {
  readonly refreshToken?: IssuedToken | undefined;
  readonly accessToken?: IssuedToken | undefined;
  /** The earlier end of the session did not know this saved refresh token. */
  readonly isSaved?: boolean | undefined;
}
