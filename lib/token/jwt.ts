import {
  errors,
  type JWTHeaderParameters,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { ProviderUnavailableError } from '../errors.ts';
import { decodeObject } from './jose-object.ts';

/** Not yet verified. */
export interface Jwt {
  readonly text: string;
  readonly header: JWTHeaderParameters;
  readonly claims: JWTPayload;
}

// The last bits of the signature are free: many spellings verify, and no key is made of the
// signature.
const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;

export function readJwt(text: string): Jwt | undefined {
  const [, head, body] = COMPACT_JWS.exec(text) ?? [];
  if (head === undefined || body === undefined) return undefined;
  const header = decodeObject(head);
  const claims = decodeObject(body);
  if (header === undefined || claims === undefined || !isHeader(header)) return undefined;
  return { text, header, claims };
}

function isHeader(header: object): header is JWTHeaderParameters {
  const { alg } = header as { readonly alg?: unknown };
  return typeof alg === 'string' && alg !== '';
}

export class InvalidJwtError extends Error {}

/** An expired but otherwise valid JWT passes: the caller judges `exp`. */
export async function verifyJwt(
  { text, header, claims }: Jwt,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  // RFC 7797, section 7
  const { b64 = true }: { readonly b64?: unknown } = header;
  if (b64 !== true) throw new InvalidJwtError();
  try {
    await jwtVerify(text, key, options);
  } catch (error) {
    if (error instanceof ProviderUnavailableError) throw error;
    if (error instanceof errors.JWKSMultipleMatchingKeys) await verifyWithAny(text, error, options);
    else if (!(error instanceof errors.JWTExpired)) throw new InvalidJwtError();
  }
  return claims;
}

// A JWT without `kid`, where the provider has several keys of its kind (Core 1.0, section 10.1).
async function verifyWithAny(
  text: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<void> {
  for await (const key of keys) {
    try {
      await jwtVerify(text, key, options);
      return;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return;
    }
  }
  throw new InvalidJwtError();
}
