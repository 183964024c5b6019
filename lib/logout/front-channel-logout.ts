import type { SessionEnds } from '../session/ends.ts';
import type { SessionOwner } from '../session/session-owner.ts';
import { sessionKey } from '../token/token-keys.ts';
import type { PresentedTokens } from './presented-tokens.ts';

export interface FrontChannelLogoutParts {
  readonly ends: SessionEnds;
  /** Seconds. */
  readonly clockTolerance: number;
}

/**
 * The request is unsigned, so only a saved session ends, and its refresh token is held for a signed
 * end.
 *
 * @see [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html)
 */
export async function endSavedSession(
  parts: FrontChannelLogoutParts,
  { issuer, sid }: { readonly issuer: string; readonly sid: string },
): Promise<void> {
  await end(parts, sessionKey(issuer, sid), { issuer, subject: undefined, sid });
}

/** Ends the session of a saved login, likewise. */
export async function endSavedLogin(
  parts: FrontChannelLogoutParts,
  { login, provider, claims }: PresentedTokens,
): Promise<void> {
  if (login === undefined) return;
  const owner = { issuer: provider.issuer, subject: claims?.sub, sid: claims?.sid };
  await end(parts, login.session, owner);
}

async function end(
  { ends, clockTolerance: tolerance }: FrontChannelLogoutParts,
  session: string,
  owner: SessionOwner,
): Promise<void> {
  const time = Math.floor(Date.now() / 1000);
  await ends.end({ cause: 'front-channel', session, how: { by: 'front', time, tolerance }, owner });
}
