import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { types } from 'node:util';

export type ParsedRequest = IncomingMessage & { body?: unknown };

const LATIN1 = /;\s*charset="?iso-8859-1/i;

/**
 * The bytes or text left by serverless carriers, `express.raw()` and `express.text()`; `undefined`
 * for a body not yet read, or parsed.
 */
export function carriedBody({ body, headers }: ParsedRequest): Uint8Array | undefined {
  if (types.isUint8Array(body)) return body;
  if (typeof body !== 'string') return undefined;
  return Buffer.from(body, LATIN1.test(headers['content-type'] ?? '') ? 'latin1' : 'utf8');
}

/** A text is no longer compressed. */
export function carriedHeaders({ body, headers }: ParsedRequest): IncomingHttpHeaders {
  return typeof body === 'string' ? withoutEncoding(headers) : headers;
}

export function withoutEncoding(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return { ...headers, 'content-encoding': undefined };
}

export function requestOf(bytes: Uint8Array, headers: IncomingHttpHeaders): ParsedRequest {
  const request = new IncomingMessage(new Socket());
  request.headers = {
    ...headers,
    'content-length': String(bytes.byteLength),
    'transfer-encoding': undefined,
  };
  request.push(bytes);
  request.push(null);
  request.complete = true;
  return request;
}
