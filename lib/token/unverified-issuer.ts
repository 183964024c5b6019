import { isEncryptedJwt, repeatedIssuer, type TokenEncryption } from './encrypted-jwt.ts';
import { decodeObject } from './jose-object.ts';

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

function issuerOf(token: string): string | undefined {
  const iss = isEncryptedJwt(token) ? repeatedIssuer(token) : claimedIssuer(token);
  return typeof iss === 'string' ? iss : undefined;
}

// The verification refuses any other fault of the token.
function claimedIssuer(token: string): unknown {
  const segments = token.split('.');
  return segments.length === 3 ? decodeObject(segments[1] ?? '')?.iss : undefined;
}
