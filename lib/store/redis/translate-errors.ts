import { StoreUnavailableError } from '../../errors.ts';
import { corrupt } from '../codecs/corrupt.ts';

/** A value of another origin. */
const CORRUPT = /\b(?:CORRUPT|WRONGTYPE)\b/;

/** The errors of Redis 7.2 and 7.0 for a script with a forbidden command; the code is `ERR`. */
const FORBIDDEN = /\bACL failure in script\b|\bThe user executing the script can't\b/;

export function translateErrors<T>(reply: Promise<T>): Promise<T> {
  return reply.catch((error: unknown) => {
    const { message } = error as Error;
    if (CORRUPT.test(message)) throw corrupt();
    throw FORBIDDEN.test(message) ? new StoreUnavailableError('NOPERM') : error;
  });
}
