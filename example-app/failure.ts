import type { ErrorRequestHandler, RequestHandler } from 'express';
import { failurePage } from './failure-page.ts';

export const notFound: RequestHandler = (_req, res) => {
  const failure = { status: 404, title: 'Not found', text: 'There is nothing at this address.' };
  res.status(failure.status).send(failurePage(failure));
};

/** Only the error's name is written: its message may quote what must stay secret. */
export function logFailure(error: unknown): void {
  console.error(`A request failed: ${error instanceof Error ? error.name : typeof error}`);
}

/** The last resort. */
export const sendFailure: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  logFailure(error);
  const failure = { status: 500, title: 'That went wrong', text: 'The app could not answer.' };
  res.status(failure.status).send(failurePage(failure));
};
