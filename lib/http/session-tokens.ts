import type { Request } from 'express';

/** The tokens of a session, as an app keeps them. A refresh token alone ends its saved session. */
export interface SessionTokens {
  readonly access_token?: string | null | undefined;
  readonly refresh_token?: string | null | undefined;
}

type FoundTokens = SessionTokens | undefined | null;

/** Finds the tokens in the app's own session. */
export type FindTokens = (req: Request) => FoundTokens | Promise<FoundTokens>;
