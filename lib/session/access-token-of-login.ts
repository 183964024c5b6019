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
  if (claim === undefined || !(await isOfThisApp(token, accessTokens))) return;
  if (claim === 'sub' && (await hasPairwiseSubjects(provider))) return;
  throw refusal(provider, 'of-another-session', { claim });
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

async function isOfThisApp({ text }: AccessTokenText, accessTokens: AccessTokens) {
  try {
    await accessTokens.authenticate(text);
    return true;
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    return error.reason === 'not-yet-valid';
  }
}

// Core 1.0, section 8: an API may know the user by another `sub` than the client does.
async function hasPairwiseSubjects(provider: Provider): Promise<boolean> {
  const { subject_types_supported: types } = await provider.metadata();
  return types !== undefined && !types.includes('public');
}
