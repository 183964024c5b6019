export { oidcLogout } from './oidc-logout.ts';
export {
  HttpError,
  InsufficientScopeError,
  InvalidIdTokenError,
  InvalidRequestError,
  InvalidTokenError,
  MethodNotAllowedError,
  MissingTokenError,
  OidcLogoutError,
  PayloadTooLargeError,
  ProviderUnavailableError,
  SessionEndedError,
  StoreUnavailableError,
  UnsupportedMediaTypeError,
} from './errors.ts';

export type { OidcLogout } from './oidc-logout.ts';
export type { OidcLogoutOptions, ProviderOptions } from './options.ts';
export type { GuardOptions } from './middleware/guard.ts';
export type { RequestAuth } from './middleware/request-auth.ts';
export type { SessionName, Sessions, TokenResponse } from './session/sessions.ts';
export type {
  InvalidatedEvent,
  ListenerErrorEvent,
  LogoutEvent,
  OidcLogoutEvents,
  ProviderErrorEvent,
  StoreErrorEvent,
} from './events.ts';
export type { InvalidRequestCause, InvalidTokenCause } from './errors.ts';
export type { InvalidationEntry, InvalidationList } from './invalidation/invalidation-list.ts';
export type { ProviderMetadata } from './provider/metadata.ts';
export type { RedisClient } from './store/ready-redis.ts';
export type { SessionStore, StoredRecord } from './session/session-store.ts';
