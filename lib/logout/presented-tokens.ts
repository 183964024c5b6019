import type { AccessToken } from '../access-token/access-token.ts';
import type { AccessTokens } from '../access-token/access-tokens.ts';
import { InvalidRequestError, InvalidTokenError } from '../errors.ts';
import type { CutOff } from '../invalidation/cut-off.ts';
import type { Login } from '../invalidation/login.ts';
import type { TokenEntry } from '../invalidation/token-entry.ts';
import { isOver } from '../invalidation/verdict.ts';
import type { Provider } from '../provider/provider.ts';
import type { Providers } from '../provider/providers.ts';
import { readTokenClaims, type TokenClaims } from '../token/token-claims.ts';
import { decodeCutOff } from '../store/codecs/cut-off.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import { decodeVerdict } from '../store/codecs/verdict.ts';
import type { Key, Operations } from '../store/operations.ts';
import { refreshTokenKey } from '../token/token-keys.ts';
import { isOfAnotherClient } from '../token/token-kind.ts';

export interface TokensOfLogout {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
}

export interface PresentedRefreshToken {
  readonly text: string;
  readonly key: string;
  readonly entry: TokenEntry | undefined;
}

/** The clients that got the tokens; `undefined` for a client of no entry. */
export interface ClientsOfTokens {
  readonly accessToken: Provider | undefined;
  readonly refreshToken: Provider | undefined;
}

export interface PresentedTokens {
  /** The client whose session at the provider ends. */
  readonly provider: Provider;
  readonly clients: ClientsOfTokens;
  readonly accessToken: AccessToken | undefined;
  readonly refreshToken: PresentedRefreshToken | undefined;
  readonly entry: TokenEntry | undefined;
  /** `undefined` where nobody saved the tokens. */
  readonly login: Login | undefined;
  readonly claims: TokenClaims | undefined;
  /** Good only for a sender who proves possession of a key. */
  readonly isSenderConstrained: boolean;
  readonly cutOff: CutOff | undefined;
}

export interface PresentedTokensParts {
  readonly providers: Providers;
  readonly accessTokens: AccessTokens;
  readonly operations: Operations;
}

/**
 * Verifies the tokens of a logout, and finds their login. Nothing is changed yet.
 *
 * @throws {@link InvalidTokenError} when the access token is not authentic, or expired long ago
 * beside no saved refresh token.
 * @throws {@link InvalidRequestError} when the tokens belong to two sessions.
 */
export async function readPresentedTokens(
  parts: PresentedTokensParts,
  tokens: TokensOfLogout,
): Promise<PresentedTokens | undefined> {
  const accessToken =
    tokens.accessToken === undefined
      ? undefined
      : await parts.accessTokens.authenticate(tokens.accessToken);
  const stored = await readStored(parts.operations, accessToken, tokens.refreshToken);
  refuseWrongKind(accessToken, stored);
  const login = loginOf(accessToken, stored);
  await refuseLiveLogin(parts.operations, stored);
  refuseLongExpired(parts.accessTokens, accessToken, stored);
  const claims = claimsOf(stored.entry) ?? claimsOf(stored.refreshToken?.entry);
  const provider = providerFor(parts.providers, accessToken, claims);
  if (provider === undefined) return undefined;
  const clients = clientsOf(parts.providers, accessToken, stored);
  const isSenderConstrained = isBoundToSender(accessToken, stored);
  // A login may have another `sub` than its access token, and a refresh token has none.
  const cutOff =
    login === undefined || login.subject === accessToken?.subjectKey
      ? stored.cutOff
      : await readCutOff(parts.operations, login.subject);
  return { ...stored, provider, clients, accessToken, login, claims, isSenderConstrained, cutOff };
}

// By the saved login; else by the access token; else the first client of the issuer.
function providerFor(
  providers: Providers,
  accessToken: AccessToken | undefined,
  claims: TokenClaims | undefined,
): Provider | undefined {
  const saved = claims && providers.find(claims.iss, claims.client_id);
  return saved ?? accessToken?.provider ?? providers.ofIssuer(claims?.iss)[0];
}

// A refresh token that nobody saved is of the access token's client.
function clientsOf(
  providers: Providers,
  accessToken: AccessToken | undefined,
  { entry, refreshToken }: Stored,
): ClientsOfTokens {
  const clientOf = (claims: TokenClaims | undefined, otherwise: Provider | undefined) =>
    claims === undefined ? otherwise : providers.find(claims.iss, claims.client_id);
  const own = clientOf(claimsOf(entry), accessToken && clientOfToken(accessToken));
  return { accessToken: own, refreshToken: clientOf(claimsOf(refreshToken?.entry), own) };
}

