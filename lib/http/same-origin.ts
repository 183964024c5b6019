import type { IncomingMessage } from 'node:http';
import { CrossOriginError } from '../errors.ts';

/** Origins, as texts. */
export type Origins = ReadonlySet<string>;

/**
 * Requests of unknown origin are refused too.
 *
 * @see [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)
 */
export function requireSameOrigin(req: IncomingMessage, trusted: Origins): void {
  const { 'sec-fetch-site': site, origin, host } = req.headers;
  const isSame = site === undefined ? isOriginOf(origin, host) : site === 'same-origin';
  if (!isSame && !isFrom(req, trusted)) throw new CrossOriginError();
}

export function isFrom({ headers }: IncomingMessage, origins: Origins): boolean {
  return headers.origin !== undefined && origins.has(headers.origin);
}

function isOriginOf(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && url.host === host;
}
