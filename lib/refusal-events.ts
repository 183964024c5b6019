import {
  type HttpError,
  InsufficientScopeError,
  InvalidLogoutTokenError,
  InvalidRequestError,
  InvalidTokenError,
} from './errors.ts';
import type { Events, TokenRefusedEvent } from './events.ts';

/** Tells why a request was refused for its access token; other errors tell nothing. */
export function tellTokenRefused(
  events: Events,
  endpoint: TokenRefusedEvent['endpoint'],
): (error: HttpError) => void {
  return (error) => {
    if (error instanceof InvalidTokenError || error instanceof InsufficientScopeError) {
      const { reason, claim, expected, found, issuer } = error;
      events.emit('token-refused', { reason, claim, expected, found, issuer, endpoint });
    } else if (error instanceof InvalidRequestError && error.reason === OF_ANOTHER_SESSION) {
      events.emit('token-refused', { reason: OF_ANOTHER_SESSION, endpoint });
    }
  };
}

const OF_ANOTHER_SESSION = 'refresh-token-of-another-session';

export function tellLogoutTokenRefused(events: Events): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof InvalidLogoutTokenError)) return;
    const { reason, claim, expected, found, issuer } = error;
    const endpoint = 'back-channel-logout';
    events.emit('logout-token-refused', { reason, claim, expected, found, issuer, endpoint });
  };
}
