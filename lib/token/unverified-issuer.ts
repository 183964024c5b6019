import { isEncryptedJwt, repeatedIssuer, type TokenEncryption } from './encrypted-jwt.ts';
import type { Refusal } from '../refusals/evidence.ts';
import { evidenceOf } from './evidence.ts';
import { decodeObject, type JoseObject } from './jose-object.ts';

interface Issuing {
  readonly settings: { readonly idTokenEncryption: TokenEncryption | undefined };
}

/**
 * Good only to choose the configuration for the verification. An encrypted token without `iss` in
 * its header is of the only provider that encrypts, if there is one.
 */
export function providerOf<Provider extends Issuing>(
  token: string,
  providers: ReadonlyMap<string, Provider>,
): Provider | undefined {
  const issuer = issuerOf(token);
  if (issuer !== undefined) return providers.get(issuer);
  if (!isEncryptedJwt(token)) return undefined;
  const encrypting = [...providers.values()].filter(({ settings }) => settings.idTokenEncryption);
  return encrypting.length === 1 ? encrypting[0] : undefined;
}

/** Why {@link providerOf} finds no provider. */
export function issuerFault(
  token: string,
  providers: ReadonlyMap<string, unknown>,
): Refusal<'unreadable' | 'unknown-issuer'> {
  const claims = readableClaims(token);
  if (claims === undefined) return { reason: 'unreadable' };
  const observation = { expected: [...providers.keys()], found: claims.iss };
  return { reason: 'unknown-issuer', ...evidenceOf({ text: token, claims }, 'iss', observation) };
}

function issuerOf(token: string): string | undefined {
  const iss = readableClaims(token)?.iss;
  return typeof iss === 'string' ? iss : undefined;
}

/** Of an encrypted token what its header repeats: the `iss`. */
function readableClaims(token: string): JoseObject | undefined {
  if (!isEncryptedJwt(token)) return unverifiedClaims(token);
  const iss = repeatedIssuer(token);
  return iss === undefined ? undefined : { iss };
}

// The verification refuses any other fault of the token.
function unverifiedClaims(token: string): JoseObject | undefined {
  const segments = token.split('.');
  return segments.length === 3 ? decodeObject(segments[1] ?? '') : undefined;
}
