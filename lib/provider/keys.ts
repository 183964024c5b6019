import {
  createLocalJWKSet,
  type CryptoKey,
  errors,
  flattenedVerify,
  type FlattenedJWSInput,
  type JWK,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose';
import { isObject } from '../input/json-object.ts';
import { boundedFetch } from './bounded-fetch.ts';

const JWKS_LIMIT = 1024 * 1024;
const KEYS_LIMIT = 100;
// RFC 7518, section 3.3
const SMALLEST_MODULUS = 2048;

export type KeySet = JWTVerifyGetKey;

type LocalKeySet = ReturnType<typeof createLocalJWKSet>;

class JwksResponseError extends Error {
  readonly code = 'JWKS_RESPONSE_NOT_CONFORM';
}

class NoUsableKeyError extends Error {
  readonly code = 'NO_USABLE_KEY';
}

function isKey(value: unknown): value is JWK {
  return isObject(value) && typeof value.kty === 'string';
}

/**
 * Members other than keys are left out (RFC 7517, section 5). A JWK Set without a key for any of
 * the algorithms must not replace a good one.
 */
export async function createKeySet(jwks: unknown, algorithms: readonly string[]): Promise<KeySet> {
  if (!isObject(jwks) || !Array.isArray(jwks.keys)) throw new JwksResponseError();
  const keys = jwks.keys.filter(isKey).slice(0, KEYS_LIMIT);
  if (!(await hasUsableKey(keys, algorithms))) throw new NoUsableKeyError();
  const find = createLocalJWKSet({ keys });
  return (header, jws) =>
    header.kid === undefined ? findByTrial(find, header, jws) : find(header, jws);
}

export async function fetchKeys(jwksUri: string, signal: AbortSignal): Promise<unknown> {
  // RFC 7517, section 8.5.1
  const headers = { accept: 'application/json, application/jwk-set+json' };
  const init = { headers, redirect: 'manual', signal } as const;
  const response = await boundedFetch(jwksUri, init, JWKS_LIMIT);
  if (response.status !== 200) throw new JwksResponseError();
  return response.json();
}

async function hasUsableKey(keys: readonly JWK[], algorithms: readonly string[]): Promise<boolean> {
  for (const key of keys) {
    for (const alg of algorithms) if (await isUsable(key, alg)) return true;
  }
  return false;
}

async function isUsable(jwk: JWK, alg: string): Promise<boolean> {
  try {
    const key = await createLocalJWKSet({ keys: [jwk] })({ alg });
    const { modulusLength = SMALLEST_MODULUS } = key.algorithm as { modulusLength?: number };
    return modulusLength >= SMALLEST_MODULUS;
  } catch {
    return false;
  }
}

/** A JWT without `kid` is tried with every key (Core 1.0, section 10.1). */
async function findByTrial(
  find: LocalKeySet,
  header: JWSHeaderParameters,
  jws: FlattenedJWSInput,
): Promise<CryptoKey> {
  for await (const key of candidates(find, header, jws)) {
    const isVerified = await flattenedVerify(jws, key).then(
      () => true,
      () => false,
    );
    if (isVerified) return key;
  }
  throw new errors.JWKSNoMatchingKey();
}

async function* candidates(
  find: LocalKeySet,
  header: JWSHeaderParameters,
  jws: FlattenedJWSInput,
): AsyncGenerator<CryptoKey> {
  try {
    yield await find(header, jws);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    yield* error;
  }
}
