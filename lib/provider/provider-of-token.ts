import { decryptJwt, isEncryptedJwt, repeatedIssuer } from '../token/encrypted-jwt.ts';
import { evidenceOf } from '../token/evidence.ts';
import { decodeObject, type JoseObject } from '../token/jose-object.ts';
import type { ReadToken } from '../token/jwt.ts';
import type { Refusal } from '../refusals/evidence.ts';
import type { Provider } from './provider.ts';
import type { Providers } from './providers.ts';

// Unverified claims are good only to choose the entry for the verification.

export function providerOfAccessToken(token: string, providers: Providers): Provider | undefined {
  const claims = isEncryptedJwt(token)
    ? { iss: repeatedIssuer(token) }
    : (unverifiedClaims(token) ?? {});
  return providers.forAccessToken(claims);
}

/**
 * Of an ID Token or a Logout Token. An encrypted token without `iss` in its header is of the only
 * issuer that encrypts, if there is one.
 */
export async function providerOf(
  { text, jwt }: ReadToken,
  providers: Providers,
): Promise<Provider | undefined> {
  if (!isEncryptedJwt(text)) {
    return providers.forAudience(jwt?.claims ?? unverifiedClaims(text) ?? {});
  }
  const issuer = repeatedIssuer(text);
  const entries = typeof issuer === 'string' ? providers.ofIssuer(issuer) : [...providers];
  const encrypting = entries.filter(({ settings }) => settings.idTokenEncryption);
  const issuers = new Set(encrypting.map((provider) => provider.issuer));
  if (issuers.size > 1) return undefined;
  if (encrypting.length > 1) return decryptingProvider(text, encrypting, providers);
  return encrypting[0] ?? (issuer === undefined ? undefined : entries[0]);
}

// The clients of an issuer may share their keys.
async function decryptingProvider(
  token: string,
  encrypting: readonly Provider[],
  providers: Providers,
): Promise<Provider | undefined> {
  for (const provider of encrypting) {
    const { idTokenEncryption } = provider.settings;
    if (idTokenEncryption === undefined) continue;
    const text = await decryptJwt(token, idTokenEncryption).catch(() => '');
    if (providers.forAudience(unverifiedClaims(text) ?? {}) === provider) return provider;
  }
  return encrypting[0];
}

/** Why {@link providerOf} finds no provider. */
export function issuerFault(
  token: string,
  providers: Providers,
): Refusal<'unreadable' | 'unknown-issuer'> {
  const claims = isEncryptedJwt(token) ? { iss: repeatedIssuer(token) } : unverifiedClaims(token);
  if (claims === undefined || (isEncryptedJwt(token) && claims.iss === undefined)) {
    return { reason: 'unreadable' };
  }
  const observation = { expected: [...providers.issuers], found: claims.iss };
  return { reason: 'unknown-issuer', ...evidenceOf({ text: token, claims }, 'iss', observation) };
}

// The verification refuses any other fault of the token.
function unverifiedClaims(token: string): JoseObject | undefined {
  const segments = token.split('.');
  return segments.length === 3 ? decodeObject(segments[1] ?? '') : undefined;
}
