import { StoreUnavailableError } from '../../errors.ts';

/** For a text that this package did not store. Only calls that need this key fail. */
export function corrupt(): StoreUnavailableError {
  return new StoreUnavailableError('corrupt-record');
}
