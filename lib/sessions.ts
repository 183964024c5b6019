import { decodeJwt, type JWTPayload } from 'jose';
import { InvalidIdTokenError, SessionEndedError } from './errors.ts';
import type { Invalidation, Invalidations } from './invalidation/invalidations.ts';
import type { Provider } from './provider/provider.ts';
import type {
  LoginReference,
  RegisteredSession,
  SessionRegistry,
} from './session/session-registry.ts';
import { type IdToken, verifyIdToken } from './token/id-token.ts';
import { isJwt, loginKey, sessionKey, subjectKey, tokenKey } from './token/token-keys.ts';

/**
 * The token endpoint's answer, as it came; other members are ignored.
 *
 * @see [OpenID Connect Core 1.0, section 3.1.3.3](https://openid.net/specs/openid-connect-core-1_0.html#TokenResponse)
 */
export interface TokenResponse {
  readonly access_token: string;
  readonly id_token?: string | undefined;
  readonly refresh_token?: string | undefined;
  /** Seconds; some providers send them as a string. */
  readonly expires_in?: number | string | undefined;
  readonly scope?: string | undefined;
}

/** One session of a provider, by its `sid`, or all sessions of a user, by the `sub`. */
export type SessionName =
  | { readonly issuer: string; readonly sid: string }
  | { readonly issuer: string; readonly sub: string };

export interface SessionParts {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly registry: SessionRegistry;
  readonly invalidations: Invalidations;
  /** Seconds. */
  readonly maxTokenLifetime: number;
}

