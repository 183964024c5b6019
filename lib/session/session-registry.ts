import type { StoreUnavailableError } from '../errors.ts';
import { secondsUntil } from '../store/seconds-until.ts';
import type { Records } from './records.ts';
import type { StoredRecord } from './session-store.ts';

/** Which login a token comes from. */
export interface LoginReference {
  /** The session's key on the invalidation list. */
  readonly session: string;
  /**
   * The session's cut-off on the invalidation list when the login was saved. A later cut-off ends the
   * login; a provider that reuses a `sid` after a logout gets a login that the earlier one spares.
   */
  readonly generation: number;
}

/** Whose login it was, and when. */
export interface RegisteredLogin extends LoginReference {
  readonly issuer: string;
  readonly subject: string;
  readonly sid?: string | undefined;
  /** When the login's ID Token was issued, in seconds since the epoch. */
  readonly loginTime: number;
}

/** What is known of an access token that the app saved. */
export interface RegisteredToken extends RegisteredLogin {
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly scope?: string | undefined;
  /** It was issued as a token of another type than Bearer. */
  readonly isSenderConstrained?: true | undefined;
}

/** What is known of a session that the app saved. */
export interface RegisteredSession extends RegisteredLogin {
  readonly idToken: string;
  /** Kept only where it is encrypted. */
  readonly refreshToken?: string | undefined;
  /** What was granted, as the token endpoint told it. */
  readonly scope?: string | undefined;
}

/** The session and its tokens, under their keys, as one login or refresh leaves them. */
export interface Registration {
  readonly session: RegisteredSession;
  readonly subjectKey: string;
  readonly accessTokenKey: string;
  readonly accessToken: RegisteredToken;
  readonly refreshTokenKey: string | undefined;
  /** The ID Token of a login; a refresh has none of its own. */
  readonly idTokenKey?: string;
  /** The refresh token that the provider replaced by this one. */
  readonly usedRefreshTokenKey?: string | undefined;
}

export interface RegistryLifetimes {
  /** Seconds. */
  readonly maxSessionLifetime: number;
  /** Seconds. */
  readonly expiredTokenGrace: number;
}

/** The sessions of this app at its providers: which tokens belong to which, and the ID Token of each. */
export class SessionRegistry {
  readonly #records: Records;
  readonly #lifetimes: RegistryLifetimes;

  constructor(records: Records, lifetimes: RegistryLifetimes) {
    this.#records = records;
    this.#lifetimes = lifetimes;
  }

  async save({ session, subjectKey, ...keys }: Registration): Promise<void> {
    const { maxSessionLifetime, expiredTokenGrace } = this.#lifetimes;
    const { session: key, generation } = session;
    const { accessToken, accessTokenKey, refreshTokenKey, idTokenKey, usedRefreshTokenKey } = keys;
    const accessTokenTtl = secondsUntil(accessToken.expiresAt + expiredTokenGrace);
    const login = JSON.stringify({ session: key, generation } satisfies LoginReference);
    const records: (StoredRecord | undefined)[] = [
      await this.#records.sealed(`session:${key}`, session, maxSessionLifetime),
      record('access', accessTokenKey, JSON.stringify(accessToken), accessTokenTtl),
      record('refresh', refreshTokenKey, login, maxSessionLifetime),
      record('refresh', usedRefreshTokenKey, login, Math.max(1, expiredTokenGrace)),
      record('id', idTokenKey, login, maxSessionLifetime),
    ];
    await Promise.all([
      this.#records.store.set(records.filter((each) => each !== undefined)),
      this.#records.store.addMember(`subject:${subjectKey}`, key, maxSessionLifetime),
    ]);
  }

  async findToken(accessTokenKey: string): Promise<RegisteredToken | undefined> {
    return this.#records.find(`access:${accessTokenKey}`);
  }

  /** Tokens in the order of their keys, in a call of their own; of a record that is corrupt the failure. */
  async findTokens(
    accessTokenKeys: readonly string[],
  ): Promise<(RegisteredToken | StoreUnavailableError | undefined)[]> {
    return this.#records.findAll(accessTokenKeys.map((key) => `access:${key}`));
  }

  async findRefreshToken(refreshTokenKey: string): Promise<LoginReference | undefined> {
    return this.#records.find(`refresh:${refreshTokenKey}`);
  }

  async findIdToken(idTokenKey: string): Promise<LoginReference | undefined> {
    return this.#records.find(`id:${idTokenKey}`);
  }

  /** The session as its latest login left it. */
  async currentSession(sessionKey: string): Promise<RegisteredSession | undefined> {
    const [session] = await this.currentSessions([sessionKey]);
    return session;
  }

  /** Sessions as their latest logins left them, in the order of their keys. */
  async currentSessions(
    sessionKeys: readonly string[],
  ): Promise<(RegisteredSession | undefined)[]> {
    return this.#records.open(...sessionKeys.map((key) => `session:${key}`));
  }

  /** The session of this login, unless a later login took its place. */
  async findSession(login: LoginReference): Promise<RegisteredSession | undefined> {
    const session = await this.currentSession(login.session);
    return session?.generation === login.generation ? session : undefined;
  }

  async sessionsOf(subjectKey: string): Promise<string[]> {
    return this.#records.store.members(`subject:${subjectKey}`);
  }

  /**
   * Drops the session of this login with its ID Token, and answers it if it was there. Its tokens stay known
   * as tokens of an ended session.
   */
  async forget({ session, generation }: LoginReference): Promise<RegisteredSession | undefined> {
    const key = `session:${session}`;
    const taken = await this.#records.take<RegisteredSession>(key);
    if (taken === undefined || taken.generation === generation) return taken;
    // A later login took its place meanwhile.
    const { maxSessionLifetime } = this.#lifetimes;
    await this.#records.store.set([await this.#records.sealed(key, taken, maxSessionLifetime)]);
    return undefined;
  }
}

function record(
  kind: string,
  key: string | undefined,
  value: string,
  ttl: number,
): StoredRecord | undefined {
  return key === undefined ? undefined : { key: `${kind}:${key}`, value, ttl };
}
