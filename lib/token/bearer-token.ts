import type { IncomingMessage } from 'node:http';
import { InvalidRequestError, MissingTokenError } from '../errors.ts';

const SCHEME = /^bearer(?: |$)/i;
const CREDENTIALS = /^bearer +([\w.~+/-]+=*) *$/i;
const QUERY_TOKEN = /[?&]access_token=/;

/**
 * Reads the access token from the `Authorization` header, and from nowhere else.
 *
 * @see [RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)
 */
export function readBearerToken({ headers, url }: IncomingMessage): string {
  const { authorization } = headers;
  if (authorization === undefined || !SCHEME.test(authorization)) throw new MissingTokenError();
  const token = CREDENTIALS.exec(authorization)?.[1];
  if (token === undefined) throw new InvalidRequestError('credentials-malformed');
  if (url !== undefined && QUERY_TOKEN.test(url)) {
    throw new InvalidRequestError('credentials-repeated');
  }
  return token;
}
