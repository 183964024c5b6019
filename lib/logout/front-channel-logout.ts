import type { SessionEnds } from '../session/ends.ts';
import { sessionKey } from '../token/token-keys.ts';

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
export async function frontChannelLogout(
  { ends, clockTolerance }: FrontChannelLogoutParts,
  { issuer, sid }: { readonly issuer: string; readonly sid: string },
): Promise<void> {
  await ends.end({
    cause: 'front-channel',
    session: sessionKey(issuer, sid),
    how: { by: 'front', time: Math.floor(Date.now() / 1000), tolerance: clockTolerance },
    owner: { issuer, subject: undefined, sid },
  });
}
