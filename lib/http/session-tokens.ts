import type { Request } from 'express';

/** The tokens of a session, as an app keeps them. A refresh token alone ends its saved session. */
export interface SessionTokens {
  /** The access token of the login. */
  readonly access_token?: string | null | undefined;
  /** The refresh token of the login. */
  readonly refresh_token?: string | null | undefined;
}

/** @inline */
type FoundTokens = SessionTokens | undefined | null;

/**
 * Finds the tokens in the app's own session.
 *
 * @inline
 */
export type FindTokens = (req: Request) => FoundTokens | Promise<FoundTokens>;
