import type { AccessTokens } from '../access-token/access-tokens.ts';
import { InvalidIdTokenError, SessionEndedError } from '../errors.ts';
import type { Login } from '../invalidation/login.ts';
import type { LoginToSave } from '../invalidation/save-login.ts';
import { checkObject, checkText } from '../input/checks.ts';
import { textOrNone } from '../input/none.ts';
import type { Provider } from '../provider/provider.ts';
import { issuerFault, providerOf, providerOfAccessToken } from '../provider/provider-of-token.ts';
import type { Providers } from '../provider/providers.ts';
import type { Operations, TokenKey } from '../store/operations.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import type { AccessTokenText } from '../token/access-token-text.ts';
import { type IdToken, verifyIdToken } from '../token/id-token.ts';
import { readToken } from '../token/jwt.ts';
import { isOfAnotherClient } from '../token/token-kind.ts';
import { accessTokenKey, refreshTokenKey, subjectKey } from '../token/token-keys.ts';
import type { SessionEnds } from './ends.ts';
import type { RefusedTokens } from './ending.ts';
import type { Epoch } from '../store/epoch.ts';
import { refuseContradiction, sidOfAccessToken } from './access-token-of-login.ts';
import { loginOf } from './login-of.ts';
import { secondsUntil } from './seconds-until.ts';
import { type SessionOwner, writeOwner } from './session-owner.ts';
import type { SessionSeal } from './session-seal.ts';
import { readTokenClaims, type TokenClaims, writeTokenClaims } from '../token/token-claims.ts';
import { type ReadTokenResponse, readTokenResponse, type TokenResponse } from './token-response.ts';

export interface LoginsParts {
  readonly providers: Providers;
  readonly operations: Operations;
  readonly accessTokens: AccessTokens;
  readonly ends: SessionEnds;
  readonly epoch: Epoch;
  readonly seal: SessionSeal;
  /** Seconds. */
  readonly maxTokenLifetime: number;
  /** Seconds. */
  readonly maxSessionLifetime: number;
  /** Seconds. */
  readonly expiredTokenGrace: number;
  /** Seconds. */
  readonly clockTolerance: number;
}

// Seconds. After a failure of the store, the same call finds the login once more.
const USED_TOKEN_LIFETIME = 60;

interface Issue {
  readonly login: Login;
  readonly owner: SessionOwner;
  readonly provider: Provider;
  readonly tokens: ReadTokenResponse;
  readonly idToken: string | undefined;
  readonly scope: string | undefined;
}

export class Logins {
  readonly #parts: LoginsParts;

  constructor(parts: LoginsParts) {
    this.#parts = parts;
  }

  /** The last step sees every earlier end. */
  async save(response: TokenResponse): Promise<void> {
    const tokens = this.#read(response);
    const { idToken, provider } = await this.#verify(checkText(response.id_token, 'id_token'));
    const { accessTokens } = this.#parts;
    await refuseContradiction(tokens.accessToken, idToken, { provider, accessTokens });
    const { issuer, subject } = idToken;
    const sid = idToken.sid ?? (await sidOfAccessToken(tokens.accessToken, subject, accessTokens));
    const issue: Issue = {
      login: loginOf(idToken, sid),
      owner: { issuer, subject, sid },
      provider,
      tokens,
      idToken: idToken.token,
      scope: tokens.scope,
    };
    const { operations } = this.#parts;
    const record = this.#record(issue);
    const prepared = [
      this.#parts.epoch.admits(issue.login.time),
      operations.addMember(issue.login),
    ];
    const answers = await Promise.all([...prepared, ...this.#link(issue)]);
    const isRefused = answers.some((answer) => answer !== 'ok');
    if (isRefused || (await operations.saveLogin(record)) === 'over') await this.#refuse(issue);
  }

  /** The used refresh token alone identifies the login. */
  async rotate(used: TokenResponse, response: TokenResponse): Promise<void> {
    checkObject(used, 'oldTokens');
    const tokens = this.#read(response);
    const idToken = textOrNone(response.id_token, 'id_token');
    const renewed = idToken === undefined ? undefined : await this.#verify(idToken);
    const found = await this.#findLogin(used.refresh_token);
    if (found === undefined) return this.#refuseUnknown(tokens, renewed?.provider);
    const { login, claims, provider, usedToken } = found;
    refuseAnotherUser(login, renewed?.idToken);
    refuseAnotherClient(provider, renewed?.provider);
    const { accessTokens } = this.#parts;
    const owner = { issuer: claims.iss, subject: claims.sub, sid: claims.sid };
    const user = { ...owner, sid: undefined };
    await refuseContradiction(tokens.accessToken, user, { provider, accessTokens });
    const refreshToken = tokens.refreshToken ?? usedToken;
    const issue: Issue = {
      login,
      provider,
      tokens: { ...tokens, refreshToken },
      owner,
      idToken: renewed?.idToken.token,
      scope: tokens.scope ?? claims.scope,
    };
    await this.#renew(issue, usedToken, tokens);
  }

  async #renew(issue: Issue, usedToken: string, tokens: ReadTokenResponse): Promise<void> {
    const { login } = issue;
    const { refreshToken } = issue.tokens;
    const { operations, expiredTokenGrace } = this.#parts;
    const record = this.#record(issue);
    const isReplaced = refreshToken !== usedToken;
    const [, ...answers] = await Promise.all([
      isReplaced &&
        operations.expireToken(
          keyOfRefreshToken(usedToken),
          Math.max(USED_TOKEN_LIFETIME, expiredTokenGrace),
        ),
      this.#parts.epoch.admits(login.time),
      operations.renewLogin(record),
      operations.addMember(login),
      ...this.#link(issue),
    ]);
    // Without the used refresh token, which the refresh may have left as it was.
    if (answers.some((answer) => answer !== 'ok')) await this.#refuse({ ...issue, tokens });
  }

  #read(response: TokenResponse): ReadTokenResponse {
    return readTokenResponse(response, this.#parts.maxTokenLifetime);
  }

  async #verify(token: string): Promise<{ idToken: IdToken; provider: Provider }> {
    const read = readToken(token);
    const provider = await providerOf(read, this.#parts.providers);
    if (provider === undefined) {
      const { reason, ...evidence } = issuerFault(token, this.#parts.providers);
      throw new InvalidIdTokenError(reason, evidence);
    }
    return {
      idToken: await verifyIdToken(read, provider.findKeyOrSecret, provider.settings),
      provider,
    };
  }

  async #findLogin(used: unknown) {
    const usedToken = textOrNone(used, 'refresh_token');
    if (usedToken === undefined) return undefined;
    const [text] = await this.#parts.operations.read([keyOfRefreshToken(usedToken)]);
    const entry = decodeTokenEntry(text);
    const claims = entry?.login && readTokenClaims(entry.claims);
    if (entry?.login === undefined || claims === undefined) return undefined;
    const provider = this.#parts.providers.find(claims.iss, claims.client_id);
    if (provider === undefined) return undefined;
    return { login: entry.login, claims, provider, usedToken };
  }

  #record({ login, owner, provider, tokens, idToken, scope }: Issue): LoginToSave {
    const { clientId } = provider.settings;
    const { refreshToken } = tokens;
    const open = { idToken, refreshToken, scope };
    const sealed = this.#parts.seal.seal(login.session, clientId, open);
    return { login, owner: writeOwner(owner), clientId, tokens: sealed };
  }

