import type { TokenEncryption } from '../token/encrypted-jwt.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import type { ProviderMetadata } from './metadata.ts';

/** One provider's configuration, checked. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: ClientAuthentication | undefined;
  readonly postLogoutRedirectUri: string | undefined;
  readonly algorithms: readonly string[];
  readonly logoutTokenAlgorithms: readonly string[];
  readonly idTokenEncryption: TokenEncryption | undefined;
  readonly introspection: IntrospectionPolicy;
  readonly endSession: EndSessionDialect;
  readonly idTokenHint: IdTokenHintPolicy;
  /** Bytes. */
  readonly maxRedirectLength: number;
  readonly logoutHint: LogoutHint | undefined;
  /** Language tags, separated by spaces. */
  readonly uiLocales: string | undefined;
  readonly endSessionParameters: Readonly<Record<string, string>>;
  readonly metadata: ProviderMetadata | undefined;
  readonly jwks: object | undefined;
  /** Seconds. */
  readonly timeout: number;
  readonly allowInsecureRequests: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
}

/** Which access tokens the provider is asked about: none, those that are no JWTs, or all. */
export type IntrospectionPolicy = 'never' | 'opaque' | 'always';

/** Whether the ID Token is sent: always, never, or unless the URL would become too long. */
export type IdTokenHintPolicy = 'auto' | 'always' | 'never';

/** What a provider understands of a logout request: the standard, or a form of its own. */
export type EndSessionDialect = 'standard' | 'auth0' | 'cognito';

/** @inline */
type FoundHint = string | undefined | null;

/** Tells the `logout_hint` of a session, at once or by a promise; `undefined`, `null` or `''` for none. */
export type LogoutHint = (session: {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}) => FoundHint | Promise<FoundHint>;
