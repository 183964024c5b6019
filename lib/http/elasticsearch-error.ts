import type { Request, Response } from 'express';
import {
  type HttpError,
  InvalidRequestError,
  MethodNotAllowedError,
  UnsupportedMediaTypeError,
} from '../errors.ts';
import { sendJson, setHeaders } from './answer.ts';
import { queryNames } from './query.ts';

interface Exception {
  readonly type: string;
  readonly reason: string;
}

const FORMATTING_PARAMETERS = new Set(['error_trace', 'filter_path', 'format', 'human', 'pretty']);
const MEDIA_TYPE = /^[\w.+-]{1,64}\/[\w.+-]{1,64}/;

/** Elasticsearch refuses unknown parameters, except those that format its answer. */
export function refuseUnknownParameters(req: Request): void {
  const unknown = queryNames(req).find((name) => !FORMATTING_PARAMETERS.has(name));
  if (unknown !== undefined) throw new InvalidRequestError('unknown-parameter', unknown);
}

/** Routing errors are a plain string in Elasticsearch's envelope. */
export function sendElasticsearchError(error: HttpError, req: Request, res: Response): void {
  const { status, headers } = error;
  setHeaders(res, headers);
  const routing = routingError(error, req);
  if (routing !== undefined) {
    sendJson(res, status, { error: routing, status });
    return;
  }
  const exception = { ...exceptionOf(error, req), ...(status === 401 && { header: headers }) };
  sendJson(res, status, { error: { root_cause: [exception], ...exception }, status });
}

function routingError(error: HttpError, req: Request): string | undefined {
  const { headers, method } = req;
  if (error instanceof MethodNotAllowedError) {
    return `Incorrect HTTP method for uri [${pathOf(req)}] and method [${method}], allowed: [POST]`;
  }
  if (!(error instanceof UnsupportedMediaTypeError)) return undefined;
  const mediaType = MEDIA_TYPE.exec(headers['content-type'] ?? '')?.[0];
  if (mediaType === undefined) return 'Content-Type header is missing';
  return `Content-Type header [${mediaType}] is not supported`;
}

function exceptionOf(error: HttpError, req: Request): Exception {
  if (error instanceof InvalidRequestError) return requestException(error, req);
  if (error.status === 401) return securityException('supplied token is not valid');
  if (error.status === 403) return securityException(error.message);
  if (error.status === 503) return securityException('unable to perform requested action');
  return { type: 'content_too_long_exception', reason: error.message };
}

function requestException(error: InvalidRequestError, req: Request): Exception {
  const { field = '', reason } = error;
  switch (reason) {
    case 'body-missing':
      return { type: 'parse_exception', reason: 'request body is required' };
    case 'body-malformed':
      return parseException('[1:1] the request body cannot be parsed');
    case 'body-not-an-object':
      return parseException(
        `[1:1] [oidc_logout] Expected START_OBJECT but was: ${parserToken(req.body)}`,
      );
    case 'access-token-not-a-string':
    case 'refresh-token-not-a-string':
      return parseException(notAString(req.body as Record<string, unknown>));
    case 'unknown-field':
      return parseException(`[oidc_logout] unknown field${field === '' ? '' : ` [${field}]`}`);
    case 'access-token-missing':
      return {
        type: 'action_request_validation_exception',
        reason: 'Validation Failed: 1: token is missing;',
      };
    case 'refresh-token-empty':
      return illegalArgument('refresh token must be provided');
    case 'unknown-parameter':
      return illegalArgument(
        `request [${pathOf(req)}] contains unrecognized parameter: [${field}]`,
      );
    default:
      return illegalArgument(error.message);
  }
}

// Routers such as Express cut the mount path off `url` and keep `originalUrl`.
function pathOf({ url = '', originalUrl = url }: Partial<Request>): string {
  return originalUrl.split('?', 1)[0] ?? '';
}

function notAString(requestBody: Record<string, unknown>): string {
  const isWrong = (field: string) =>
    requestBody[field] !== undefined && typeof requestBody[field] !== 'string';
  const field = ['access_token', 'token', 'refresh_token'].find(isWrong) ?? '';
  return `[oidc_logout] ${field} doesn't support values of type: ${parserToken(requestBody[field])}`;
}

function parserToken(value: unknown): string {
  if (value === null || value === undefined) return 'VALUE_NULL';
  if (typeof value === 'object') return Array.isArray(value) ? 'START_ARRAY' : 'START_OBJECT';
  return `VALUE_${(typeof value).toUpperCase()}`;
}

function parseException(reason: string): Exception {
  return { type: 'x_content_parse_exception', reason };
}

function illegalArgument(reason: string): Exception {
  return { type: 'illegal_argument_exception', reason };
}

function securityException(reason: string): Exception {
  return { type: 'security_exception', reason };
}
