import { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import {
  clientMetadata,
  type ClientMetadata,
  type ClientMetadataOptions,
} from './client-metadata.ts';
import { Events, type Listener, type OidcLogoutEvents } from './events.ts';
import { DeadlineInvalidationList } from './invalidation/deadline.ts';
import { Invalidations } from './invalidation/invalidations.ts';
import { MemoryInvalidationList } from './invalidation/memory.ts';
import { RedisInvalidationList } from './invalidation/redis.ts';
import { backChannelLogout } from './middleware/back-channel-logout.ts';
import { frontChannelLogout } from './middleware/front-channel-logout.ts';
import { guard, type GuardOptions, resolveScope } from './middleware/guard.ts';
import { logout } from './middleware/logout.ts';
import { postLogoutCallback } from './middleware/post-logout-callback.ts';
import { PostLogoutStates } from './middleware/post-logout.ts';
import { type LogoutOptions, resolveReturnTo } from './middleware/return-to.ts';
import { checkNames, checkObject } from './option-checks.ts';
import { type OidcLogoutOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Provider } from './provider/provider.ts';
import { Announcements } from './session/announcements.ts';
import { DeadlineSessionStore } from './session/deadline.ts';
import { Encryption } from './session/encryption.ts';
import { Logouts } from './session/logouts.ts';
import { MemorySessionStore } from './session/memory.ts';
import { Records } from './session/records.ts';
import { RedisSessionStore } from './session/redis.ts';
import { SessionEnds } from './session/session-ends.ts';
import { SessionRegistry } from './session/session-registry.ts';
import { Sessions } from './session/sessions.ts';
import { RedisChannel } from './store/redis-channel.ts';
import { StoreCalls } from './store/store-calls.ts';
import { AccessTokens } from './token/access-token.ts';

/** The parts to mount and to call, made by {@link oidcLogout}. */
export interface OidcLogout {
  /**
   * The logout endpoint: `POST` with `access_token` (or `token`) and optionally `refresh_token`, as JSON
   * or as a form. It invalidates both and their session in every process, and answers
   * `{"redirect": "<End Session URL>"}`, or 303 there for a caller that prefers HTML.
   *
   * @example
   * app.use('/_security/oidc/logout', oidc.logout());
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  logout(options?: LogoutOptions): RequestHandler;

  /**
   * Where the provider posts its Logout Tokens: `POST` with the form field `logout_token`. It ends the
   * session that the token names by `sid`, or everything that was issued to its `sub` until its `iat`, and
   * answers 200 with no body; every failure is 400.
   *
   * @example
   * app.use('/oidc/back-channel-logout', oidc.backChannelLogout());
   *
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backChannelLogout(): RequestHandler;

  /**
   * What the provider shows in a frame of its logout page: `GET` with `iss` and `sid`. It ends that
   * session, if it was saved, without any cookie; only the provider's own pages can frame it.
   *
   * @example
   * app.use('/oidc/front-channel-logout', oidc.frontChannelLogout());
   *
   * @see [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html)
   */
  frontChannelLogout(): RequestHandler;

  /**
   * Where the provider sends the browser after the logout: `GET` with `state`. It sets
   * `req.postLogout` and leaves the page to whoever comes next.
   *
   * @example
   * app.use('/logged-out', oidc.postLogoutCallback(), (req, res) => {
   *   res.redirect(req.postLogout?.returnTo ?? '/');
   * });
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
   */
  postLogoutCallback(): RequestHandler;

  /**
   * Protects an API: lets a request pass whose Bearer token is authentic, alive and not invalidated,
   * and sets `req.auth`.
   *
   * @throws TypeError when the option `audience` is missing.
   *
   * @example
   * app.use('/api', oidc.guard({ scope: 'read' }), api);
   *
   * @see [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750), [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)
   */
  guard(options?: GuardOptions): RequestHandler;

  /** Registers logins and refreshes, and ends sessions. */
  readonly sessions: Sessions;

  /**
   * What to register of this app at the provider for its logout, to be merged into what is registered for
   * its login, such as `redirect_uris`. `baseUrl` is where the app is found, such as
   * `https://app.example.com`; its front channel must have the origin of a redirect URI.
   *
   * @throws TypeError when the base URL or an option is wrong.
   *
   * @see [OpenID Connect Dynamic Client Registration 1.0, section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)
   */
  clientMetadata(baseUrl: string, options?: ClientMetadataOptions): ClientMetadata;

  /** Listens to an event. A listener that throws harms no request; `listener-error` tells of it. */
  on<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /** Stops listening. */
  off<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /**
   * Gives up what is under way at the provider, and closes the connection that was duplicated for
   * `session-ended`. The Redis client stays the app's.
   */
  close(): Promise<void>;
}

/**
 * Makes the middlewares of one app from its options.
 *
 * @throws TypeError at once when an option is wrong, missing or unknown; it names the option and the fix.
 *
 * @example
 * const oidc = oidcLogout({
 *   provider: {
 *     issuer: 'https://op.example.com',
 *     clientId: 'web',
 *     postLogoutRedirectUri: 'https://app.example.com/logged-out',
 *   },
 *   audience: 'https://app.example.com/api',
 *   redis: new Redis(process.env.REDIS_URL),
 * });
 */
export function oidcLogout(options: OidcLogoutOptions): OidcLogout {
  const settings = resolveOptions(options);
  const events = new Events();
  const providers = new Map(
    settings.providers.map((provider) => [provider.issuer, new Provider(provider, events)]),
  );
  const calls = new StoreCalls(events, settings.storeTimeout);
  const { list, store } = createStores(settings, calls);
  const records = new Records(store, new Encryption(settings.encryptionKey));
  const registry = new SessionRegistry(records, settings);
  const logouts = new Logouts(records);
  const invalidations = new Invalidations(list, registry, events, settings);
  const accessTokens = new AccessTokens(providers, registry, settings);
  const announcements = new Announcements(
    events,
    createChannel(settings, calls, events),
    providers.keys(),
  );
  const ends = new SessionEnds(registry, invalidations, announcements);
  const secure = settings.providers.every((provider) => !isPlain(provider.postLogoutRedirectUri));
  const states = new PostLogoutStates(logouts, { secure });
  const { maxTokenLifetime } = settings;

  const oidc: OidcLogout = {
    logout(logoutOptions = {}) {
      refuseRequest(logoutOptions, 'logout');
      checkObject(logoutOptions, 'options');
      checkNames(logoutOptions, ['returnTo', 'allowedReturnTo'], 'logout()');
      const returnTo = resolveReturnTo(logoutOptions);
      const parts = { accessTokens, invalidations, registry, logouts, ends, states, events };
      return logout({ ...settings, ...parts, returnTo });
    },
    backChannelLogout(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'backChannelLogout');
      return backChannelLogout({ ...settings, providers, logouts, ends });
    },
    frontChannelLogout(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'frontChannelLogout');
      return frontChannelLogout({ providers, ends });
    },
    postLogoutCallback(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'postLogoutCallback');
      return postLogoutCallback(states);
    },
    guard(guardOptions = {}) {
      refuseRequest(guardOptions, 'guard');
      checkObject(guardOptions, 'options');
      checkNames(guardOptions, ['scope'], 'guard()');
      if (settings.audience === undefined) {
        throw new TypeError(
          '"audience" must be set for guard(): what "aud" of its access tokens contains',
        );
      }
      const scope = resolveScope(guardOptions.scope);
      return guard({ ...settings, accessTokens, invalidations, scope });
    },
    sessions: new Sessions({ providers, registry, invalidations, ends, maxTokenLifetime }),
    clientMetadata(baseUrl, metadataOptions = {}) {
      return clientMetadata({ providers: settings.providers, baseUrl, options: metadataOptions });
    },
    on(name, listener) {
      events.on(name, listener);
      if (name === 'session-ended') announcements.listen();
      return oidc;
    },
    off(name, listener) {
      events.off(name, listener);
      return oidc;
    },
    close() {
      for (const provider of providers.values()) provider.close();
      announcements.close();
      return Promise.resolve();
    },
  };
  return oidc;
}

function refuseRequest(options: unknown, name: string): void {
  if (!(options instanceof IncomingMessage)) return;
  throw new TypeError(`oidc.${name} must be called: app.use(path, oidc.${name}())`);
}

function isPlain(url: string | undefined): boolean {
  return url?.startsWith('http:') === true;
}

function createChannel(
  { redis, keyPrefix }: ResolvedOptions,
  calls: StoreCalls,
  events: Events,
): RedisChannel | undefined {
  if (redis === undefined) return undefined;
  return new RedisChannel(redis, `${keyPrefix}session-ended`, calls, events);
}

function createStores({ redis, keyPrefix, ...own }: ResolvedOptions, calls: StoreCalls) {
  const list =
    redis === undefined
      ? (own.invalidationList ?? new MemoryInvalidationList())
      : new RedisInvalidationList(redis, keyPrefix);
  const store =
    redis === undefined
      ? (own.sessionStore ?? new MemorySessionStore())
      : new RedisSessionStore(redis, keyPrefix);
  return {
    list: new DeadlineInvalidationList(list, calls),
    store: new DeadlineSessionStore(store, calls),
  };
}
