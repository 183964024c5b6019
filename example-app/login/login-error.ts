import * as client from 'openid-client';
import {
  InvalidIdTokenError,
  ProviderUnavailableError,
  SessionEndedError,
  StoreUnavailableError,
} from '../../lib/index.ts'; // from 'express-oidc-logout'

/** The login failed for good: the user or the provider refused it, or its answer is not genuine. */
export class LoginRefusedError extends Error {
  override readonly name = 'LoginRefusedError';
  /** The provider's error code, such as `access_denied`. */
  readonly error: string | undefined;

  constructor(error?: string, options?: ErrorOptions) {
    super('The login was refused', options);
    this.error = error;
  }
}

/** The login could not be completed: the provider or the store is not reachable. */
export class LoginUnavailableError extends Error {
  override readonly name = 'LoginUnavailableError';
}

const OUTAGES = new Set([
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_TIMEOUT',
]);

/** Maps what openid-client and this package throw at a login to the two ways in which it fails. */
export function loginError(cause: unknown): unknown {
  if (
    cause instanceof client.AuthorizationResponseError ||
    cause instanceof client.ResponseBodyError
  ) {
    return new LoginRefusedError(cause.error, { cause });
  }
  // A login in the very second in which the user's sessions were ended counts as one of them.
  if (cause instanceof InvalidIdTokenError || cause instanceof SessionEndedError) {
    return new LoginRefusedError(undefined, { cause });
  }
  if (cause instanceof client.ClientError && cause.code !== undefined && !OUTAGES.has(cause.code)) {
    return new LoginRefusedError(undefined, { cause });
  }
  if (isOutage(cause)) return new LoginUnavailableError('The login cannot be completed', { cause });
  return cause;
}

// A request that fails on its way is a TypeError of fetch.
function isOutage(cause: unknown): boolean {
  return (
    cause instanceof client.ClientError ||
    cause instanceof TypeError ||
    cause instanceof ProviderUnavailableError ||
    cause instanceof StoreUnavailableError
  );
}
