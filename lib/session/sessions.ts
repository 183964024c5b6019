import type { JWTPayload } from 'jose';
import { InvalidIdTokenError, InvalidTokenError, SessionEndedError } from '../errors.ts';
import type { Invalidation, Invalidations } from '../invalidation/invalidations.ts';
import { checkObject, checkText } from '../option-checks.ts';
import type { Provider } from '../provider/provider.ts';
import type { Revocations } from '../provider/revocations.ts';
import type { SessionEnds } from './session-ends.ts';
import type {
  LoginReference,
  RegisteredSession,
  Registration,
  SessionRegistry,
} from './session-registry.ts';
import { type AccessTokenText, readAccessToken } from '../token/access-token-text.ts';
import { type IdToken, verifyIdToken } from '../token/id-token.ts';
import { isNumericDate } from '../token/numeric-date.ts';
import { isBearer } from '../token/sender-constraint.ts';
import { sidOf } from '../token/sid.ts';
import { providerOf } from '../token/unverified-issuer.ts';
import {
  accessTokenKey,
  loginKey,
  refreshTokenKey,
  sessionKey,
  subjectKey,
} from '../token/token-keys.ts';

/**
 * The token endpoint's answer, as it came; other members are ignored.
 *
 * @see [OpenID Connect Core 1.0, section 3.1.3.3](https://openid.net/specs/openid-connect-core-1_0.html#TokenResponse)
 */
export interface TokenResponse {
  readonly access_token: string;
  /** `Bearer` in any letters, as if left out; the guard refuses tokens of other types. */
  readonly token_type?: string | undefined;
  readonly id_token?: string | undefined;
  readonly refresh_token?: string | null | undefined;
  /** Seconds; some providers send them as a string. */
  readonly expires_in?: number | string | undefined;
  readonly scope?: string | undefined;
}

/** One session of a provider, by its `sid`, or all sessions of a user, by the `sub`. */
export type SessionName =
  | { readonly issuer: string; readonly sid: string; readonly sub?: never }
  | { readonly issuer: string; readonly sub: string; readonly sid?: never };

export interface SessionParts {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly registry: SessionRegistry;
  readonly invalidations: Invalidations;
  readonly ends: SessionEnds;
  readonly revocations: Revocations;
  /** Seconds. */
  readonly maxTokenLifetime: number;
  /** Whether what is stored of a session is encrypted. */
  readonly isEncrypted: boolean;
}

