import type { NextFunction, Request, Response } from 'express';
import { HttpError, MethodNotAllowedError } from '../errors.ts';

/** Marks an answer as one that no cache may keep. */
export function forbidCaching(res: Response): void {
  res.setHeader('Cache-Control', 'no-store').setHeader('Pragma', 'no-cache');
}

/** Writes an error as RFC 6749, section 5.2, demands. */
export function sendOAuthError(
  error: HttpError,
  _req: Request,
  res: Response,
  status = error.status,
): void {
  res.status(status).set(error.headers);
  res.json({ error: error.error, error_description: error.message });
}

export interface Endpoint {
  readonly methods: readonly string[];
  readonly handle: (req: Request, res: Response) => Promise<void>;
  readonly sendError: (error: HttpError, req: Request, res: Response) => void;
}

/**
 * Runs an endpoint: it serves its methods, forbids caching, and answers errors of this package itself.
 * Other errors go to the app by `next`, since Express 4 does not see a rejection.
 */
export async function serve(
  { methods, handle, sendError }: Endpoint,
  req: Request,
  res: Response,
  next: NextFunction,
): Promise<void> {
  forbidCaching(res);
  try {
    if (!methods.includes(req.method)) throw new MethodNotAllowedError(methods.join(', '));
    await handle(req, res);
  } catch (error) {
    if (error instanceof HttpError) sendError(error, req, res);
    else next(error);
  }
}
