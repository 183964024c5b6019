import { StoreUnavailableError } from '../../errors.ts';
import { corrupt } from '../codecs/corrupt.ts';

/** What the scripts say, and Redis itself, of a value that is not what was stored there. */
const CORRUPT = /\b(?:CORRUPT|WRONGTYPE)\b/;

/** What Redis 7.2 and 7.0 say of what a script may not do for its user; the code is `ERR`. */
const FORBIDDEN = /\bACL failure in script\b|\bThe user executing the script can't\b/;

/** The reply; where a value is not what was stored, or a script is forbidden a part, an error that says so. */
export async function sound<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    const { message } = error as Error;
    if (CORRUPT.test(message)) throw corrupt();
    throw FORBIDDEN.test(message) ? new StoreUnavailableError('NOPERM') : error;
  }
}
