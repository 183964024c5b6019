import type { Jwt } from '../token/jwt.ts';
import { kindOf } from '../token/token-kind.ts';
import type { OidcLogoutOptions } from '../options/oidc-logout-options.ts';

// Keycloak, Amazon Cognito, PingAM, Curity
const CLAIMS_OF_KIND = ['typ', 'token_use', 'tokenName', 'purpose'];

export function isRefreshToken({ header, claims }: Jwt): boolean {
  const kinds = [header.typ, ...CLAIMS_OF_KIND.map((name) => claims[name])];
  return kinds.some((kind) => typeof kind === 'string' && /^(?:refresh|offline)/i.test(kind));
}

/** Else it is more likely an ID Token. */
export function isAccessToken(jwt: Jwt, { provider }: OidcLogoutOptions): boolean {
  const clientIds = [provider]
    .flat()
    .flatMap(({ accessTokens, clientId }) => [clientId, ...[accessTokens?.clients ?? []].flat()]);
  return kindOf(jwt, { clientIds, strict: false }) === 'access-token';
}
