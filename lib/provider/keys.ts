import { createLocalJWKSet, type JWK } from 'jose';
import { boundedFetch } from './bounded-fetch.ts';

const JWKS_LIMIT = 1024 * 1024;
const KEYS_LIMIT = 100;

/** Finds the key of a JWT's protected header in one version of a JWK Set. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

class JwksResponseError extends Error {
  readonly code = 'JWKS_RESPONSE_NOT_CONFORM';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isKey(value: unknown): value is JWK {
  return isObject(value) && typeof value.kty === 'string';
}

/** Makes a key set of a JWK Set, leaving out members that are no keys (RFC 7517, section 5). */
export function createKeySet(jwks: unknown): KeySet {
  if (!isObject(jwks) || !Array.isArray(jwks.keys)) throw new JwksResponseError();
  const keys = jwks.keys.filter(isKey).slice(0, KEYS_LIMIT);
  return createLocalJWKSet({ keys });
}

export async function fetchKeySet(jwksUri: string, signal: AbortSignal): Promise<KeySet> {
  const init = { headers: { accept: 'application/json' }, redirect: 'manual', signal } as const;
  const response = await boundedFetch(jwksUri, init, JWKS_LIMIT);
  if (response.status !== 200) throw new JwksResponseError();
  return createKeySet(await response.json());
}
