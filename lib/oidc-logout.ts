import { IncomingMessage, type ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import {
  clientMetadata,
  type ClientMetadata,
  type ClientMetadataOptions,
} from './provider/client-metadata.ts';
import type { Listener, OidcLogoutEvents } from './events.ts';
import { backChannelLogout } from './http/back-channel-logout.ts';
import { type EndSessionOptions, endSessionUrl } from './http/end-session-url.ts';
import { frontChannelLogout } from './http/front-channel-logout.ts';
import { guard, type GuardOptions, resolveGuardOptions } from './http/guard.ts';
import { type LogoutOptions, resolveLogoutOptions } from './http/logout-options.ts';
import { logout } from './http/logout.ts';
import { postLogoutCallback } from './http/post-logout-callback.ts';
import { type OidcLogoutOptions, resolveOptions } from './options/oidc-logout-options.ts';
import { createParts } from './parts.ts';
import type { Sessions } from './session/sessions.ts';

/** The parts to mount and to call, made by {@link oidcLogout}. */
export interface OidcLogout {
  /**
   * The logout endpoint: `POST` with `access_token` (or `token`) and optionally `refresh_token`, as JSON
   * or as a form. It invalidates both and their session in every process, and answers
   * `{"redirect": "<End Session URL>"}`, or a page that goes on there by itself to a caller that prefers HTML.
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
   * The End Session URL by itself, for an app that builds its own logout route; `null` where the provider has
   * none. It ends nothing here. Its `state` is kept, and bound to the browser by a cookie on `res`, which must
   * not have been sent yet.
   *
   * @throws TypeError when the issuer is not a configured one.
   * @throws {@link InvalidRequestError} when `returnTo` is not a path of the app.
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
   * What to register of this app at the provider for its logout, to be merged into what is registered for
   * its login, such as `redirect_uris`. `baseUrl` is where the app is found, such as
   * `https://app.example.com`; its front channel must have the origin of a redirect URI.
   *
   * @throws TypeError when the base URL or an option is wrong.
   *
   * @see [OpenID Connect Dynamic Client Registration 1.0, section 2](https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata)
   */
  clientMetadata(baseUrl: string, options?: ClientMetadataOptions): ClientMetadata;

  /**
   * Listens to an event. Each listener gets an object of its own. It may be async; one that throws or rejects
   * harms no request and no other, and `listener-error` tells of it.
   *
   * @throws TypeError when there is no such event, or the listener is no function.
   */
  on<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /**
   * Stops listening.
   *
   * @throws TypeError when there is no such event, or the listener is no function.
   */
  off<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /**
   * Tries the revocations that wait once more and waits for them, for 10 s at most: what is not done then, and
   * what comes from now on, is told by `revocation` as `failed` with the reason `closed`. Gives up what else is
   * under way at the provider, and closes the connections that were duplicated for what is pushed and for
   * `durability`. The Redis client stays the app's.
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
  const parts = createParts(settings);
  const { announcements, browser, ends, events, providers, revocations, sessions } = parts;

  const oidc: OidcLogout = {
    logout(logoutOptions = {}) {
      refuseRequest(logoutOptions, 'logout');
      return logout({ ...settings, ...parts, options: resolveLogoutOptions(logoutOptions) });
    },
    backChannelLogout(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'backChannelLogout');
      return backChannelLogout({ ...settings, ...parts });
    },
    frontChannelLogout(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'frontChannelLogout');
      return frontChannelLogout({ ...settings, ...parts });
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
    async close() {
      announcements.close();
      await revocations.close();
      await ends.settled();
      parts.closeStore();
      for (const provider of providers.values()) provider.close();
    },
  };
  return oidc;
}

function refuseRequest(options: unknown, name: string): void {
  if (!(options instanceof IncomingMessage)) return;
  throw new TypeError(`oidc.${name} must be called: app.use(path, oidc.${name}())`);
}
