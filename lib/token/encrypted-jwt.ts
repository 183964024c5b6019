import { compactDecrypt, type JWK } from 'jose';
import { decodeObject, type JoseObject } from './jose-object.ts';
import { InvalidJwtError } from './jwt.ts';

/** How tokens are encrypted to this client, in the terms of the client's registration. */
export interface TokenEncryption {
  /** `id_token_encrypted_response_alg`, such as `RSA-OAEP-256`. */
  readonly alg: string;
  /** `id_token_encrypted_response_enc`. Default: `A128CBC-HS256`. */
  readonly enc?: string | undefined;
  /** The client's private keys, as a JWK Set; several while keys are replaced. */
  readonly jwks: {
    /** The keys, as JWKs. */
    readonly keys: readonly object[];
  };
}

const COMPACT_JWE = /^[\w-]+\.[\w-]*(?:\.[\w-]+){3}$/;
const REPLICATED_CLAIMS = ['iss', 'sub', 'aud'] as const;

export function isEncryptedJwt(token: string): boolean {
  return COMPACT_JWE.test(token);
}

/**
 * Answers the signed JWT inside, still to be verified.
 *
 * @throws {@link InvalidJwtError}
 */
export async function decryptJwt(
  token: string,
  { alg, enc = 'A128CBC-HS256', jwks }: TokenEncryption,
): Promise<string> {
  // Compression was not agreed, and would get around every limit of size.
  if (headerOf(token).zip !== undefined) throw new InvalidJwtError();
  const rules = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
  for (const key of candidates(token, jwks.keys)) {
    try {
      const { plaintext } = await compactDecrypt(token, key, rules);
      return new TextDecoder().decode(plaintext);
    } catch {
      // The next key may fit.
    }
  }
  throw new InvalidJwtError();
}

function candidates(token: string, keys: readonly JWK[]): readonly JWK[] {
  const { kid } = headerOf(token);
  const named = keys.filter((key) => key.kid === kid);
  return kid === undefined || named.length === 0 ? keys : named;
}

/** @see [RFC 7519, section 5.3](https://www.rfc-editor.org/rfc/rfc7519#section-5.3) */
export function repeatsClaims(token: string, claims: JoseObject): boolean {
  const header = headerOf(token);
  return REPLICATED_CLAIMS.every(
    (name) =>
      header[name] === undefined || JSON.stringify(header[name]) === JSON.stringify(claims[name]),
  );
}

export function repeatedIssuer(token: string): unknown {
  return decodeHeader(token)?.iss;
}

function headerOf(token: string): JoseObject {
  const header = decodeHeader(token);
  if (header === undefined) throw new InvalidJwtError();
  return header;
}

function decodeHeader(token: string): JoseObject | undefined {
  return decodeObject(token.slice(0, token.indexOf('.')));
}
