import { InvalidTokenError } from '../errors.ts';
import { checkObject, checkText } from '../input/checks.ts';
import { textOrNone } from '../input/none.ts';
import { type AccessTokenText, readAccessToken } from '../token/access-token-text.ts';
import { isNumericDate } from '../token/numeric-date.ts';
import { isBearer } from '../token/sender-constraint.ts';

/**
 * The token endpoint's answer, unchanged. Other members are ignored.
 *
 * @see [OpenID Connect Core 1.0, section 3.1.3.3](https://openid.net/specs/openid-connect-core-1_0.html#TokenResponse)
 */
export interface TokenResponse {
  /** The access token. */
  readonly access_token: string;
  /**
   * A type other than `Bearer` is bound to a sender, and the guard refuses the token. Default:
   * `Bearer`.
   */
  readonly token_type?: string | undefined;
  /** The ID Token. A login has one, a refresh may have one. */
  readonly id_token?: string | null | undefined;
  /** The refresh token. Default: none. */
  readonly refresh_token?: string | null | undefined;
  /**
   * Seconds. Some providers send a string. The `exp` of a JWT goes first. Default:
   * `maxTokenLifetime`.
   */
  readonly expires_in?: number | string | undefined;
  /** The scopes of the access token, with spaces between them. Default: none. */
  readonly scope?: string | undefined;
}

export interface ReadTokenResponse {
  readonly accessToken: AccessTokenText;
  readonly refreshToken: string | undefined;
  readonly scope: string | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly isSenderConstrained: boolean;
}

/**
 * @throws TypeError when a member is of the wrong type.
 * @throws {@link InvalidTokenError} when the access token is malformed.
 */
export function readTokenResponse(
  tokens: TokenResponse,
  maxTokenLifetime: number,
): ReadTokenResponse {
  checkObject(tokens, 'tokens');
  const { refresh_token, scope, token_type } = tokens;
  const accessToken = readAccessToken(checkText(tokens.access_token, 'access_token'));
  if (accessToken === undefined) throw new InvalidTokenError('malformed');
  return {
    accessToken,
    // Some providers send null or nothing for a token not issued.
    refreshToken: textOrNone(refresh_token, 'refresh_token'),
    scope: typeof scope === 'string' ? scope : undefined,
    expiresAt: expiryOf(accessToken, tokens.expires_in, maxTokenLifetime),
    isSenderConstrained: !isBearer(token_type),
  };
}

function expiryOf(
  token: AccessTokenText,
  expiresIn: TokenResponse['expires_in'],
  maxTokenLifetime: number,
): number {
  const exp = token.kind === 'jwt' ? token.claims.exp : undefined;
  if (isNumericDate(exp)) return Math.ceil(exp);
  const lifetime = Number.parseInt(String(expiresIn), 10);
  return Math.floor(Date.now() / 1000) + (lifetime >= 0 ? lifetime : maxTokenLifetime);
}
