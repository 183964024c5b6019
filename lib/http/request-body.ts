import express, { type Request, type RequestHandler, type Response } from 'express';
import { is } from 'type-is';
import { InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError } from '../errors.ts';
import {
  carriedBody,
  carriedHeaders,
  type ParsedRequest,
  requestOf,
  withoutEncoding,
} from './carried-body.ts';

export const JSON_TYPES = ['application/json', 'application/*+json'];
export const FORM_TYPE = 'application/x-www-form-urlencoded';

export type BodyReader = (req: Request, res: Response) => Promise<unknown>;

/** Of at most `limit` bytes after decompression. */
export function createBodyReader(limit: number, mediaTypes: readonly string[]): BodyReader {
  // A body of another type never gets to the parsers.
  const rules = { limit, verify: refuseEmpty, type: () => true };
  const parseJson = express.json({ ...rules, strict: false });
  const parseForm = express.urlencoded({ ...rules, extended: false });

  return async (req, res) => {
    const bytes = carriedBody(req);
    if (bytes === undefined ? isEmpty(req) : bytes.byteLength === 0) {
      throw new InvalidRequestError('body-missing');
    }
    const type = is(req.headers['content-type'] ?? '', [...mediaTypes]);
    if (type === false) throw new UnsupportedMediaTypeError();
    const parser = type === FORM_TYPE ? parseForm : parseJson;
    if (bytes !== undefined) req.body = await parseCarried(parser, { bytes, req, res });
    else if (!isParsed(req)) await parse(parser, withBodyHeader(req), res);
    return req.body as unknown;
  };
}

// HTTP/1.1 announces a body by a header (RFC 9112, section 6.3), HTTP/2 need not.
function isEmpty({ headers, httpVersionMajor, readableLength }: Request): boolean {
  if (headers['transfer-encoding'] !== undefined) return false;
  const length = headers['content-length'];
  return length === undefined ? httpVersionMajor < 2 && readableLength === 0 : length === '0';
}

/** The parsers of Express look for the header of HTTP/1.1. */
function withBodyHeader(req: Request): Request {
  if (req.headers['content-length'] === undefined) req.headers['transfer-encoding'] ??= 'chunked';
  return req;
}

// Express 4 leaves an empty object without a parser, so the stream decides.
function isParsed(req: Request): boolean {
  return req.readableDidRead || req.readableEnded;
}

interface Carried {
  readonly bytes: Uint8Array;
  readonly req: Request;
  readonly res: Response;
}

async function parseCarried(
  parser: RequestHandler,
  { bytes, req, res }: Carried,
): Promise<unknown> {
  const headers = carriedHeaders(req);
  try {
    return await parse(parser, requestOf(bytes, headers), res);
  } catch (error) {
    if (headers['content-encoding'] === undefined || !isMalformed(error)) throw error;
    // The header may outlast the decompression.
    return parse(parser, requestOf(bytes, withoutEncoding(headers)), res);
  }
}

// In the turn of the request: Node drops an unread body when another middleware has answered.
async function parse(parser: RequestHandler, req: ParsedRequest, res: Response): Promise<unknown> {
  const error = await new Promise((resolve) => {
    void parser(req as Request, res, resolve);
  });
  if (error !== undefined) throw parserError(error);
  return req.body;
}

class EmptyBodyError extends Error {
  readonly type = 'body.empty';
}

function refuseEmpty(_req: unknown, _res: unknown, bytes: Buffer): void {
  if (bytes.byteLength === 0) throw new EmptyBodyError();
}

function parserError(error: unknown): Error {
  const { status, type } = error as { readonly status?: unknown; readonly type?: unknown };
  if (status === 413) return new PayloadTooLargeError();
  if (status === 415) return new UnsupportedMediaTypeError();
  return new InvalidRequestError(type === 'body.empty' ? 'body-missing' : 'body-malformed');
}

function isMalformed(error: unknown): boolean {
  return error instanceof InvalidRequestError && error.reason === 'body-malformed';
}
