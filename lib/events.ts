import type { InvalidTokenCause } from './refusals/access-token.ts';
import type { Evidence } from './refusals/evidence.ts';
import type { InvalidLogoutTokenCause } from './refusals/logout-token.ts';

/** A logout ended a session by its own tokens. */
export interface LogoutEvent {
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`, when it is known. */
  readonly subject: string | undefined;
  /** The provider's session, where known. */
  readonly sid: string | undefined;
  /** `true` when the tokens were invalidated before: nothing new ended. */
  readonly repeated: boolean;
}

/** A new entry stands on the invalidation list. */
export interface InvalidatedEvent {
  /** What the entry is of. */
  readonly kind: 'access-token' | 'refresh-token' | 'session' | 'subject';
  /** Absent for a refused refresh of an unknown session. */
  readonly issuer?: string | undefined;
  /** The user, by `sub`, when it is known. */
  readonly subject?: string | undefined;
  /** The provider's session, when it is known. */
  readonly sid?: string | undefined;
}

/**
 * Who ended a session: its own tokens, the provider on one of its channels, the app, or another
 * user's login under the same `sid`.
 */
export type EndCause = 'logout' | 'back-channel' | 'front-channel' | 'app' | 'login';

/**
 * A session ended, in this process or in another process with the same store. The app can now close
 * the user's connections. The end is announced once, when stored. After a failure in between, or
 * for an unsaved session ended twice at the same moment, the end may be announced twice.
 */
export interface SessionEndedEvent {
  /** The provider. */
  readonly issuer: string;
  /** Absent when the session was not saved and only its `sid` is known. */
  readonly subject: string | undefined;
  /** Absent when all sessions of the subject ended, or when the provider gives no `sid`. */
  readonly sid: string | undefined;
  /** Who ended the session. */
  readonly cause: EndCause;
  /** The provider ended `offline_access` too, as Keycloak can. */
  readonly revokesOfflineAccess: boolean;
}

/**
 * The outcome of a revocation at the provider. The outcome of the logout does not depend on
 * revocations.
 *
 * @see [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)
 */
export interface RevocationEvent {
  /** Which token was to be revoked. */
  readonly kind: 'access-token' | 'refresh-token';
  /**
   * `unsupported`: the provider cannot revoke this kind of token, or another client got the token;
   * the token expires by itself.
   * `skipped`: the session is live again, and a late revocation could end the new login.
   */
  readonly outcome: 'revoked' | 'unsupported' | 'skipped' | 'failed';
  /**
   * `OTHER_CLIENT` for a token of a client that is no entry of `provider`. Else only for a failure:
   * the provider's error code, `HTTP_503`, `TimeoutError` or a code such as
   * `ECONNREFUSED`; `queue-full` when too many revocations wait for this provider; `closed` when
   * the app closed before.
   */
  readonly reason: string | undefined;
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`, when it is known. */
  readonly subject: string | undefined;
  /** The provider's session, when it is known. */
  readonly sid: string | undefined;
}

/**
 * A request was refused for its access token: 401, 403 for a missing scope, or 400 for a refresh
 * token of another session. `logout` and `frontChannelLogout` go on without a refused access token of
 * the app's own session (`tokens`): 200, and told all the same. Told once for each request; never for
 * a request without a token, nor for an outage.
 */
export interface TokenRefusedEvent extends Evidence {
  /** Why. */
  readonly reason: TokenRefusal;
  /** The middleware that refused. */
  readonly endpoint: 'guard' | 'logout' | 'front-channel-logout';
}

/** Why a request was refused for its access token. */
export type TokenRefusal =
  | InvalidTokenCause
  /** The token lacks a scope of the route. Ask for the scope at login. */
  | 'insufficient-scope'
  /** At a logout: access token and refresh token belong to two sessions. */
  | 'refresh-token-of-another-session';

/**
 * A Logout Token was refused. Told once for each request that was answered 400 for its Logout Token,
 * and once for a token that was kept over an outage and refused later.
 */
export interface LogoutTokenRefusedEvent extends Evidence {
  /** Why. */
  readonly reason: InvalidLogoutTokenCause;
  /** The middleware that refused. */
  readonly endpoint: 'back-channel-logout';
}

/**
 * A Logout Token was accepted, and met no saved login: 200. Tokens that nobody saved have ended if
 * they carry the `sid`, or for a Logout Token without `sid` the `sub`. Told once for a token.
 */
export interface LogoutTokenUnmatchedEvent {
  /** The provider. */
  readonly issuer: string;
  /** The user, by `sub`, as far as the Logout Token tells. */
  readonly subject: string | undefined;
  /** The session, as far as the Logout Token tells. */
  readonly sid: string | undefined;
}

