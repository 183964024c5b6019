import * as client from 'openid-client';
import {
  InvalidIdTokenError,
  InvalidTokenError,
  ProviderUnavailableError,
  SessionEndedError,
  StoreUnavailableError,
} from '../../lib/index.ts'; // from 'express-oidc-logout'
import { adviceOn } from '../advice.ts';

const ADVICE = new Map([
  [
    'invalid_client',
    'The provider does not take the client’s authentication. Check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, and set OIDC_CLIENT_AUTH to the method that the client is registered with: client_secret_basic or client_secret_post.',
  ],
  [
    'invalid_target',
    'The provider does not know the API. Set OIDC_RESOURCE to one that it knows, or do not set it.',
  ],
]);

interface RefusalOptions extends ErrorOptions {
  readonly advice?: string | undefined;
}

/** The login failed for good: the user or the provider refused it, or its answer is not genuine. */
export class LoginRefusedError extends Error {
  override readonly name = 'LoginRefusedError';
  /** The provider's error code, such as `access_denied`. */
  readonly error: string | undefined;
  /** What to set, where that is known. */
  readonly advice: string | undefined;

  constructor(error?: string, { advice, ...options }: RefusalOptions = {}) {
    super('The login was refused', options);
    this.error = error;
    this.advice = advice ?? ADVICE.get(error ?? '');
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
  // A provider that was sent the secret in the header answers so (RFC 6749, section 5.2).
  if (cause instanceof client.WWWAuthenticateChallengeError) {
    return new LoginRefusedError('invalid_client', { cause });
  }
  if (
    cause instanceof client.AuthorizationResponseError ||
    cause instanceof client.ResponseBodyError
  ) {
    return new LoginRefusedError(cause.error, { cause });
  }
  // A login in the very second in which the user's sessions were ended counts as one of them.
  if (cause instanceof InvalidTokenError || cause instanceof SessionEndedError) {
    return new LoginRefusedError(undefined, { cause });
  }
  if (cause instanceof InvalidIdTokenError) {
    return new LoginRefusedError(undefined, { cause, advice: adviceOn('ID Token', cause) });
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
