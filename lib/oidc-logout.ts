import { IncomingMessage, type ServerResponse } from 'node:http';
import type { ClientMetadata } from './provider/client-metadata.ts';
import type { Listener, OidcLogoutEvents } from './events.ts';
import { backChannelLogout } from './http/back-channel-logout.ts';
import { type EndSessionOptions, endSessionUrl } from './http/end-session-url.ts';
import { frontChannelLogout } from './http/front-channel-logout.ts';
import {
  type FrontChannelLogoutOptions,
  resolveFrontChannelLogoutOptions,
} from './http/front-channel-logout-options.ts';
import { guard, type GuardOptions, resolveGuardOptions } from './http/guard.ts';
import { type LogoutOptions, resolveLogoutOptions } from './http/logout-options.ts';
import { logout } from './http/logout.ts';
import type { Middleware } from './http/middleware.ts';
import { postLogoutCallback } from './http/post-logout-callback.ts';
import { type ClientMetadataOptions, configuredClientMetadata } from './options/client-metadata.ts';
import { type OidcLogoutOptions, resolveOptions } from './options/oidc-logout-options.ts';
import { createParts } from './parts.ts';
import type { Sessions } from './session/sessions.ts';

/** The parts to mount and to call, made by {@link oidcLogout}. */
export interface OidcLogout {
  /**
   * The logout endpoint: `POST` with `access_token` (or `token`) and optionally `refresh_token`, as
   * JSON or as a form. The endpoint invalidates the tokens and ends their session in every process.
   * The answer is `{"redirect": "<End Session URL>"}`, or for a caller that prefers HTML a page
   * that continues to the same URL.
   *
   * @example
   * app.use('/_security/oidc/logout', oidc.logout());
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  logout(options?: LogoutOptions): Middleware;

  /**
   * Receives the provider's Logout Tokens: `POST` with the form field `logout_token`. The endpoint
   * ends the session of the token's `sid`, or all logins of its `sub` up to its `iat`. The answer
   * is 200 with no body; every failure is 400.
   *
   * @example
   * app.use('/oidc/back-channel-logout', oidc.backChannelLogout());
   *
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backChannelLogout(): Middleware;

  /**
   * The page in a frame of the provider's logout page: `GET` with `iss` and `sid`. The endpoint
   * ends the session, if saved, without any cookie. Only the provider's own pages can show the
   * frame. With the option `tokens`, a request without `iss` and `sid` ends the saved login of the
   * app's own session.
   *
   * @example
   * app.use('/oidc/front-channel-logout', oidc.frontChannelLogout());
   *
   * @see [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html)
   */
  frontChannelLogout(options?: FrontChannelLogoutOptions): Middleware;

  /**
   * Receives the browser after the provider's logout: `GET` with `state`. Sets `req.postLogout` and
   * leaves the page to the next handler.
   *
   * @example
   * app.use('/logged-out', oidc.postLogoutCallback(), (req, res) => {
   *   res.redirect(req.postLogout?.returnTo ?? '/');
   * });
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
   */
  postLogoutCallback(): Middleware;

  /**
   * Protects an API: a request passes if its Bearer token is authentic, not expired and not
   * invalidated. Sets `req.auth`.
   *
   * @throws TypeError when the option `audience` is missing, unless every provider has
   * `accessTokens.clients`.
   *
   * @example
   * app.use('/api', oidc.guard({ scope: 'read' }), api);
   *
   * @see [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750),
   * [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)
   */
  guard(options?: GuardOptions): Middleware;

  /** Records logins and refreshes, and ends sessions. */
  readonly sessions: Sessions;

  /**
   * The End Session URL alone, for an app with its own logout route; `null` where the provider has
   * none. Nothing ends here. The `state` is kept, and bound to the browser by a cookie on `res`, so
   * `res` must not have been sent yet.
   *
   * @throws TypeError when the issuer or client is not configured, or a member is unknown.
   * @throws {@link InvalidRequestError} when `returnTo` is not a path of the app, or
   * `postLogoutRedirectUri` not one of the provider's.
   * @throws {@link StoreUnavailableError} or {@link ProviderUnavailableError}
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
   */
  endSessionUrl(
    req: IncomingMessage,
    res: ServerResponse,
    session?: EndSessionOptions,
  ): Promise<string | null>;

