import { StoreUnavailableError } from '../../errors.ts';

/** The error of a text that is not what was stored there. What needs its key fails, and nothing else. */
export function corrupt(): StoreUnavailableError {
  return new StoreUnavailableError('corrupt-record');
}
