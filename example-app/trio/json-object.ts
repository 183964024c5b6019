import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import { body, validationResult } from 'express-validator';
import { ElasticsearchError, parseError, RoutingError } from './elasticsearch-error.ts';

const JSON_TYPES = ['application/json', 'application/*+json'];
const PRINTABLE_FIELD = /^[A-Za-z_]{1,32}$/;

export interface JsonObjectShape {
  /** What Elasticsearch's parser of this object is called. */
  readonly parser: string;
  /** The fields, all optional and all strings. */
  readonly fields: readonly string[];
  /** Those of them that may be null, which counts as absent. */
  readonly nullable?: readonly string[];
}

/** Reads a body that is a JSON object of strings; anything else is refused. */
export function jsonObject(shape: JsonObjectShape): (RequestHandler | ErrorRequestHandler)[] {
  const { fields, nullable = [] } = shape;
  const strings = fields.map((field) =>
    body(field)
      .optional({ values: nullable.includes(field) ? 'null' : 'undefined' })
      .isString(),
  );
  const refuseUnknownFields: RequestHandler = (req, _res, next) => {
    checkFields(req.body, shape);
    next();
  };
  const refuseOtherTypes: RequestHandler = (req, _res, next) => {
    checkTypes(req, shape);
    next();
  };
  return [
    requireJson,
    express.json({ type: JSON_TYPES, limit: '16kb', strict: false }),
    refuseUnparsable,
    refuseUnknownFields,
    ...strings,
    refuseOtherTypes,
  ];
}

const requireJson: RequestHandler = (req, _res, next) => {
  if (!hasBody(req)) {
    throw new ElasticsearchError(400, 'parse_exception', 'request body is required');
  }
  if (!req.is(JSON_TYPES)) {
    const mediaType = /^[\w.+-]{1,64}\/[\w.+-]{1,64}/.exec(req.headers['content-type'] ?? '')?.[0];
    throw new RoutingError(
      406,
      mediaType === undefined
        ? 'Content-Type header is missing'
        : `Content-Type header [${mediaType}] is not supported`,
    );
  }
  next();
};

const refuseUnparsable: ErrorRequestHandler = (error, _req, _res, next) => {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (error instanceof ElasticsearchError) next(error);
  else if (status === 413) {
    next(
      new ElasticsearchError(413, 'content_too_long_exception', 'the request body is too large'),
    );
  } else if (status === 400 || status === 415) {
    next(parseError('[1:1] the request body cannot be parsed'));
  } else next(error);
};

function hasBody({ headers }: Request): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  return headers['content-length'] !== undefined && headers['content-length'] !== '0';
}

function checkFields(value: unknown, { parser, fields }: JsonObjectShape): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw parseError(`[1:1] [${parser}] Expected START_OBJECT but was: ${parserToken(value)}`);
  }
  const unknown = Object.keys(value).find((field) => !fields.includes(field));
  if (unknown === undefined) return;
  const name = PRINTABLE_FIELD.test(unknown) ? ` [${unknown}]` : '';
  throw parseError(`[${parser}] unknown field${name}`);
}

function checkTypes(req: Request, { parser }: JsonObjectShape): void {
  const [problem] = validationResult(req).array();
  if (problem?.type !== 'field') return;
  const type = parserToken(problem.value);
  throw parseError(`[${parser}] ${problem.path} doesn't support values of type: ${type}`);
}

function parserToken(value: unknown): string {
  if (value === null || value === undefined) return 'VALUE_NULL';
  if (typeof value === 'object') return Array.isArray(value) ? 'START_ARRAY' : 'START_OBJECT';
  return `VALUE_${(typeof value).toUpperCase()}`;
}
