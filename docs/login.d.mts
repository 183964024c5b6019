import type { Request, Router } from 'express';
import type { OidcLogout, SessionTokens } from 'express-oidc-logout';
import type { IDToken, TokenEndpointResponse } from 'openid-client';

declare module 'express-session' {
  interface SessionData {
    /** Set by the login. */
    tokens: SessionTokens;
  }
}

/** `/login` and `/callback`; `onLogin` is awaited before the browser goes on. */
export function login(
  oidc: OidcLogout,
  onLogin?: (req: Request, claims: IDToken) => unknown,
): Router;

/** Refreshes the tokens of a session; `undefined` where the session is over, or cannot be refreshed. */
export function refresh(
  oidc: OidcLogout,
  tokens: SessionTokens | undefined,
): Promise<TokenEndpointResponse | undefined>;
