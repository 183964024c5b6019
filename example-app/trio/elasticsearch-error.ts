import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { logFailure } from '../failure.ts';

type Headers = Readonly<Record<string, string>>;

/** An error as Elasticsearch tells it: the exception's type and reason. */
export class ElasticsearchError extends Error {
  override readonly name = 'ElasticsearchError';
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;

  constructor(status: number, type: string, reason: string, headers: Headers = {}) {
    super(reason);
    this.status = status;
    this.type = type;
    this.headers = headers;
  }
}

/** An error of routing, which Elasticsearch tells as a plain string. */
export class RoutingError extends Error {
  override readonly name = 'RoutingError';
  readonly status: number;
  readonly headers: Headers;

  constructor(status: number, message: string, headers: Headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The request lacks something, or has too much of it: all problems in one reason. */
export function validationError(problems: readonly string[]): ElasticsearchError {
  const list = problems.map((problem, index) => `${index + 1}: ${problem};`).join('');
  return new ElasticsearchError(
    400,
    'action_request_validation_exception',
    `Validation Failed: ${list}`,
  );
}

export function parseError(reason: string): ElasticsearchError {
  return new ElasticsearchError(400, 'x_content_parse_exception', reason);
}

export function securityError(status: number, reason: string): ElasticsearchError {
  const headers: Headers = status === 401 ? { 'WWW-Authenticate': 'Bearer realm="security"' } : {};
  return new ElasticsearchError(status, 'security_exception', reason, headers);
}

/** Of every answer, also of errors: without this header, clients do not take the server for theirs. */
export const setProduct: RequestHandler = (_req, res, next) => {
  res.set('X-Elastic-Product', 'Elasticsearch');
  next();
};

/** For paths without an endpoint, Elasticsearch has this answer. */
export const refusePath: RequestHandler = ({ baseUrl, path, method }) => {
  throw new RoutingError(
    400,
    `no handler found for uri [${baseUrl}${path}] and method [${method}]`,
  );
};

/** Answers in Elasticsearch's envelope. */
export const sendElasticsearchError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) next(error);
  else if (error instanceof RoutingError) {
    const { status, headers, message } = error;
    res.status(status).set(headers).json({ error: message, status });
  } else if (error instanceof ElasticsearchError) sendException(res, error);
  else {
    logFailure(error);
    sendException(res, new ElasticsearchError(500, 'exception', 'the app could not answer'));
  }
};

function sendException(res: Response, error: ElasticsearchError): void {
  const { status, headers, type, message: reason } = error;
  const exception = { type, reason, ...(status === 401 && { header: headers }) };
  res.status(status).set(headers);
  res.json({ error: { root_cause: [exception], ...exception }, status });
}
