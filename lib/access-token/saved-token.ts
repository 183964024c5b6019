import type { LinkedToken } from '../invalidation/token-entry.ts';
import type { Provider } from '../provider/provider.ts';
import type { TokenClaims } from '../token/token-claims.ts';
import type { OpaqueAccessToken } from '../token/access-token-text.ts';
import type { AccessToken } from './access-token.ts';

interface Saved {
  readonly token: OpaqueAccessToken;
  readonly key: string;
  readonly provider: Provider;
  readonly entry: LinkedToken;
  readonly claims: TokenClaims;
}

export function savedToken({ token, key, provider, entry, claims }: Saved): AccessToken {
  const { iss, sub, sid, scope, exp = 0, iat, bound } = claims;
  const { session, subject } = entry.login;
  const payload = Object.freeze({
    iss,
    ...(sub !== undefined && { sub }),
    exp,
    ...(sid !== undefined && { sid }),
    ...(scope !== undefined && { scope }),
  });
  return {
    auth: Object.freeze({ token: token.text, header: undefined, payload }),
    provider,
    expiresAt: exp,
    issuedAt: iat,
    authTime: undefined,
    key,
    subjectKey: subject,
    sessionKey: session,
    saved: entry,
    isUnclear: false,
    isSenderConstrained: bound === true,
  };
}
