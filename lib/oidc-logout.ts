import { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Events, type Listener, type OidcLogoutEvents } from './events.ts';
import { DeadlineInvalidationList } from './invalidation/deadline.ts';
import { Invalidations } from './invalidation/invalidations.ts';
import { MemoryInvalidationList } from './invalidation/memory.ts';
import { RedisInvalidationList } from './invalidation/redis.ts';
import { guard, type GuardOptions, resolveScope } from './middleware/guard.ts';
import { logout } from './middleware/logout.ts';
import { checkNames, checkObject } from './option-checks.ts';
import { type OidcLogoutOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Provider } from './provider/provider.ts';
import { DeadlineSessionStore } from './session/deadline.ts';
import { Encryption } from './session/encryption.ts';
import { MemorySessionStore } from './session/memory.ts';
import { RedisSessionStore } from './session/redis.ts';
import { SessionRegistry } from './session/session-registry.ts';
import { Sessions } from './session/sessions.ts';
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
  logout(): RequestHandler;

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

  /** Listens to an event. A listener that throws harms no request; `listener-error` tells of it. */
  on<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /** Stops listening. */
  off<Name extends keyof OidcLogoutEvents>(name: Name, listener: Listener<Name>): OidcLogout;

  /** Gives up what is under way at the provider. The Redis client stays the app's. */
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
  const { list, store } = createStores(settings, new StoreCalls(events, settings.storeTimeout));
  const registry = new SessionRegistry(store, new Encryption(settings.encryptionKey), settings);
  const invalidations = new Invalidations(list, registry, events, settings);
  const accessTokens = new AccessTokens(providers, registry, settings);
  const { maxTokenLifetime } = settings;

  const oidc: OidcLogout = {
    logout(...misuse: unknown[]) {
      refuseRequest(misuse[0], 'logout');
      return logout({ ...settings, accessTokens, invalidations, registry, events });
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
    sessions: new Sessions({ providers, registry, invalidations, maxTokenLifetime }),
    on(name, listener) {
      events.on(name, listener);
      return oidc;
    },
    off(name, listener) {
      events.off(name, listener);
      return oidc;
    },
    close() {
      for (const provider of providers.values()) provider.close();
      return Promise.resolve();
    },
  };
  return oidc;
}

function refuseRequest(options: unknown, name: string): void {
  if (!(options instanceof IncomingMessage)) return;
  throw new TypeError(`oidc.${name} must be called: app.use(path, oidc.${name}())`);
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
