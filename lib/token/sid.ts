import type { JWTPayload } from 'jose';

/**
 * @see [OpenID Connect Front-Channel Logout 1.0, section 3](https://openid.net/specs/openid-connect-frontchannel-1_0.html#OPLogout)
 */
export function sidOf({ sid }: JWTPayload): string | undefined {
  return typeof sid === 'string' && sid !== '' ? sid : undefined;
}