  #link({ login, owner, provider, tokens, scope }: Issue): Promise<'ok' | 'invalidated'>[] {
    const { operations, expiredTokenGrace, clockTolerance, maxSessionLifetime } = this.#parts;
    const { accessToken, refreshToken, expiresAt, isSenderConstrained } = tokens;
    const { clientId: client_id } = provider.settings;
    const of = { iss: owner.issuer, client_id, sub: owner.subject, sid: owner.sid };
    const claims: TokenClaims = {
      ...of,
      exp: expiresAt,
      iat: Math.floor(Date.now() / 1000),
      scope: tokens.scope,
      bound: isSenderConstrained ? true : undefined,
    };
    const key = { kind: 'access-token', of: accessTokenKey(accessToken) } as const;
    // As long as the guard takes the token, by any clock.
    const ttl = secondsUntil(expiresAt + Math.max(expiredTokenGrace, 2 * clockTolerance));
    const access = operations.linkToken(key, login, writeTokenClaims(claims), ttl);
    if (refreshToken === undefined) return [access];
    const kept = writeTokenClaims({ ...of, scope });
    return [
      access,
      operations.linkToken(keyOfRefreshToken(refreshToken), login, kept, maxSessionLifetime),
    ];
  }

  #refuseUnknown(tokens: ReadTokenResponse, renewed: Provider | undefined): Promise<never> {
    const { providers } = this.#parts;
    const { accessToken } = tokens;
    const likely = renewed ?? providerFor(accessToken, providers);
    const claims = accessToken.kind === 'jwt' ? accessToken.claims : {};
    const isOfOther = isOfAnotherClient(claims, likely?.settings.ofIssuer.clientIds ?? []);
    const owner = { issuer: likely?.issuer ?? '', subject: undefined, sid: undefined };
    return this.#refuse({ owner, provider: isOfOther ? undefined : likely, tokens });
  }

  async #refuse(refused: RefusedTokens): Promise<never> {
    await this.#parts.ends.refuse(refused);
    throw new SessionEndedError();
  }
}

function keyOfRefreshToken(token: string): TokenKey {
  return { kind: 'refresh-token', of: refreshTokenKey(token) };
}

// Core 1.0, section 12.2: a refresh stays with the same user.
function refuseAnotherUser(login: Login, renewed: IdToken | undefined): void {
  if (renewed !== undefined && subjectKey(renewed.issuer, renewed.subject) !== login.subject) {
    throw new InvalidIdTokenError('another-subject', { claim: 'sub', issuer: renewed.issuer });
  }
}

// Core 1.0, section 12.2: a refresh stays with the same client.
function refuseAnotherClient({ issuer, settings }: Provider, renewed: Provider | undefined): void {
  if (renewed === undefined || renewed.settings === settings) return;
  const { clientId: expected } = settings;
  throw new InvalidIdTokenError('wrong-audience', { claim: 'aud', expected, issuer });
}

/** The most likely provider of an unknown token. */
function providerFor({ text }: AccessTokenText, providers: Providers): Provider | undefined {
  const [only, ...others] = providers;
  return providerOfAccessToken(text, providers) ?? (others.length === 0 ? only : undefined);
}
