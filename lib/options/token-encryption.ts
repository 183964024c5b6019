import { checkJwks, checkNames, checkObject } from '../input/checks.ts';
import type { TokenEncryption } from '../token/encrypted-jwt.ts';

const KEY_MANAGEMENT =
  /^(?:RSA-OAEP(?:-(?:256|384|512))?|(?:ECDH-ES\+)?A(?:128|192|256)KW|A(?:128|192|256)GCMKW|ECDH-ES|dir)$/;
const CONTENT_ENCRYPTION = /^(?:A128CBC-HS256|A192CBC-HS384|A256CBC-HS512|A(?:128|192|256)GCM)$/;

/** Checks how tokens are encrypted to the client. */
export function resolveEncryption(
  encryption: TokenEncryption | undefined,
): TokenEncryption | undefined {
  if (encryption === undefined) return undefined;
  checkObject(encryption, 'provider.idTokenEncryption');
  checkNames(encryption, ['alg', 'enc', 'jwks'], '"provider.idTokenEncryption"');
  const { alg, enc, jwks }: { alg: unknown; enc?: unknown; jwks: unknown } = encryption;
  if (typeof alg !== 'string' || !KEY_MANAGEMENT.test(alg)) {
    throw new TypeError('"provider.idTokenEncryption.alg" must be a JWE key management algorithm');
  }
  if (enc !== undefined && (typeof enc !== 'string' || !CONTENT_ENCRYPTION.test(enc))) {
    throw new TypeError('"provider.idTokenEncryption.enc" must be a JWE content encryption');
  }
  checkJwks(jwks, 'provider.idTokenEncryption.jwks');
  return Object.freeze({ ...encryption });
}
