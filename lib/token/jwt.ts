import {
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { ProviderUnavailableError } from '../errors.ts';

/** The signature or a claim does not hold. */
export class InvalidJwtError extends Error {}

/**
 * Verifies signature and claims and answers the claims. An expired JWT of which all else holds passes:
 * its `exp` is the caller's to judge.
 */
export async function verifyJwt(
  jwt: string,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, key, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) return error.payload;
    if (error instanceof ProviderUnavailableError) throw error;
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAny(jwt, error, options);
    throw new InvalidJwtError();
  }
}

// A JWT without `kid`, where the provider has several keys of its kind (Core 1.0, section 10.1).
async function verifyWithAny(
  jwt: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(jwt, key, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return error.payload;
    }
  }
  throw new InvalidJwtError();
}