/** Tells the package of logins and refreshes, and ends sessions from the app's side. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /**
   * Registers a login, so that a logout reaches all tokens of its session and can send its ID Token as
   * `id_token_hint`. Call it after each login, with the token endpoint's answer.
   *
   * @throws TypeError when `access_token` or `id_token` is missing.
   * @throws {@link InvalidIdTokenError} when the ID Token is not one of a configured provider for this client.
   * @throws {@link SessionEndedError} when these tokens were saved before, and their session has ended.
   * @throws {@link StoreUnavailableError} or {@link ProviderUnavailableError} when the login could not be registered.
   */
  async save(tokens: TokenResponse): Promise<void> {
    const idToken = await this.#verify(requireText(tokens.id_token, 'id_token'));
    const { issuer, subject, authTime, token } = idToken;
    const sid = idToken.sid ?? sidOf(requireText(tokens.access_token, 'access_token'));
    const session = sid === undefined ? loginKey(issuer, token) : sessionKey(issuer, sid);
    const earlier = await this.#findLogin(tokens);
    if (earlier !== undefined && (await this.#isOver(earlier))) throw new SessionEndedError();
    const generation = await this.#generationOf(session);
    const loginTime = nowInSeconds();
    const login = { session, generation, issuer, subject, sid, authTime, loginTime };
    await this.#register({ ...login, idToken: token }, tokens);
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
    const session = await this.#findSession(oldTokens);
    if (session === undefined) return this.#refuse(tokens);
    const idToken = await this.#renewedIdToken(tokens, session);
    // Registered first and looked up second: whatever ends the session from now on finds the new tokens.
    const refresh_token = tokens.refresh_token ?? oldTokens.refresh_token;
    await this.#register({ ...session, idToken }, { ...tokens, refresh_token });
    const usedToken = tokenKey(oldTokens.refresh_token ?? oldTokens.access_token);
    const listed = await this.#parts.invalidations.isListed(usedToken);
    if (!listed && !(await this.#isOver(session))) return;
    await this.#parts.registry.forget([session.session]);
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
    const { invalidations, providers, registry } = this.#parts;
    if (!providers.has(name.issuer)) throw new TypeError('"issuer" is not a configured one');
    const subjects = 'sub' in name ? [endOfSubject(name.issuer, requireText(name.sub, 'sub'))] : [];
    const sessions =
      'sub' in name
        ? await registry.sessionsOf(subjectKey(name.issuer, name.sub))
        : [sessionKey(name.issuer, requireText(name.sid, 'sid'))];
    const generations = await invalidations.sessionCutOffs(sessions);
    const ends = sessions.map((key, index): Invalidation => {
      const { issuer, sid, sub } = { sid: undefined, sub: undefined, ...name };
      return {
        kind: 'session',
        key,
        generation: generations[index] ?? 0,
        issuer,
        sid,
        subject: sub,
      };
    });
    await invalidations.add([...subjects, ...ends]);
    await registry.forget(sessions);
  }

  // Of the unverified ID Token only `iss` is used, and only to choose the configuration.
  async #verify(token: string): Promise<IdToken> {
    const issuer = isJwt(token) ? decodeJwt(token).iss : undefined;
    const provider = this.#parts.providers.get(issuer ?? '');
    if (provider === undefined) throw new InvalidIdTokenError();
    return verifyIdToken(token, provider);
  }

  // Core 1.0, section 12.2: the answer to a refresh may lack an ID Token, and one of it names the same user.
  async #renewedIdToken(tokens: TokenResponse, session: RegisteredSession): Promise<string> {
    if (tokens.id_token === undefined) return session.idToken;
    const { issuer, subject, token } = await this.#verify(tokens.id_token);
    if (issuer !== session.issuer || subject !== session.subject) throw new InvalidIdTokenError();
    return token;
  }

  async #register(session: RegisteredSession, tokens: TokenResponse): Promise<void> {
    const { session: key, generation, issuer, subject, sid, authTime } = session;
    const { scope } = tokens;
    await this.#parts.registry.save({
      session,
      subjectKey: subjectKey(issuer, subject),
      accessTokenKey: tokenKey(requireText(tokens.access_token, 'access_token')),
      accessToken: {
        ...{ session: key, generation, issuer, subject, sid, authTime, scope },
        expiresAt: this.#expiryOf(tokens),
      },
      refreshTokenKey: tokens.refresh_token && tokenKey(tokens.refresh_token),
    });
  }

  async #findSession(tokens: TokenResponse): Promise<RegisteredSession | undefined> {
    const login = await this.#findLogin(tokens);
    return login && this.#parts.registry.findSession(login);
  }

  async #findLogin(tokens: TokenResponse): Promise<LoginReference | undefined> {
    const { registry } = this.#parts;
    const byRefreshToken =
      tokens.refresh_token === undefined
        ? undefined
        : await registry.findRefreshToken(tokenKey(tokens.refresh_token));
    const accessTokenKey = tokenKey(requireText(tokens.access_token, 'access_token'));
    return byRefreshToken ?? registry.findToken(accessTokenKey);
  }

  /** The generation of a login that comes now: after every end of its session until now. */
  async #generationOf(session: string): Promise<number> {
    const [[cutOff = 0], current] = await Promise.all([
      this.#parts.invalidations.sessionCutOffs([session]),
      this.#parts.registry.currentSession(session),
    ]);
    return Math.max(cutOff, current?.generation ?? 0);
  }

  async #isOver({ session, generation }: LoginReference): Promise<boolean> {
    const [cutOff = 0] = await this.#parts.invalidations.sessionCutOffs([session]);
    return cutOff > generation;
  }

  async #refuse(tokens: TokenResponse, session?: RegisteredSession): Promise<never> {
    const owner = { issuer: session?.issuer, subject: session?.subject, sid: session?.sid };
    const refused: Invalidation[] = [
      {
        kind: 'access-token',
        key: tokenKey(requireText(tokens.access_token, 'access_token')),
        expiresAt: this.#expiryOf(tokens),
        ...owner,
      },
    ];
    if (tokens.refresh_token) {
      refused.push({ kind: 'refresh-token', key: tokenKey(tokens.refresh_token), ...owner });
    }
    await this.#parts.invalidations.add(refused);
    throw new SessionEndedError();
  }

  #expiryOf({ access_token, expires_in }: TokenResponse): number {
    const lifetime = Number(expires_in ?? NaN);
    const { exp } = claimsOf(access_token);
    if (typeof exp === 'number') return Math.ceil(exp);
    const { maxTokenLifetime } = this.#parts;
    return nowInSeconds() + Math.ceil(Number.isFinite(lifetime) ? lifetime : maxTokenLifetime);
  }
}

// Straight from the token endpoint: what the token says of itself is the provider's word.
function claimsOf(accessToken: string): JWTPayload {
  return isJwt(accessToken) ? decodeJwt(accessToken) : {};
}

function sidOf(accessToken: string): string | undefined {
  const { sid } = claimsOf(accessToken);
  return typeof sid === 'string' && sid !== '' ? sid : undefined;
}

function endOfSubject(issuer: string, subject: string): Invalidation {
  const key = subjectKey(issuer, subject);
  return { kind: 'subject', key, issuer, subject, until: nowInSeconds() };
}

function requireText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`"${name}" must be a string that is not empty`);
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
