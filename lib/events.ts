/** A session was logged out by its own access token. */
export interface LogoutEvent {
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`, when it is known. */
  readonly subject: string | undefined;
  /** The provider's session, when it is known. */
  readonly sid: string | undefined;
  /** `true` when the access token was on the list before: nothing new ended. */
  readonly repeated: boolean;
}

/** Something was put on the invalidation list, and is stored. */
export interface InvalidatedEvent {
  /** What the entry is of. */
  readonly kind: 'access-token' | 'refresh-token' | 'session' | 'subject';
  /** Absent when a refresh was refused whose session nobody knows. */
  readonly issuer?: string | undefined;
  /** The user, by `sub`, when it is known. */
  readonly subject?: string | undefined;
  /** The provider's session, when it is known. */
  readonly sid?: string | undefined;
}

/**
 * Who ended a session: its own tokens, the provider on one of its channels, the app, or the login of another user
 * under the same `sid`.
 */
export type EndCause = 'logout' | 'back-channel' | 'front-channel' | 'app' | 'login';

/**
 * A session ended, in this process or in another one that shares the Redis: close what it keeps open.
 * Told once, when the end is stored. After a failure in between it is told at the next try, and may then be
 * told twice; of a session that was not saved also when it is ended twice at the same moment.
 */
export interface SessionEndedEvent {
  /** The provider. */
  readonly issuer: string;
  /** Absent when the session was not saved and only its `sid` is known. */
  readonly subject: string | undefined;
  /** Absent when every session of the subject ended, or when the provider names none. */
  readonly sid: string | undefined;
  /** Who ended the session. */
  readonly cause: EndCause;
  /** The provider ended `offline_access` too, as Keycloak can. */
  readonly revokesOfflineAccess: boolean;
}

/**
 * What came of a revocation at the provider. It never changes the outcome of the logout.
 *
 * @see [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)
 */
export interface RevocationEvent {
  /** Which token was to be revoked. */
  readonly kind: 'access-token' | 'refresh-token';
  /**
   * `unsupported`: the provider cannot revoke this kind of token, which expires by itself. `skipped`: the session lives
   * again, and a late revocation could end the new login.
   */
  readonly outcome: 'revoked' | 'unsupported' | 'skipped' | 'failed';
  /**
   * Of a failure: the provider's error code, `HTTP_503`, `TimeoutError` or a code such as `ECONNREFUSED`;
   * `queue-full` where more wait for this provider than are kept, and `closed` where the app closed before.
   */
  readonly reason: string | undefined;
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`, when it is known. */
  readonly subject: string | undefined;
  /** The provider's session, when it is known. */
  readonly sid: string | undefined;
}

/** A call to the store failed or took longer than `storeTimeout`. */
export interface StoreErrorEvent {
  /**
   * What was asked of the store, such as `read` or `endSession`; `subscribe` when this process is not told of ended
   * sessions, or its near-cache of what has changed.
   */
  readonly operation: string;
  /**
   * `timeout`, `stalled`, `not-connected`, `not-replicated`, or the code of the failure, such as `ECONNRESET`
   * or `OOM`.
   */
  readonly reason: string;
}

/**
 * A Logout Token came while the store or the provider's keys were away, and was answered 400. It is kept in memory,
 * since the provider may not send it again, until it takes effect, is refused, or is older than `logoutTokenMaxAge`.
 */
export interface LogoutTokenDelayedEvent {
  /** `lost`: there was no room to keep it. */
  readonly outcome: 'kept' | 'took-effect' | 'refused' | 'lost';
  /** Why it was delayed: as in `store-error` and `provider-error`. */
  readonly reason: string | undefined;
  /** Absent where the token could not be verified yet. */
  readonly issuer: string | undefined;
  /** The session that the Logout Token names; absent as `issuer` is. */
  readonly sid: string | undefined;
}

/**
 * The Redis server works, but not as it must for logouts to hold. Told once, after the first use of the store;
 * nothing is told of a server that may not be asked (`INFO`).
 */
export interface StoreWarningEvent {
  /**
   * `version`: the server lacks commands. `maxmemory-policy`: it drops logouts when its memory is full. `role`:
   * it is a replica, which takes no logouts and may not know those of the master. `memory`: it started anew
   * without what it had stored; told each time.
   */
  readonly setting: 'version' | 'maxmemory-policy' | 'role' | 'memory';
  /** Such as `6.0.16`, `allkeys-lru`, `replica` or `empty`. */
  readonly found: string;
  /** Such as `6.2 or later`, `noeviction`, `master` or `kept`. */
  readonly expected: string;
}

