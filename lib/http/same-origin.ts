import type { IncomingMessage } from 'node:http';
import { CrossOriginError } from '../errors.ts';

/**
 * Requests of unknown origin are refused too.
 *
 * @see [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)
 */
export function requireSameOrigin({ headers }: IncomingMessage): void {
  const { 'sec-fetch-site': site, origin, host } = headers;
  const isSame = site === undefined ? isOriginOf(origin, host) : site === 'same-origin';
  if (!isSame) throw new CrossOriginError();
}

function isOriginOf(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && url.host === host;
}
