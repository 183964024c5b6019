import type { AccessToken, AccessTokens } from '../access-token/access-token.ts';
import { InvalidRequestError, InvalidTokenError } from '../errors.ts';
import type { CutOff } from '../invalidation/cut-off.ts';
import type { Login } from '../invalidation/login.ts';
import type { TokenEntry } from '../invalidation/token-entry.ts';
import { isOver } from '../invalidation/verdict.ts';
import type { Provider } from '../provider/provider.ts';
import { readTokenClaims, type TokenClaims } from '../token/token-claims.ts';
import { decodeCutOff } from '../store/codecs/cut-off.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import { decodeVerdict } from '../store/codecs/verdict.ts';
import type { Key, Operations } from '../store/operations.ts';
import { refreshTokenKey } from '../token/token-keys.ts';

/** The tokens of a logout request. */
export interface LogoutTokens {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
}

/** A refresh token that came with a logout, and what is stored of it. */
export interface PresentedRefreshToken {
  readonly text: string;
  readonly key: string;
  readonly entry: TokenEntry | undefined;
}

/** The tokens of a logout request, and what is known of them. */
export interface PresentedTokens {
  readonly provider: Provider;
  readonly accessToken: AccessToken | undefined;
  readonly refreshToken: PresentedRefreshToken | undefined;
  /** What is stored of the access token. */
  readonly entry: TokenEntry | undefined;
  /** The login that ends; `undefined` where nobody saved the tokens. */
  readonly login: Login | undefined;
  readonly claims: TokenClaims | undefined;
  /** The access token is good only for a sender who proves to hold a key. */
  readonly isSenderConstrained: boolean;
  /** What ended of the subject before. */
  readonly cutOff: CutOff | undefined;
}

export interface PresentedTokensParts {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly accessTokens: AccessTokens;
  readonly operations: Operations;
}

/**
 * Verifies the tokens of a logout, and finds the login that they belong to: that of the access token, else that of
 * the refresh token. Nothing is changed yet.
 *
 * @throws {@link InvalidTokenError} when the access token is not authentic, or expired long ago beside no saved
 * refresh token.
 * @throws {@link InvalidRequestError} when the tokens belong to two sessions.
 */
export async function readPresentedTokens(
  parts: PresentedTokensParts,
  tokens: LogoutTokens,
): Promise<PresentedTokens | undefined> {
  const accessToken =
    tokens.accessToken === undefined
      ? undefined
      : await parts.accessTokens.authenticate(tokens.accessToken);
  const { entry, refreshToken, cutOff } = await readStored(parts.operations, accessToken, tokens);
  if (accessToken?.isUnclear === true && entry?.login === undefined) {
    throw new InvalidTokenError('wrong-kind');
  }
  const login = loginOf(accessToken, entry, refreshToken?.entry);
  await refuseLiveLogin(parts.operations, entry, refreshToken?.entry);
  if (accessToken !== undefined && refreshToken?.entry?.login === undefined) {
    parts.accessTokens.refuseLongExpired(accessToken);
  }
  const own = claimsOf(entry);
  const claims = own ?? claimsOf(refreshToken?.entry);
  const provider = accessToken?.provider ?? parts.providers.get(claims?.iss ?? '');
  if (provider === undefined) return undefined;
  const isSenderConstrained = accessToken?.isSenderConstrained === true || own?.bound === true;
  const found = { entry, login, claims, cutOff, isSenderConstrained };
  return { provider, accessToken, refreshToken, ...found };
}

async function readStored(
  operations: Operations,
  accessToken: AccessToken | undefined,
  tokens: LogoutTokens,
) {
  const refreshKey =
    tokens.refreshToken === undefined ? undefined : refreshTokenKey(tokens.refreshToken);
  const subject = accessToken?.subjectKey;
  const [entry, refreshEntry, cutOff] = await readAll(operations, [
    accessToken && { kind: 'access-token', of: accessToken.key },
    refreshKey === undefined ? undefined : { kind: 'refresh-token', of: refreshKey },
    subject === undefined ? undefined : { kind: 'cut-off', of: subject },
  ]);
  return {
    entry: decodeTokenEntry(entry),
    refreshToken:
      tokens.refreshToken === undefined || refreshKey === undefined
        ? undefined
        : { text: tokens.refreshToken, key: refreshKey, entry: decodeTokenEntry(refreshEntry) },
    cutOff: decodeCutOff(cutOff),
  };
}

async function readAll(
  operations: Operations,
  keys: readonly (Key | undefined)[],
): Promise<(string | undefined)[]> {
  const known = keys.filter((key) => key !== undefined);
  const texts = await operations.read(known);
  return keys.map((key) => (key === undefined ? undefined : texts[known.indexOf(key)]));
}

function loginOf(
  accessToken: AccessToken | undefined,
  entry: TokenEntry | undefined,
  refreshEntry: TokenEntry | undefined,
): Login | undefined {
  const [own, other] = [entry?.login, refreshEntry?.login];
  if (other === undefined) return own;
  const subject = own?.subject ?? accessToken?.subjectKey ?? other.subject;
  const session = own?.session ?? accessToken?.sessionKey ?? other.session;
  if (subject === other.subject && session === other.session) return own ?? other;
  throw new InvalidRequestError('refresh-token-of-another-session');
}

// A dead access token does not end a later login of its session.
async function refuseLiveLogin(
  operations: Operations,
  entry: TokenEntry | undefined,
  refreshEntry: TokenEntry | undefined,
): Promise<void> {
  const [own, other] = [entry?.login, refreshEntry?.login];
  if (own === undefined || other === undefined || own.id === other.id) return;
  const [text] = await operations.read([{ kind: 'verdict', of: own.session }]);
  const verdict = decodeVerdict(text);
  if (!isOver(verdict, own) || isOver(verdict, other)) return;
  throw new InvalidRequestError('refresh-token-of-another-session');
}

function claimsOf(entry: TokenEntry | undefined): TokenClaims | undefined {
  return entry?.login && readTokenClaims(entry.claims);
}