/** A call to the store failed or took longer than `storeTimeout`. */
export interface StoreErrorEvent {
  /**
   * The operation of the store, such as `read` or `endSession`; `subscribe` when this process
   * misses ended sessions, or its near-cache misses changes.
   */
  readonly operation: string;
  /**
   * `timeout`, `stalled`, `not-connected`, `not-replicated`, or the code of the failure, such as
   * `ECONNRESET` or `OOM`.
   */
  readonly reason: string;
}

/**
 * A Logout Token came during an outage of the store or of the provider's keys, and was answered
 * 400. The provider may not send the token again, so the token is kept in memory until the token
 * takes effect, is refused, or is older than `logoutTokenMaxAge`.
 */
export interface LogoutTokenDelayedEvent {
  /** `lost`: there was no room to keep the token. */
  readonly outcome: 'kept' | 'took-effect' | 'refused' | 'lost';
  /** The reason of the delay, as in `store-error` and `provider-error`. */
  readonly reason: string | undefined;
  /** Absent when the token could not be verified yet. */
  readonly issuer: string | undefined;
  /** The session that the Logout Token names; absent as `issuer` is. */
  readonly sid: string | undefined;
}

/**
 * The Redis server works, but not as logouts require. Told once, after the first use of the store;
 * never for a server that refuses `INFO`.
 */
export interface StoreWarningEvent {
  /**
   * - `version`: the server lacks commands.
   * - `maxmemory-policy`: the server drops logouts when its memory is full.
   * - `role`: the server is a replica, which takes no logouts and may not know the master's.
   * - `memory`: the server started anew without its data; told each time.
   */
  readonly setting: 'version' | 'maxmemory-policy' | 'role' | 'memory';
  /** Such as `6.0.16`, `allkeys-lru`, `replica` or `empty`. */
  readonly found: string;
  /** Such as `6.2 or later`, `noeviction`, `master` or `kept`. */
  readonly expected: string;
}

/**
 * The provider's metadata or keys could not be fetched, and the last good copy stays in use; or a
 * member of the metadata is unusable, or an endpoint that is needed is missing; or an introspection
 * got no answer.
 */
export interface ProviderErrorEvent {
  /** The provider. */
  readonly issuer: string;
  /** What was asked of the provider. */
  readonly operation: 'metadata' | 'keys' | 'introspection';
  /**
   * `TimeoutError`, a code such as `ECONNREFUSED`, or:
   *
   * - `ISSUER_MISMATCH`: the metadata are of another issuer;
   * - `UNUSABLE_` with the name of a metadata member, such as `UNUSABLE_END_SESSION_ENDPOINT`: the
   *   member counts as absent, told once;
   * - `NO_REVOCATION_ENDPOINT`: neither the metadata of OpenID Connect Discovery nor those of RFC 8414
   *   have the endpoint, and tokens live on at the provider; told once;
   * - `NO_INTROSPECTION_ENDPOINT`: likewise, and the option `introspection` needs the endpoint; told
   *   once;
   * - `NO_USABLE_KEY`: no key fits the algorithms of this provider;
   * - `KEYS_RENEWED_TOO_OFTEN`: the keys were fetched five times within 30 s for tokens with an
   *   unknown key, and further tokens have to wait.
   */
  readonly reason: string;
  /** Only for `ISSUER_MISMATCH`: the configured issuer. */
  readonly expected?: string | undefined;
  /**
   * Only for `ISSUER_MISMATCH`: the issuer of the metadata, in printable ASCII and 200 characters
   * at most.
   */
  readonly found?: string | undefined;
}

/**
 * A listener of another event threw or rejected. The outcome of a request does not depend on
 * listeners.
 */
export interface ListenerErrorEvent {
  /** The event that was listened to. */
  readonly event: string;
  /** What the listener threw, or rejected with. */
  readonly error: unknown;
}

/** The events, none with a token. Each listener gets its own object. */
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
  /** A request was refused for its access token. */
  'token-refused': TokenRefusedEvent;
  /** A Logout Token was refused. */
  'logout-token-refused': LogoutTokenRefusedEvent;
  /** A Logout Token ended nothing that was saved. */
  'logout-token-unmatched': LogoutTokenUnmatchedEvent;
  /** A Logout Token met an outage. */
  'logout-token-delayed': LogoutTokenDelayedEvent;
  /** A listener of another event failed. */
  'listener-error': ListenerErrorEvent;
}

/**
 * Called with an event. A listener may be async; nobody waits for the listener.
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
  'token-refused': true,
  'logout-token-refused': true,
  'logout-token-unmatched': true,
  'logout-token-delayed': true,
  'listener-error': true,
};

type AnyListener = (event: never) => unknown;

/** Calls listeners. A failing listener, now or later, harms no request and no other listener. */
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
    // A listener may add and remove listeners, itself too.
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