/**
 * The provider's metadata or keys could not be fetched, where the last good copy stays in use; or a member of
 * its metadata cannot be used; or it did not answer an introspection.
 */
export interface ProviderErrorEvent {
  /** The provider. */
  readonly issuer: string;
  /** What was asked of the provider. */
  readonly operation: 'metadata' | 'keys' | 'introspection';
  /**
   * `TimeoutError`, a code such as `ECONNREFUSED`, or:
   *
   * - `ISSUER_MISMATCH`: the metadata are those of another issuer;
   * - `UNUSABLE_` with the name of a member of the metadata, such as `UNUSABLE_END_SESSION_ENDPOINT`: it is taken
   *   as absent, which is told once;
   * - `NO_USABLE_KEY`: no key is one for the algorithms of this provider;
   * - `KEYS_RENEWED_TOO_OFTEN`: the keys were fetched five times within 30 s for tokens whose key is unknown,
   *   so that further ones have to wait.
   */
  readonly reason: string;
  /** Of `ISSUER_MISMATCH`: the issuer that is configured. */
  readonly expected?: string | undefined;
  /** Of `ISSUER_MISMATCH`: the issuer of the metadata, in printable ASCII and 200 characters at most. */
  readonly found?: string | undefined;
}

/** A listener of another event threw or rejected. Never a part of a request's outcome. */
export interface ListenerErrorEvent {
  /** The event that was listened to. */
  readonly event: string;
  /** What the listener threw, or rejected with. */
  readonly error: unknown;
}

/** What happens, told without tokens. Each listener gets an object of its own. */
export interface OidcLogoutEvents {
  /** A logout by the session's own access token. */
  logout: LogoutEvent;
  /** A new entry of the invalidation list. */
  invalidated: InvalidatedEvent;
  /** The end of a session, in whatever process. */
  'session-ended': SessionEndedEvent;
  /** The outcome of a revocation at the provider. */
  revocation: RevocationEvent;
  /** A call to the store failed. */
  'store-error': StoreErrorEvent;
  /** The Redis server is not as it must be. */
  'store-warning': StoreWarningEvent;
  /** The provider did not answer as it must. */
  'provider-error': ProviderErrorEvent;
  /** A Logout Token met an outage. */
  'logout-token-delayed': LogoutTokenDelayedEvent;
  /** A listener of another event failed. */
  'listener-error': ListenerErrorEvent;
}

/**
 * Is told of an event. It may be async; nobody waits for it.
 *
 * @inline
 */
export type Listener<Name extends keyof OidcLogoutEvents> = (
  event: OidcLogoutEvents[Name],
) => unknown;

const NAMES: Record<keyof OidcLogoutEvents, true> = {
  logout: true,
  invalidated: true,
  'session-ended': true,
  revocation: true,
  'store-error': true,
  'store-warning': true,
  'provider-error': true,
  'logout-token-delayed': true,
  'listener-error': true,
};

type AnyListener = (event: never) => unknown;

/** Tells listeners what happens. One that fails, at once or later, harms no request and no other. */
export class Events {
  readonly #listeners = new Map<keyof OidcLogoutEvents, Set<AnyListener>>();

  on<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): void {
    checkListener(name, listener);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
  }

  off<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): void {
    checkListener(name, listener);
    this.#listeners.get(name)?.delete(listener);
  }

  emit<Name extends keyof OidcLogoutEvents>(name: Name, event: OidcLogoutEvents[Name]): void {
    // A listener may add and take away listeners, itself too.
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      void this.#call(name, () => listener({ ...event } as never));
    }
  }

  async #call(event: keyof OidcLogoutEvents, listen: () => unknown): Promise<void> {
    try {
      await listen();
    } catch (error) {
      if (event !== 'listener-error') this.emit('listener-error', { event, error });
    }
  }
}

function checkListener(name: unknown, listener: unknown): void {
  const known: unknown[] = Object.keys(NAMES);
  if (!known.includes(name)) {
    throw new TypeError(`"${String(name)}" is not an event; the events are ${known.join(', ')}`);
  }
  if (typeof listener === 'function') return;
  throw new TypeError(`The listener of "${String(name)}" must be a function`);
}
