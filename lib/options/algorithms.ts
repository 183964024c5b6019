import { checkTexts } from '../input/checks.ts';
import type { ProviderOptions } from './provider-options.ts';

const ALGORITHM = /^(?:(?:RS|PS|ES|HS)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/;

/** Checks signature algorithms, and that the secret is long enough for them. */
export function resolveAlgorithms(
  provider: ProviderOptions,
  name: 'algorithms' | 'logoutTokenAlgorithms',
  standard: readonly string[],
): readonly string[] {
  const checked = checkTexts(provider[name] ?? standard, `provider.${name}`);
  for (const algorithm of checked) {
    if (!ALGORITHM.test(algorithm)) {
      throw new TypeError(
        `"provider.${name}" must not have "${algorithm}": it is no JWS signature algorithm`,
      );
    }
    // RFC 7518, section 3.2: a key at least as long as the hash.
    const octets = algorithm.startsWith('HS') ? Number(algorithm.slice(2)) / 8 : 0;
    if (Buffer.byteLength(provider.clientSecret ?? '') < octets) {
      throw new TypeError(
        `"provider.clientSecret" must have at least ${octets} bytes for ${algorithm}`,
      );
    }
  }
  return checked;
}
