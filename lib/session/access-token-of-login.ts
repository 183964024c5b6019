import type { AccessToken } from '../access-token/access-token.ts';
import type { AccessTokens } from '../access-token/access-tokens.ts';
import { refusal } from '../access-token/refusal.ts';
import { InvalidTokenError } from '../errors.ts';
import type { Provider } from '../provider/provider.ts';
import type { AccessTokenText } from '../token/access-token-text.ts';
import { sidOf } from '../token/sid.ts';
import type { SessionOwner } from './session-owner.ts';

/**
 * Another user's access token would bring its session into the login. A token that the guard does
 * not take is none of this app's, and nobody here reads its claims (RFC 9068, section 6).
 *
 * @throws {@link InvalidTokenError}
 */
export async function refuseContradiction(
  token: AccessTokenText,
  owner: SessionOwner,
  { provider, accessTokens }: { readonly provider: Provider; readonly accessTokens: AccessTokens },
): Promise<void> {
  const claim = contradictingClaim(token, owner);
  if (claim === undefined) return;
  const verified = await tokenOrRefusal(token, accessTokens);
  // The guard will take a token that is not yet valid.
  if (verified instanceof InvalidTokenError && verified.reason !== 'not-yet-valid') return;
  if (claim === 'sub' && (await hasPairwiseSubjects(provider))) return;
  throw refusal(provider, 'of-another-session', { claim });
}

/** The `sid` of an access token counts only after verification. */
export async function sidOfAccessToken(
  token: AccessTokenText,
  subject: string,
  accessTokens: AccessTokens,
): Promise<string | undefined> {
  if (token.kind === 'opaque' || sidOf(token.claims) === undefined) return undefined;
  const verified = await tokenOrRefusal(token, accessTokens);
  if (verified instanceof InvalidTokenError) return undefined;
  const { payload } = verified.auth;
  return payload.sub === subject ? sidOf(payload) : undefined;
}

async function tokenOrRefusal(
  { text }: AccessTokenText,
  accessTokens: AccessTokens,
): Promise<AccessToken | InvalidTokenError> {
  try {
    return await accessTokens.authenticate(text);
  } catch (error) {
    if (error instanceof InvalidTokenError) return error;
    throw error;
  }
}

function contradictingClaim(
  token: AccessTokenText,
  { issuer, subject, sid }: SessionOwner,
): 'iss' | 'sid' | 'sub' | undefined {
  if (token.kind === 'opaque') return undefined;
  const { iss = issuer, sub = subject } = token.claims;
  if (iss !== issuer) return 'iss';
  if (sid !== undefined && (sidOf(token.claims) ?? sid) !== sid) return 'sid';
  return sub === subject ? undefined : 'sub';
}

// Core 1.0, section 8: an API may know the user by another `sub` than the client does.
async function hasPairwiseSubjects(provider: Provider): Promise<boolean> {
  const { subject_types_supported: types } = await provider.metadata();
  return types !== undefined && !types.includes('public');
}
