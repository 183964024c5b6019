import type { JWTPayload } from 'jose';

/**
 * The provider's session, as a token's claims name it; a `sid` that is no text names none.
 *
 * @see [OpenID Connect Front-Channel Logout 1.0, section 3](https://openid.net/specs/openid-connect-frontchannel-1_0.html#OPLogout)
 */
export function sidOf({ sid }: JWTPayload): string | undefined {
  return typeof sid === 'string' && sid !== '' ? sid : undefined;
}
