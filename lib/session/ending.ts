import type { Provider } from '../provider/provider.ts';
import type { EndCause } from '../events.ts';
import type { HowToEnd } from '../invalidation/how-to-end.ts';
import type { TokenKey } from '../store/operations.ts';
import type { SessionOwner } from './session-owner.ts';
import type { ReadTokenResponse } from './token-response.ts';

/** What every end has in common. */
export interface Ending {
  readonly cause: EndCause;
  /** Tells calls of one cause apart: a digest of the token that ends the session. */
  readonly call?: string | undefined;
  readonly owner: SessionOwner;
  /** Refresh tokens of `offline_access` are revoked too. */
  readonly revokesOfflineAccess?: boolean | undefined;
  /** The tokens of a logout, to be revoked with those that the session keeps. */
  readonly handedIn?: HandedInTokens | undefined;
}

/** One session, and what ends it. */
export interface SessionEnding extends Ending {
  readonly session: string;
  readonly how: HowToEnd;
  /** The `state` of a logout. */
  readonly state?: string | undefined;
}

/** All sessions of a subject until a time. */
export interface SubjectEnding extends Ending {
  readonly subject: string;
  /** Seconds since the epoch. */
  readonly time: number;
  /** Seconds. */
  readonly tolerance: number;
  /** Ends only logins without a `sid`, and nothing where this session is one of the subject's. */
  readonly unless?: string | undefined;
}

/** A token that is to be refused for itself. */
export interface TokenEnding extends Ending {
  readonly key: TokenKey;
  /** Seconds. */
  readonly ttl: number;
  /** Kept with the token. */
  readonly note: string;
  /** Also where a login has the token. */
  readonly isForced?: boolean | undefined;
  /** Only its own end revokes what is handed in. */
  readonly isOfNoSession?: boolean | undefined;
}

/** Tokens that were issued to a login that is over. */
export interface LateTokens {
  readonly owner: SessionOwner;
  readonly provider: Provider | undefined;
  readonly tokens: ReadTokenResponse;
}

/** The tokens that came with a logout. */
export interface HandedInTokens {
  readonly refreshToken?: string | undefined;
  readonly accessToken?: string | undefined;
  /** A login has the refresh token: whoever ended the session before did not know the token. */
  readonly isSaved?: boolean | undefined;
}
