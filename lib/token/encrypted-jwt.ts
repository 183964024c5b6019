import { compactDecrypt, type JWK } from 'jose';
import type { Evidence } from '../refusals/evidence.ts';
import { evidenceOf } from './evidence.ts';
import { decodeObject, type JoseObject } from './jose-object.ts';

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

/** The token is not encrypted as agreed. */
export class InvalidJweError extends Error {
  readonly evidence: Evidence;

  constructor(evidence: Evidence = {}) {
    super();
    this.evidence = evidence;
  }
}

/**
 * Answers the signed JWT inside, still to be verified.
 *
 * @throws {@link InvalidJweError}
 */
export async function decryptJwt(
  token: string,
  { alg, enc = 'A128CBC-HS256', jwks }: TokenEncryption,
): Promise<string> {
  const header = decodeHeader(token);
  if (header === undefined) throw new InvalidJweError();
  // Compression was not agreed, and would get around every limit of size.
  for (const [name, expected] of Object.entries({ alg, enc, zip: undefined })) {
    if (header[name] !== expected) throw notAsAgreed(token, name, expected);
  }
  const rules = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
  for (const key of candidates(header, jwks.keys)) {
    try {
      const { plaintext } = await compactDecrypt(token, key, rules);
      return new TextDecoder().decode(plaintext);
    } catch {
      // The next key may fit.
    }
  }
  throw notAsAgreed(token, 'kid');
}

function notAsAgreed(text: string, name: string, expected?: string): InvalidJweError {
  const claims = decodeHeader(text) ?? {};
  return new InvalidJweError(evidenceOf({ text, claims }, name, { expected, found: claims[name] }));
}

function candidates({ kid }: JoseObject, keys: readonly JWK[]): readonly JWK[] {
  const named = keys.filter((key) => key.kid === kid);
  return kid === undefined || named.length === 0 ? keys : named;
}

/**
 * The claim that the header repeats otherwise.
 *
 * @see [RFC 7519, section 5.3](https://www.rfc-editor.org/rfc/rfc7519#section-5.3)
 */
export function claimRepeatedWrongly(token: string, claims: JoseObject): string | undefined {
  const header = decodeHeader(token) ?? {};
  return REPLICATED_CLAIMS.find(
    (name) =>
      header[name] !== undefined && JSON.stringify(header[name]) !== JSON.stringify(claims[name]),
  );
}

export function repeatedIssuer(token: string): unknown {
  return decodeHeader(token)?.iss;
}

function decodeHeader(token: string): JoseObject | undefined {
  return decodeObject(token.slice(0, token.indexOf('.')));
}
