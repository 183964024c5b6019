import { type CryptoKey, errors, type JWK, type JWTVerifyGetKey } from 'jose';
import { ProviderUnavailableError } from '../errors.ts';
import { isInstance } from '../input/app-function.ts';
import { failureReason } from '../input/failure-reason.ts';

/** A key, or a function that finds the key, such as from jose's `createRemoteJWKSet()`. */
export type LogoutTokenKey = JWTVerifyGetKey | CryptoKey | JWK | Uint8Array;

// A failed look-up of the key is not the token's fault.
export function finderOf(key: LogoutTokenKey): JWTVerifyGetKey {
  if (typeof key !== 'function') return () => key;
  return async (header, jws) => {
    try {
      return await key(header, jws);
    } catch (error) {
      throw lookUpError(error);
    }
  };
}

/** The app's jose may be another copy than this package's, so its errors are known by code. */
function lookUpError(thrown: unknown): Error {
  if (isInstance(thrown, ProviderUnavailableError)) return thrown;
  if (hasCode(thrown, errors.JWKSNoMatchingKey.code)) return new errors.JWKSNoMatchingKey();
  if (hasCode(thrown, errors.JWKSMultipleMatchingKeys.code)) {
    const keys = thrown as errors.JWKSMultipleMatchingKeys;
    const error = new errors.JWKSMultipleMatchingKeys();
    error[Symbol.asyncIterator] = () => keys[Symbol.asyncIterator]();
    return error;
  }
  return new ProviderUnavailableError(failureReason(thrown));
}

function hasCode(thrown: unknown, code: string): boolean {
  return isInstance(thrown, Error) && 'code' in thrown && thrown.code === code;
}