function clientOfToken({ auth, provider }: AccessToken): Provider | undefined {
  return isOfAnotherClient(auth.payload, [provider.settings.clientId]) ? undefined : provider;
}

type Stored = Pick<PresentedTokens, 'entry' | 'refreshToken' | 'cutOff'>;

async function readStored(
  operations: Operations,
  accessToken: AccessToken | undefined,
  refreshToken: string | undefined,
): Promise<Stored> {
  const refreshKey = refreshToken === undefined ? undefined : refreshTokenKey(refreshToken);
  const subject = accessToken?.subjectKey;
  const [entry, refreshEntry, cutOff] = await readAll(operations, [
    accessToken && { kind: 'access-token', of: accessToken.key },
    refreshKey === undefined ? undefined : { kind: 'refresh-token', of: refreshKey },
    subject === undefined ? undefined : { kind: 'cut-off', of: subject },
  ]);
  return {
    entry: decodeTokenEntry(entry),
    refreshToken:
      refreshToken === undefined || refreshKey === undefined
        ? undefined
        : { text: refreshToken, key: refreshKey, entry: decodeTokenEntry(refreshEntry) },
    cutOff: decodeCutOff(cutOff),
  };
}

async function readCutOff(operations: Operations, subject: string): Promise<CutOff | undefined> {
  const [text] = await operations.read([{ kind: 'cut-off', of: subject }]);
  return decodeCutOff(text);
}

async function readAll(
  operations: Operations,
  keys: readonly (Key | undefined)[],
): Promise<(string | undefined)[]> {
  const known = keys.filter((key) => key !== undefined);
  const texts = await operations.read(known);
  return keys.map((key) => (key === undefined ? undefined : texts[known.indexOf(key)]));
}

// A possible ID Token counts as an access token only where saved as one.
function refuseWrongKind(accessToken: AccessToken | undefined, { entry }: Stored): void {
  if (accessToken?.isUnclear !== true || entry?.login !== undefined) return;
  throw new InvalidTokenError('like-id-token', { issuer: accessToken.provider.issuer });
}

function refuseLongExpired(
  accessTokens: AccessTokens,
  accessToken: AccessToken | undefined,
  { refreshToken }: Stored,
): void {
  const isSaved = refreshToken?.entry?.login !== undefined;
  if (accessToken !== undefined && !isSaved) accessTokens.refuseLongExpired(accessToken);
}

function loginOf(
  accessToken: AccessToken | undefined,
  { entry, refreshToken }: Stored,
): Login | undefined {
  const [own, other] = [entry?.login, refreshToken?.entry?.login];
  if (other === undefined) return own;
  const named = own ?? namedBy(accessToken, other);
  const isOfOne =
    isOfIssuer(accessToken, claimsOf(refreshToken?.entry)) &&
    named.subject === other.subject &&
    named.session === other.session;
  if (isOfOne) return own ?? other;
  throw new InvalidRequestError('refresh-token-of-another-session');
}

function isOfIssuer(accessToken: AccessToken | undefined, saved: TokenClaims | undefined): boolean {
  return accessToken === undefined || saved?.iss === accessToken.provider.issuer;
}

// A claim missing from the access token contradicts nothing.
function namedBy(accessToken: AccessToken | undefined, other: Login) {
  const { subjectKey = other.subject, sessionKey = other.session } = accessToken ?? {};
  return { subject: subjectKey, session: sessionKey };
}

// An ended access token does not end a later login of its session.
async function refuseLiveLogin(
  operations: Operations,
  { entry, refreshToken }: Stored,
): Promise<void> {
  const [own, other] = [entry?.login, refreshToken?.entry?.login];
  if (own === undefined || other === undefined || own.id === other.id) return;
  const [text] = await operations.read([{ kind: 'verdict', of: own.session }]);
  const verdict = decodeVerdict(text);
  if (!isOver(verdict, own) || isOver(verdict, other)) return;
  throw new InvalidRequestError('refresh-token-of-another-session');
}

function isBoundToSender(accessToken: AccessToken | undefined, { entry }: Stored): boolean {
  return accessToken?.isSenderConstrained === true || claimsOf(entry)?.bound === true;
}

function claimsOf(entry: TokenEntry | undefined): TokenClaims | undefined {
  return entry?.login && readTokenClaims(entry.claims);
}