/** Tells the package of logins and refreshes, and ends sessions from the app's side. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    // Apps take it apart: `const { save, end } = oidc.sessions`.
    this.save = this.save.bind(this);
    this.rotate = this.rotate.bind(this);
    this.end = this.end.bind(this);
  }

  /**
   * Registers a login, so that a logout reaches all tokens of its session and can send its ID Token as
   * `id_token_hint`. Call it after each login, with the token endpoint's answer.
   *
   * @throws TypeError when `access_token` or `id_token` is missing.
   * @throws {@link InvalidTokenError} when the access token begins as a JWT or a JWE, and is none.
   * @throws {@link InvalidIdTokenError} when the ID Token is not one of a configured provider for this client.
   * @throws {@link SessionEndedError} when the login is not a new one, and its session or user was ended.
   * @throws {@link StoreUnavailableError} or {@link ProviderUnavailableError} when the login could not be registered.
   */
  async save(tokens: TokenResponse): Promise<void> {
    checkObject(tokens, 'tokens');
    const accessToken = accessTokenOf(tokens);
    const idToken = await this.#verify(checkText(tokens.id_token, 'id_token'));
    const { issuer, subject, issuedAt: loginTime, token } = idToken;
    const sid = idToken.sid ?? sidOf(claimsOf(accessToken));
    const session = sid === undefined ? loginKey(issuer, idToken.key) : sessionKey(issuer, sid);
    const generation = await this.#generationOf({ session, idToken, tokens });
    if (generation === undefined) return this.#refuse(tokens, { issuer, subject, sid });
    const login = { session, generation, issuer, subject, sid, loginTime, idToken: token };
    await this.#register(login, tokens, { idTokenKey: idToken.key });
  }

  /**
   * Registers the tokens of a refresh beside those that were used for it. Hand out the new tokens only
   * after it resolved.
   *
   * @throws {@link SessionEndedError} when the session ended meanwhile, or was never saved. The new
   * tokens are then invalidated, and the user has to log in again.
   * @throws {@link InvalidIdTokenError} when the new ID Token is not one of the same user for this client.
   */
  async rotate(oldTokens: TokenResponse, tokens: TokenResponse): Promise<void> {
    checkObject(oldTokens, 'oldTokens');
    checkObject(tokens, 'tokens');
    accessTokenOf(tokens);
    const renewed = tokens.id_token === undefined ? undefined : await this.#verify(tokens.id_token);
    const login = await this.#findLogin(oldTokens);
    const session = login && (await this.#parts.registry.findSession(login));
    if (session === undefined) return this.#refuse(tokens);
    checkSameUser(renewed, session);
    const idToken = renewed?.token ?? session.idToken;
    const used = keysOf(oldTokens);
    const refresh_token = tokens.refresh_token ?? oldTokens.refresh_token;
    const usedRefreshTokenKey =
      refresh_token === oldTokens.refresh_token ? undefined : used.refresh;
    // Registered first and looked up second: whatever ends the session from now on finds the new tokens.
    await this.#register(
      { ...session, idToken },
      { ...tokens, refresh_token },
      { usedRefreshTokenKey },
    );
    if (!(await this.#hasEnded(session, oldTokens))) return;
    await this.#parts.registry.forget(session);
    await this.#refuse(tokens, session);
  }

  /**
   * Ends one session, or with `sub` everything issued to the user until now. To end what has ended, or
   * what nobody knows, is no error.
   *
   * @throws TypeError when the issuer is not a configured one, or neither `sid` nor `sub` is given.
   * @throws {@link StoreUnavailableError} when the end could not be stored.
   */
  async end(name: SessionName): Promise<void> {
    checkObject(name, 'session');
    const { issuer, sid, sub }: { issuer: string; sid?: string; sub?: string } = name;
    const { ends, providers } = this.#parts;
    if (!providers.has(issuer)) throw new TypeError('"issuer" is not a configured one');
    if (sid !== undefined && sub !== undefined) {
      throw new TypeError('"sid" and "sub" exclude each other');
    }
    const found = await ends.find(
      sub === undefined
        ? { issuer, sid: checkText(sid, 'sid') }
        : { issuer, subject: checkText(sub, 'sub') },
    );
    await ends.end(found);
    const ended = await ends.conclude(found);
    await ends.announce(ended, 'app');
    await ends.revoke(ended, 'app');
  }

  async #verify(token: string): Promise<IdToken> {
    const provider = providerOf(token, this.#parts.providers);
    if (provider === undefined) throw new InvalidIdTokenError();
    return verifyIdToken(token, provider);
  }

  async #register(
    session: RegisteredSession,
    tokens: TokenResponse,
    keys: Pick<Registration, 'idTokenKey' | 'usedRefreshTokenKey'>,
  ): Promise<void> {
    const { session: key, generation, issuer, subject, sid, loginTime } = session;
    const { access, refresh } = keysOf(tokens);
    const issuedAt = nowInSeconds();
    const refreshToken = this.#parts.isEncrypted ? (tokens.refresh_token ?? undefined) : undefined;
    const scope = typeof tokens.scope === 'string' ? tokens.scope : session.scope;
    await this.#parts.registry.save({
      session: { ...session, refreshToken, scope },
      subjectKey: subjectKey(issuer, subject),
      accessTokenKey: access,
      accessToken: {
        ...{ session: key, generation, issuer, subject, sid, loginTime, issuedAt },
        expiresAt: this.#expiryOf(tokens),
        scope: tokens.scope,
        ...(!isBearer(tokens.token_type) && { isSenderConstrained: true }),
      },
      refreshTokenKey: refresh,
      ...keys,
    });
    await this.#parts.invalidations.tellSaved(access);
  }

  /**
   * The generation of a login that comes now: after every end of its session until now. `undefined` when
   * it does not come now, but was known before an end.
   */
  async #generationOf({ session, idToken, tokens }: NewLogin): Promise<number | undefined> {
    const { issuer, subject, issuedAt, key } = idToken;
    const { access, refresh } = keysOf(tokens);
    const [current, earlier] = await Promise.all([
      this.#parts.registry.currentSession(session),
      this.#findLogin(tokens, key),
    ]);
    const [subjectCutOff = 0, accessToken, refreshToken, earlierCutOff = 0, ...cutOffs] =
      await this.#parts.invalidations.lookUp(
        ...[subjectKey(issuer, subject), access, refresh, earlier?.session, session],
        ownSessionKey(issuer, accessTokenOf(tokens)),
      );
    const isListed = accessToken !== undefined || refreshToken !== undefined;
    const isOver = earlier !== undefined && earlierCutOff > earlier.generation;
    if (isListed || isOver || issuedAt <= subjectCutOff) return undefined;
    return Math.max(current?.generation ?? 0, ...cutOffs.map((cutOff) => cutOff ?? 0));
  }

  async #findLogin(
    tokens: TokenResponse,
    idTokenKey?: string,
  ): Promise<LoginReference | undefined> {
    const { registry } = this.#parts;
    const { access, refresh } = keysOf(tokens);
    const [byRefreshToken, byAccessToken, byIdToken] = await Promise.all([
      refresh === undefined ? undefined : registry.findRefreshToken(refresh),
      registry.findToken(access),
      idTokenKey === undefined ? undefined : registry.findIdToken(idTokenKey),
    ]);
    return byRefreshToken ?? byAccessToken ?? byIdToken;
  }

  async #hasEnded(session: RegisteredSession, oldTokens: TokenResponse): Promise<boolean> {
    const { issuer, subject, generation, loginTime } = session;
    const { access, refresh } = keysOf(oldTokens);
    const [subjectCutOff = 0, accessToken, refreshToken, ...cutOffs] =
      await this.#parts.invalidations.lookUp(
        ...[subjectKey(issuer, subject), access, refresh, session.session],
        ownSessionKey(issuer, accessTokenOf(oldTokens)),
      );
    if (accessToken !== undefined || refreshToken !== undefined) return true;
    return loginTime <= subjectCutOff || cutOffs.some((cutOff = 0) => cutOff > generation);
  }

  async #refuse(tokens: TokenResponse, session?: SessionOwner): Promise<never> {
    const owner = { issuer: session?.issuer, subject: session?.subject, sid: session?.sid };
    const { access, refresh } = keysOf(tokens);
    const expiresAt = this.#expiryOf(tokens);
    const refused: Invalidation[] = [{ kind: 'access-token', key: access, expiresAt, ...owner }];
    if (refresh !== undefined) refused.push({ kind: 'refresh-token', key: refresh, ...owner });
    await this.#parts.invalidations.add(refused);
    this.#revoke(tokens, owner);
    throw new SessionEndedError();
  }

  // RFC 7009: what was issued while the session ended is not to live on at the provider.
  #revoke({ access_token, refresh_token }: TokenResponse, { issuer, subject, sid }: RefusedOwner) {
    const { providers, revocations } = this.#parts;
    const [only, ...others] = providers.values();
    const named =
      issuer === undefined ? providerOf(access_token, providers) : providers.get(issuer);
    const provider = named ?? (others.length === 0 ? only : undefined);
    if (provider === undefined) return;
    const refreshTokens = [refresh_token ?? undefined];
    const owner = { subject, sid };
    revocations.revokeInBackground({
      provider,
      refreshTokens,
      accessToken: access_token,
      ...owner,
    });
  }

  #expiryOf({ expires_in, ...tokens }: TokenResponse): number {
    const { exp } = claimsOf(accessTokenOf(tokens));
    if (isNumericDate(exp) && Number.isSafeInteger(Math.ceil(exp) * 1000)) return Math.ceil(exp);
    const lifetime = Number.parseInt(String(expires_in), 10);
    return nowInSeconds() + (lifetime >= 0 ? lifetime : this.#parts.maxTokenLifetime);
  }
}

