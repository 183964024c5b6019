import { checkTexts } from '../input/checks.ts';
import type { Option } from '../input/option.ts';

const ALGORITHM = /^(?:(?:RS|PS|ES|HS)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/;

export function algorithms(): Option<string | readonly string[], readonly string[]> {
  return {
    takes: 'JWS algorithm or algorithms',
    read(given, { name }) {
      const checked = checkTexts(given, name);
      const wrong = checked.find((algorithm) => !ALGORITHM.test(algorithm));
      if (wrong === undefined) return checked;
      throw new TypeError(`"${name}" must not have "${wrong}": it is no JWS signature algorithm`);
    },
  };
}

/** A secret is at least as long as the hash of its algorithm (RFC 7518, section 3.2). */
export function checkSecretLength(secret: string | undefined, used: readonly string[]): void {
  for (const algorithm of used) {
    const octets = algorithm.startsWith('HS') ? Number(algorithm.slice(2)) / 8 : 0;
    if (Buffer.byteLength(secret ?? '') >= octets) continue;
    throw new TypeError(
      `"provider.clientSecret" must have at least ${octets} bytes for ${algorithm}`,
    );
  }
}
