import type { Provider } from '../provider/provider.ts';
import { isEncryptedJwt, repeatedIssuer } from './encrypted-jwt.ts';
import { readJwt } from './jwt.ts';

/**
 * The provider that a token says it is of, before anything is verified: good only to choose the
 * configuration that verifies it. An encrypted token tells by the `iss` in its header; one without is of
 * the only provider that encrypts, if there is one.
 */
export function providerOf(
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
  const iss = isEncryptedJwt(token) ? repeatedIssuer(token) : readJwt(token)?.claims.iss;
  return typeof iss === 'string' ? iss : undefined;
}
