import { readFileSync } from 'node:fs';
import { generateKeyPair, type GenerateKeyPairResult, importJWK } from 'jose';

const rsaKeys = JSON.parse(
  readFileSync(new URL('rsa-keys.json', import.meta.url), 'utf8'),
) as Record<string, string>[];
let taken = 0;

/** The next of a few private keys that are committed for tests only, because they take long to make. */
export function takeRsaKey(): Record<string, string> {
  return rsaKeys[taken++ % rsaKeys.length] ?? {};
}

/** A new key pair; for an RSA algorithm one of {@link takeRsaKey}. */
export async function createKeyPair(alg: string): Promise<GenerateKeyPairResult> {
  if (!/^[RP]S/.test(alg)) return generateKeyPair(alg, { extractable: true });
  const privateJwk = takeRsaKey();
  const { kty, n, e } = privateJwk;
  const importKey = (jwk: object) => importJWK(jwk, alg, { extractable: true });
  const keys = await Promise.all([privateJwk, { kty, n, e }].map(importKey));
  const [privateKey, publicKey] = keys as [CryptoKey, CryptoKey];
  return { privateKey, publicKey };
}
