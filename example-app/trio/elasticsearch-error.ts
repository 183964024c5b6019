import type { NextFunction, Request, Response } from 'express';

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

/** Writes the errors of this file in Elasticsearch's envelope, and leaves others to the app. */
export function sendElasticsearchError(
  error: unknown,
  _req: Request,
  res: Response,
  next: NextFunction,
): void {
  if (error instanceof RoutingError) {
    const { status, headers, message } = error;
    res.status(status).set(headers).json({ error: message, status });
  } else if (error instanceof ElasticsearchError) {
    const { status, headers, type, message: reason } = error;
    const exception = { type, reason, ...(status === 401 && { header: headers }) };
    res.status(status).set(headers);
    res.json({ error: { root_cause: [exception], ...exception }, status });
  } else next(error);
}
