import { InvalidTokenError } from '../errors.ts';
import type { TokensOfLogout } from '../logout/presented-tokens.ts';

/**
 * The access token in the app's own session may be dead: the refresh token beside it ends their
 * session all the same. `undefined` where the access token was refused and stood alone.
 */
export async function withoutDeadToken<T>(
  tokens: TokensOfLogout,
  work: (tokens: TokensOfLogout) => Promise<T>,
  tellRefusal: (error: InvalidTokenError) => void,
): Promise<T | undefined> {
  try {
    return await work(tokens);
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    tellRefusal(error);
  }
  const { refreshToken } = tokens;
  return refreshToken === undefined ? undefined : work({ accessToken: undefined, refreshToken });
}