  /**
   * The client metadata to register at the provider for logout, to be merged into the metadata for
   * login, such as `redirect_uris`. `baseUrl` is the URL of the app, such as
   * `https://app.example.com`. The front channel is left out unless `frontChannelLogout` asks for
   * it, and must have the origin of a redirect URI. Where there is no `clientId` yet, the function
   * `clientRegistration()` of this package makes the same.
   *
   * @throws TypeError when the base URL or an option is wrong.
   *
   * @see [OpenID Connect Dynamic Client Registration 1.0, section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)
   */
  clientMetadata(baseUrl: string, options?: ClientMetadataOptions): ClientMetadata;

  /**
   * Resolves when this app can work: the metadata and keys of every provider are known, be they the
   * last good copies, and the store answers. Asked anew at each call, for `providerTimeout` and
   * `storeTimeout` at most, so that a readiness probe can call it as often as it likes: calls at
   * the same time share their requests, and a provider that is away is asked a few times within
   * 30 s.
   *
   * @throws {@link ProviderUnavailableError} with `issuer` and `reason`, also where `introspection`
   * is set and the provider has no introspection endpoint (`NO_INTROSPECTION_ENDPOINT`).
   * @throws {@link StoreUnavailableError}
   *
   * @example
   * app.get('/ready', (req, res) => {
   *   oidc.ready().then(
   *     () => res.sendStatus(204),
   *     ({ code, issuer, reason }) => res.status(503).json({ code, issuer, reason }),
   *   );
   * });
   */
  ready(): Promise<void>;

  /**
   * Listens to an event. Each listener gets its own object, and may be async. A listener that
   * throws or rejects harms no request and no other listener; `listener-error` tells of the
   * failure.
   *
   * @throws TypeError when the event is unknown, or the listener is no function.
   */
  on<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /**
   * Stops listening.
   *
   * @throws TypeError when the event is unknown, or the listener is no function.
   */
  off<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /**
   * Gives the waiting revocations 10 s, and tries those that failed before once more. The rest, such
   * as those within `revocationDelay`, and any later ones are told by `revocation` as `failed` with
   * the reason `closed`. Aborts all other requests to the provider, and closes the connections
   * duplicated for subscriptions and for `durability`. The Redis client stays the app's.
   */
  close(): Promise<void>;
}

/**
 * Makes the middlewares of one app.
 *
 * @throws TypeError at once when an option is wrong, missing or unknown. The message contains the
 * option and the fix.
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
  const parts = createParts(settings);
  const { announcements, browser, ends, events, providers, revocations, sessions } = parts;

  const oidc: OidcLogout = {
    logout(logoutOptions = {}) {
      refuseRequest(logoutOptions, 'logout');
      return logout({
        ...settings,
        ...parts,
        options: resolveLogoutOptions(logoutOptions, settings),
      });
    },
    backChannelLogout(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'backChannelLogout');
      return backChannelLogout({ ...settings, ...parts });
    },
    frontChannelLogout(frontOptions = {}) {
      refuseRequest(frontOptions, 'frontChannelLogout');
      const resolved = resolveFrontChannelLogoutOptions(frontOptions);
      return frontChannelLogout({ ...settings, ...parts, options: resolved });
    },
    postLogoutCallback(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'postLogoutCallback');
      return postLogoutCallback(browser);
    },
    guard(guardOptions = {}) {
      refuseRequest(guardOptions, 'guard');
      return guard({ ...settings, ...parts, ...resolveGuardOptions(guardOptions, settings) });
    },
    sessions,
    endSessionUrl(req, res, session = {}) {
      return endSessionUrl({ ...settings, ...parts }, { req, res }, session);
    },
    clientMetadata(baseUrl, metadataOptions = {}) {
      return configuredClientMetadata(settings.providers, baseUrl, metadataOptions);
    },
    async ready() {
      await parts.ready();
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
    async close() {
      announcements.close();
      await revocations.close();
      await ends.settled();
      parts.closeStore();
      for (const provider of providers) provider.close();
    },
  };
  return oidc;
}

function refuseRequest(options: unknown, name: string): void {
  if (!(options instanceof IncomingMessage)) return;
  throw new TypeError(`oidc.${name} must be called: app.use(path, oidc.${name}())`);
}
