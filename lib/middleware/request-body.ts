import express, { type Request, type RequestHandler, type Response } from 'express';
import { InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError } from '../errors.ts';

export const JSON_TYPES = ['application/json', 'application/*+json'];
export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Reads the body of a request, by the app's parser where it came first, else by its own. */
export type BodyReader = (req: Request, res: Response) => Promise<unknown>;

/** Reads bodies of these media types, JSON or forms, of at most `limit` bytes after decompression. */
export function createBodyReader(limit: number, mediaTypes: readonly string[]): BodyReader {
  const parsers = [
    express.json({ limit, strict: false, type: JSON_TYPES }),
    express.urlencoded({ limit, extended: false }),
  ];
  return async (req, res) => {
    if (isEmpty(req)) throw new InvalidRequestError('body-missing');
    if (!req.is([...mediaTypes])) throw new UnsupportedMediaTypeError();
    if (!isParsed(req)) for (const parse of parsers) await run(parse, req, res);
    return req.body as unknown;
  };
}

function isEmpty({ headers }: Request): boolean {
  if (headers['transfer-encoding'] !== undefined) return false;
  return headers['content-length'] === undefined || headers['content-length'] === '0';
}

// Express 4 leaves an empty object where no parser felt responsible: the stream tells.
function isParsed(req: Request): boolean {
  return req.readableDidRead || req.readableEnded;
}

function run(parse: RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void parse(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(parserError(error));
    });
  });
}

function parserError(error: unknown): Error {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413) return new PayloadTooLargeError();
  if (status === 415) return new UnsupportedMediaTypeError();
  return new InvalidRequestError('body-malformed');
}
