import {
  errors,
  type JWTHeaderParameters,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { ProviderUnavailableError } from '../errors.ts';
import type { Refusal } from '../refusals/evidence.ts';
import type { JwtFault } from '../refusals/jwt.ts';
import { decodeObject } from './jose-object.ts';
import { faultOf } from './jwt-fault.ts';

/** Not yet verified. */
export interface Jwt {
  readonly text: string;
  readonly header: JWTHeaderParameters;
  readonly claims: JWTPayload;
}

/** A token as it came, read once. */
export interface ReadToken {
  readonly text: string;
  /** `undefined` for what is no signed JWT, such as an encrypted one. */
  readonly jwt: Jwt | undefined;
}

export function readToken(text: string): ReadToken {
  return { text, jwt: readJwt(text) };
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

export class InvalidJwtError extends Error {
  readonly refusal: Refusal<JwtFault>;

  constructor(refusal: Refusal<JwtFault>) {
    super();
    this.refusal = refusal;
  }
}

/**
 * An expired but otherwise valid JWT passes: the caller judges `exp`.
 *
 * @throws {@link InvalidJwtError}
 */
export async function verifyJwt(
  jwt: Jwt,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  // RFC 7797, section 7
  const { b64 = true }: { readonly b64?: unknown } = jwt.header;
  if (b64 !== true) throw new InvalidJwtError({ reason: 'unsupported-header', claim: 'b64' });
  try {
    await jwtVerify(jwt.text, key, options);
  } catch (error) {
    if (error instanceof ProviderUnavailableError) throw error;
    if (error instanceof errors.JWKSMultipleMatchingKeys) await verifyWithAny(jwt, error, options);
    else refuseUnlessExpired(error, jwt, options);
  }
  return jwt.claims;
}

// A JWT without `kid`, where the provider has several keys of its kind (Core 1.0, section 10.1).
async function verifyWithAny(
  jwt: Jwt,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<void> {
  let failure: unknown = keys;
  for await (const key of keys) {
    try {
      await jwtVerify(jwt.text, key, options);
      return;
    } catch (error) {
      failure = error;
      // The key verified the signature.
      if (isOfClaims(error)) break;
    }
  }
  refuseUnlessExpired(failure, jwt, options);
}

function isOfClaims(error: unknown): boolean {
  return error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
}

function refuseUnlessExpired(error: unknown, jwt: Jwt, options: JWTVerifyOptions): void {
  if (error instanceof errors.JWTExpired) return;
  throw new InvalidJwtError(faultOf(error, jwt, options));
}
