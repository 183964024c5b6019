import { boolean, group, optional, texts, withDefault } from '../input/kinds.ts';
import { type OptionsOf, optionsOfCall, readOptions } from '../input/option.ts';

export const ACCESS_TOKEN_OPTIONS = {
  /**
   * The clients whose access tokens are accepted, by `client_id` or `azp`, in place of the
   * audience: `aud` is no longer compared, and a token that one of these clients got for another
   * API is accepted here too. Every client of the token must be in the list. Default: none.
   */
  clients: optional(texts()),

  /**
   * Accept introspected tokens whose answer has no `token_type`, and no `aud` but the client's own,
   * if the token's client is one of this issuer's entries, or with `clients` one of those. Such an
   * answer may be about a refresh token: only a saved refresh token is still refused. Default:
   * `false`.
   */
  withoutAudience: boolean(false),

  /**
   * Accept access tokens without `sub`, if the token has a `sid`. The end of all sessions of a user
   * reaches such a token only where the login was saved. Default: `false`.
   */
  withoutSubject: boolean(false),

  /**
   * Accept access tokens that look like ID Tokens, even if nobody saved the token. An ID Token of
   * this client is then an access token too. Default: `false`.
   */
  likeIdTokens: boolean(false),
};

/** What a provider's access tokens may lack of RFC 9068. Each member weakens a check. */
export interface AccessTokenOptions extends OptionsOf<typeof ACCESS_TOKEN_OPTIONS> {}

export function accessTokens() {
  const standard = readOptions(ACCESS_TOKEN_OPTIONS, {}, optionsOfCall('accessTokens'));
  return withDefault(
    group<typeof ACCESS_TOKEN_OPTIONS, AccessTokenOptions>(ACCESS_TOKEN_OPTIONS),
    standard,
    'none',
  );
}
