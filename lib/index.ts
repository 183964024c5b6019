export { oidcLogout } from './oidc-logout.ts';
export { clientRegistration } from './options/client-metadata.ts';
export { verifyLogoutToken } from './token/logout-token.ts';
export {
  HttpError,
  CrossOriginError,
  InsufficientScopeError,
  InvalidIdTokenError,
  InvalidLogoutTokenError,
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
export type { OidcLogoutOptions } from './options/oidc-logout-options.ts';
export type { AccessTokenOptions } from './options/access-token-options.ts';
export type { ProviderOptions, ProviderRegistration } from './options/provider-options.ts';
export type {
  ClientMetadataOptions,
  ClientRegistrationOptions,
} from './options/client-metadata.ts';
export type { ClientMetadata } from './provider/client-metadata.ts';
export type { EndSessionOptions } from './http/end-session-url.ts';
export type { FrontChannelLogoutOptions } from './http/front-channel-logout-options.ts';
export type { GuardOptions } from './http/guard.ts';
export type { LogoutOptions } from './http/logout-options.ts';
export type { SessionTokens } from './http/session-tokens.ts';
export type { RevocationPolicy } from './provider/revocations.ts';
export type { Middleware } from './http/middleware.ts';
export type { PostLogout, ReturningRequest } from './http/post-logout.ts';
export type { GuardedRequest } from './http/guarded-request.ts';
export type { RequestAuth } from './access-token/request-auth.ts';
export type { LoginClaims } from './session/active-logins.ts';
export type { SessionName, Sessions } from './session/sessions.ts';
export type { StoreLossPolicy } from './store/epoch.ts';
export type { TokenResponse } from './session/token-response.ts';
export type {
  EndCause,
  InvalidatedEvent,
  ListenerErrorEvent,
  LogoutEvent,
  LogoutTokenDelayedEvent,
  LogoutTokenRefusedEvent,
  LogoutTokenUnmatchedEvent,
  OidcLogoutEvents,
  ProviderErrorEvent,
  RevocationEvent,
  SessionEndedEvent,
  StoreErrorEvent,
  StoreWarningEvent,
  TokenRefusal,
  TokenRefusedEvent,
} from './events.ts';
export type { InvalidRequestCause } from './errors.ts';
export type { InvalidTokenCause } from './refusals/access-token.ts';
export type { Evidence } from './refusals/evidence.ts';
export type { InvalidIdTokenCause } from './refusals/id-token.ts';
export type { InvalidLogoutTokenCause } from './refusals/logout-token.ts';
export type {
  ClientAuthentication,
  ClientCredentials,
  ClientSecretBasicAuthentication,
  ClientSecretPostAuthentication,
  NoClientAuthentication,
  PrivateKeyJwtAuthentication,
  TlsClientAuthentication,
} from './provider/client-authentication.ts';
export type { EndSessionForm } from './provider/end-session-request.ts';
export type {
  EndSessionDialect,
  IdTokenHintPolicy,
  LogoutHint,
} from './provider/provider-settings.ts';
export type { IntrospectionPolicy } from './provider/provider-settings.ts';
export type { ProviderMetadata } from './provider/metadata.ts';
export type { RedisClient, RedisConnection } from './store/redis/redis-client.ts';
export type {
  Store,
  StoreChange,
  StoreSubscriber,
  StoreUpdate,
  StoreWrite,
} from './store/store.ts';
export type { DurabilityOptions, NearCacheOptions, StoreOptions } from './options/store-options.ts';
export type { TokenEncryption } from './token/encrypted-jwt.ts';
export type { LogoutTokenKey } from './token/key-finder.ts';
export type { LogoutToken, LogoutTokenOptions } from './token/logout-token.ts';
