import { StoreUnavailableError } from '../errors.ts';
import { secondsUntil } from '../store/seconds-until.ts';
import type { Encryption } from './encryption.ts';
import type { SessionStore, StoredRecord } from './session-store.ts';

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
}

/** What is known of a session that the app saved. */
export interface RegisteredSession extends RegisteredLogin {
  readonly idToken: string;
}

/** Where a logout sends the browser. */
export interface LogoutAnswer {
  /** The End Session URL; `undefined` where the provider has none. */
  readonly redirect: string | undefined;
  /** The `state` in it. */
  readonly state: string | undefined;
}

/** What is kept of a logout until the browser comes back. */
export interface PendingLogout {
  readonly returnTo?: string | undefined;
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
  readonly #store: SessionStore;
  readonly #encryption: Encryption;
  readonly #lifetimes: RegistryLifetimes;

  constructor(store: SessionStore, encryption: Encryption, lifetimes: RegistryLifetimes) {
    this.#store = store;
    this.#encryption = encryption;
    this.#lifetimes = lifetimes;
  }

  async save({ session, subjectKey, ...keys }: Registration): Promise<void> {
    const { maxSessionLifetime, expiredTokenGrace } = this.#lifetimes;
    const { session: key, generation } = session;
    const { accessToken, accessTokenKey, refreshTokenKey, idTokenKey, usedRefreshTokenKey } = keys;
    const accessTokenTtl = secondsUntil(accessToken.expiresAt + expiredTokenGrace);
    const login = JSON.stringify({ session: key, generation } satisfies LoginReference);
    const records: (StoredRecord | undefined)[] = [
      await this.#sealed(`session:${key}`, session, maxSessionLifetime),
      record('access', accessTokenKey, JSON.stringify(accessToken), accessTokenTtl),
      record('refresh', refreshTokenKey, login, maxSessionLifetime),
      record('refresh', usedRefreshTokenKey, login, Math.max(1, expiredTokenGrace)),
      record('id', idTokenKey, login, maxSessionLifetime),
    ];
    await Promise.all([
      this.#store.set(records.filter((each) => each !== undefined)),
      this.#store.addMember(`subject:${subjectKey}`, key, maxSessionLifetime),
    ]);
  }

  async findToken(accessTokenKey: string): Promise<RegisteredToken | undefined> {
    return parse(await this.#get(`access:${accessTokenKey}`)) as RegisteredToken | undefined;
  }

  async findRefreshToken(refreshTokenKey: string): Promise<LoginReference | undefined> {
    return parse(await this.#get(`refresh:${refreshTokenKey}`)) as LoginReference | undefined;
  }

  async findIdToken(idTokenKey: string): Promise<LoginReference | undefined> {
    return parse(await this.#get(`id:${idTokenKey}`)) as LoginReference | undefined;
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
    const opened = await this.#open(sessionKeys.map((key) => `session:${key}`));
    return opened.map((session) => parse(session) as RegisteredSession | undefined);
  }

  /** The session of this login, unless a later login took its place. */
  async findSession(login: LoginReference): Promise<RegisteredSession | undefined> {
    const session = await this.currentSession(login.session);
    return session?.generation === login.generation ? session : undefined;
  }

  async sessionsOf(subjectKey: string): Promise<string[]> {
    return this.#store.members(`subject:${subjectKey}`);
  }

  /** Drops the session and its ID Token. Its tokens stay known as tokens of an ended session. */
  async forget(sessionKeys: readonly string[]): Promise<void> {
    await this.#store.delete(sessionKeys.map((key) => `session:${key}`));
  }

  /** Keeps the answer to a logout for its retries. */
  async keepAnswer(accessTokenKey: string, answer: LogoutAnswer, ttl: number): Promise<void> {
    await this.#seal(`answer:${accessTokenKey}`, answer, ttl);
  }

  async findAnswer(accessTokenKey: string): Promise<LogoutAnswer | undefined> {
    const [answer] = await this.#open([`answer:${accessTokenKey}`]);
    return parse(answer) as LogoutAnswer | undefined;
  }

  async keepPendingLogout(stateKey: string, logout: PendingLogout, ttl: number): Promise<void> {
    await this.#seal(`state:${stateKey}`, logout, ttl);
  }

  /** Answers what was kept, once. */
  async takePendingLogout(stateKey: string): Promise<PendingLogout | undefined> {
    const key = `state:${stateKey}`;
    const value = await this.#store.take(key);
    const opened = value === undefined ? undefined : await this.#encryption.open(key, value);
    return parse(opened) as PendingLogout | undefined;
  }

  /** Remembers that a Logout Token took effect, and tells whether it is the first to say so. */
  async addLogoutToken(logoutTokenKey: string, ttl: number): Promise<boolean> {
    return this.#store.add({ key: `jti:${logoutTokenKey}`, value: '1', ttl });
  }

  async hasLogoutToken(logoutTokenKey: string): Promise<boolean> {
    return (await this.#get(`jti:${logoutTokenKey}`)) !== undefined;
  }

  async #get(key: string): Promise<string | undefined> {
    const [value] = await this.#store.get([key]);
    return value;
  }

  async #open(keys: readonly string[]): Promise<(string | undefined)[]> {
    const values = await this.#store.get(keys);
    return Promise.all(
      keys.map(async (key, index) => {
        const value = values[index];
        return value === undefined ? undefined : this.#encryption.open(key, value);
      }),
    );
  }

  async #seal(key: string, value: object, ttl: number): Promise<void> {
    await this.#store.set([await this.#sealed(key, value, ttl)]);
  }

  async #sealed(key: string, value: object, ttl: number): Promise<StoredRecord> {
    return { key, value: await this.#encryption.seal(key, JSON.stringify(value)), ttl };
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

function parse(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    throw new StoreUnavailableError('corrupt-record');
  }
}
