import type { NextFunction, Request, Response } from 'express';
import { HttpError, MethodNotAllowedError } from '../errors.ts';

/** Marks an answer as one that no cache may keep. */
export function forbidCaching(res: Response): void {
  res.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
}

/** Writes an error as RFC 6749, section 5.2, demands. */
export function sendOAuthError(error: HttpError, _req: Request, res: Response): void {
  res.status(error.status).set(error.headers);
  res.json({ error: error.error, error_description: error.message });
}

export interface Endpoint {
  readonly method: string;
  readonly handle: (req: Request, res: Response) => Promise<void>;
  readonly sendError: (error: HttpError, req: Request, res: Response) => void;
}

/**
 * Runs an endpoint: it serves one method, forbids caching, and answers errors of this package itself.
 * Other errors go to the app by `next`, since Express 4 does not see a rejection.
 */
export async function serve(
  { method, handle, sendError }: Endpoint,
  req: Request,
  res: Response,
  next: NextFunction,
): Promise<void> {
  forbidCaching(res);
  try {
    if (req.method !== method) throw new MethodNotAllowedError(method);
    await handle(req, res);
  } catch (error) {
    if (error instanceof HttpError) sendError(error, req, res);
    else next(error);
  }
}