interface NewLogin {
  readonly session: string;
  readonly idToken: IdToken;
  readonly tokens: TokenResponse;
}

type SessionOwner = Pick<RegisteredSession, 'issuer' | 'subject' | 'sid'>;
type RefusedOwner = Record<keyof SessionOwner, string | undefined>;

interface TokenKeys {
  readonly access: string;
  readonly refresh: string | undefined;
}

function keysOf({ refresh_token, ...tokens }: TokenResponse): TokenKeys {
  return {
    access: accessTokenKey(accessTokenOf(tokens)),
    // Some providers send null or nothing for what they do not issue.
    refresh: refresh_token ? refreshTokenKey(checkText(refresh_token, 'refresh_token')) : undefined,
  };
}

function accessTokenOf({ access_token }: TokenResponse): AccessTokenText {
  const token = readAccessToken(checkText(access_token, 'access_token'));
  if (token === undefined) throw new InvalidTokenError('malformed');
  return token;
}

// Straight from the token endpoint: what the token says of itself is the provider's word.
function claimsOf(token: AccessTokenText): JWTPayload {
  return token.kind === 'jwt' ? token.claims : {};
}

/** The key of the session that the access token itself names. */
function ownSessionKey(issuer: string, accessToken: AccessTokenText): string | undefined {
  const sid = sidOf(claimsOf(accessToken));
  return sid === undefined ? undefined : sessionKey(issuer, sid);
}

// Core 1.0, section 12.2: the ID Token of a refresh, where there is one, names the same user.
function checkSameUser(renewed: IdToken | undefined, session: RegisteredSession): void {
  if (renewed === undefined) return;
  const { issuer, subject } = renewed;
  if (issuer !== session.issuer || subject !== session.subject) throw new InvalidIdTokenError();
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
