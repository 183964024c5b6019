import type { IncomingMessage } from 'node:http';
import { InvalidRequestError, MissingTokenError } from '../errors.ts';

export interface CredentialsRequest extends Pick<IncomingMessage, 'headers' | 'url'> {
  readonly rawHeaders?: readonly string[];
  /** The URL as received, where an app has changed `url`. */
  readonly originalUrl?: string;
  readonly body?: unknown;
}

export interface KnownTokens {
  /** Whether this very text was accepted before, and so has the characters of a token. */
  isKnownJwt(token: string): boolean;
}

const USUAL_SCHEME = 'Bearer ';
const CREDENTIALS = /^bearer +([\w.~+/-]+=*) *$/i;
// RFC 9110, section 5.6.2: a scheme ends where no character of a token follows.
const SCHEME = /^bearer(?![\w!#$%&'*+.^`|~-])/i;
const FORM = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;

/**
 * Only the `Authorization` header is read.
 *
 * @see [RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)
 */
export function readBearerToken(req: CredentialsRequest, known: KnownTokens): string {
  const { authorization } = req.headers;
  if (authorization === undefined) throw new MissingTokenError();
  if (isSentTwice(req)) throw new InvalidRequestError('credentials-repeated');
  const text = authorization.slice(USUAL_SCHEME.length);
  const isKnown = authorization.startsWith(USUAL_SCHEME) && known.isKnownJwt(text);
  const token = isKnown ? text : readCredentials(authorization);
  // RFC 6750, section 2: not more than one method
  if (isInQuery(req) || isAnotherInForm(req, token)) {
    throw new InvalidRequestError('credentials-repeated');
  }
  return token;
}

function readCredentials(authorization: string): string {
  const token = CREDENTIALS.exec(authorization)?.[1];
  if (token !== undefined) return token;
  if (!SCHEME.test(authorization)) throw new MissingTokenError();
  throw new InvalidRequestError('credentials-malformed');
}

// Node drops the second of two such lines.
function isSentTwice({ rawHeaders = [] }: CredentialsRequest): boolean {
  let lines = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') lines++;
  }
  return lines > 1;
}

function isInQuery({ url = '', originalUrl = url }: CredentialsRequest): boolean {
  const start = originalUrl.indexOf('?');
  return start >= 0 && new URLSearchParams(originalUrl.slice(start)).has('access_token');
}

// A form may repeat the same token, such as a logout's form behind the guard.
function isAnotherInForm({ headers, body }: CredentialsRequest, token: string): boolean {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'access_token')) {
    return false;
  }
  const isForm = FORM.test(headers['content-type'] ?? '');
  return isForm && (body as { readonly access_token: unknown }).access_token !== token;
}
