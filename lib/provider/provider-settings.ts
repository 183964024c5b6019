import type { JWTPayload } from 'jose';
import type { TokenEncryption } from '../token/encrypted-jwt.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import type { ProviderMetadata } from './metadata.ts';

export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: ClientAuthentication | undefined;
  /** The default first. Empty for none. */
  readonly postLogoutRedirectUri: readonly string[];
  readonly algorithms: readonly string[];
  readonly logoutTokenAlgorithms: readonly string[];
  /** Beside the usual ones. */
  readonly logoutTokenTypes: readonly string[] | undefined;
  readonly idTokenEncryption: TokenEncryption | undefined;
  readonly accessTokens: AccessTokenSettings;
  readonly introspection: IntrospectionPolicy;
  readonly endSession: EndSessionDialect;
  readonly idTokenHint: IdTokenHintPolicy;
  /** Bytes. */
  readonly maxRedirectLength: number;
  readonly logoutHint: LogoutHint | undefined;
  /** Language tags, separated by spaces. */
  readonly uiLocales: string | undefined;
  readonly endSessionParameters: Readonly<Record<string, string>>;
  readonly discovery: boolean;
  readonly metadata: ProviderMetadata | undefined;
  readonly jwks: object | undefined;
  readonly ofIssuer: IssuerSettings;
  /** Seconds. */
  readonly timeout: number;
  readonly allowInsecureRequests: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
}

/** Whether a token can be signed by a key of the provider, and not by a client's secret. */
export function needsKeys({ algorithms }: IssuerSettings): boolean {
  return algorithms.some((name) => !name.startsWith('HS'));
}

/** What the access tokens may lack of RFC 9068. */
export interface AccessTokenSettings {
  /** In place of the audience. */
  readonly clients: readonly string[] | undefined;
  readonly withoutAudience: boolean;
  readonly withoutSubject: boolean;
  readonly likeIdTokens: boolean;
}

/** Of all clients of one issuer together. */
export interface IssuerSettings {
  readonly clientIds: readonly string[];
  /** Of tokens of any kind. */
  readonly algorithms: readonly string[];
  /** Whether one of the clients introspects. */
  readonly introspects: boolean;
}

/** Which access tokens are introspected: none, opaque tokens, or all. */
export type IntrospectionPolicy = 'never' | 'opaque' | 'always';

/**
 * When the ID Token is sent: always, never, or unless the URL would become too long; or always, as
 * the provider takes no `post_logout_redirect_uri` without one.
 */
export type IdTokenHintPolicy = 'auto' | 'always' | 'never' | 'required';

/** The provider's form of a logout request: standard, or its own. */
export type EndSessionDialect = 'standard' | 'auth0' | 'cognito';

/** @inline */
type FoundHint = string | undefined | null;

/**
 * Answers the `logout_hint` of a session, or a promise of the hint; `undefined`, `null` or `''` for
 * none.
 */
export type LogoutHint = (session: {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** `undefined` where no ID Token of the login is known, or none may be sent. */
  readonly idTokenClaims: JWTPayload | undefined;
}) => FoundHint | Promise<FoundHint>;
