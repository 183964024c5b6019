import { isInstance } from '../input/app-function.ts';
import { StoreUnavailableError } from '../errors.ts';
import { failureReason } from '../input/failure-reason.ts';

// ioredis gives its own failures no code.
const OF_CLIENT: Readonly<Record<string, string>> = {
  'Command timed out': 'timeout',
  'Connection is closed.': 'not-connected',
  'Command aborted due to connection close': 'not-connected',
  "Stream isn't writeable and enableOfflineQueue options is false": 'not-connected',
  "Cluster isn't ready and enableOfflineQueue options is false": 'not-connected',
  'None of startup nodes is available': 'not-connected',
};

export function storeFailureReason(error: unknown): string {
  try {
    if (isInstance(error, StoreUnavailableError)) return error.reason;
    const ofClient = isInstance(error, Error) ? OF_CLIENT[error.message] : undefined;
    return ofClient ?? failureReason(error);
  } catch {
    // A getter of an app's thrown value may throw.
    return 'unknown';
  }
}
