import { checkJwks, checkNames, checkObject } from '../input/checks.ts';
import type { TokenEncryption } from '../token/encrypted-jwt.ts';
import type { Option } from '../input/option.ts';

const KEY_MANAGEMENT =
  /^(?:RSA-OAEP(?:-(?:256|384|512))?|(?:ECDH-ES\+)?A(?:128|192|256)KW|A(?:128|192|256)GCMKW|ECDH-ES|dir)$/;
const CONTENT_ENCRYPTION = /^(?:A128CBC-HS256|A192CBC-HS384|A256CBC-HS512|A(?:128|192|256)GCM)$/;

export function tokenEncryption(): Option<TokenEncryption, TokenEncryption> {
  return {
    takes: 'object',
    read(given, { name }) {
      checkObject(given, name);
      checkNames(given, ['alg', 'enc', 'jwks'], `"${name}"`);
      const { alg, enc, jwks }: { alg?: unknown; enc?: unknown; jwks?: unknown } = given;
      if (typeof alg !== 'string' || !KEY_MANAGEMENT.test(alg)) {
        throw new TypeError(`"${name}.alg" must be a JWE key management algorithm`);
      }
      if (enc !== undefined && (typeof enc !== 'string' || !CONTENT_ENCRYPTION.test(enc))) {
        throw new TypeError(`"${name}.enc" must be a JWE content encryption`);
      }
      checkJwks(jwks, `${name}.jwks`);
      return Object.freeze({ ...(given as TokenEncryption) });
    },
  };
}
