import type { Request, Response } from 'express';
import { type HttpError, MethodNotAllowedError } from '../errors.ts';
import { forbidCaching, sendJson, setHeaders } from './answer.ts';
import { type EndRules, type Exchange, RequestEnd } from './request-end.ts';

/** RFC 6749, section 5.2. */
export function sendOAuthError(
  { error, headers, message, status: own }: HttpError,
  _req: Request,
  res: Response,
  status = own,
): void {
  setHeaders(res, headers);
  sendJson(res, status, { error, error_description: message });
}

export interface Endpoint extends EndRules {
  readonly methods: readonly string[];
  /** Of every answer, also of errors. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly handle: (req: Request, res: Response, end: RequestEnd) => Promise<void>;
}

/** Never rejects. */
export async function serve(
  { methods, headers = {}, handle, ...rules }: Endpoint,
  exchange: Exchange,
): Promise<void> {
  const req = exchange.req as Request;
  const res = exchange.res as Response;
  const end = new RequestEnd(exchange, rules);
  await end.run(() => {
    if (!res.headersSent) {
      forbidCaching(res);
      setHeaders(res, headers);
    }
    if (!methods.includes(req.method)) throw new MethodNotAllowedError(methods.join(', '));
    return handle(req, res, end);
  });
}
