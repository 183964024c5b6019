import type { UsableMetadata } from './usable-metadata.ts';

/** What this package asks about a token. */
export type TokenOperation = 'revocation' | 'introspection';

export interface TokenEndpoint {
  readonly url: string;
  /** `undefined` where the provider does not tell. */
  readonly authMethods: readonly string[] | undefined;
}

export interface NoTokenEndpoint {
  readonly url: undefined;
  readonly isUnusable: boolean;
  /** Such as `NO_REVOCATION_ENDPOINT`. */
  readonly reason: string;
}

export function tokenEndpoint(
  metadata: UsableMetadata,
  operation: TokenOperation,
  isTls: boolean,
): TokenEndpoint | NoTokenEndpoint {
  const member = `${operation}_endpoint` as const;
  const isUnusable = metadata.unusable.has(member);
  const alias = isTls ? metadata.mtls_endpoint_aliases[member] : undefined;
  const url = isUnusable ? undefined : (alias ?? metadata[member]);
  if (url === undefined) {
    const reason = `${isUnusable ? 'UNUSABLE' : 'NO'}_${member.toUpperCase()}`;
    return { url, isUnusable, reason };
  }
  // RFC 8414, section 2
  const authMethods =
    metadata[`${member}_auth_methods_supported`] ?? metadata.token_endpoint_auth_methods_supported;
  return { url, authMethods };
}
