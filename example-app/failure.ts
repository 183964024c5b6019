import type { ErrorRequestHandler, RequestHandler } from 'express';
import { failurePage } from './failure-page.ts';

export const notFound: RequestHandler = (_req, res) => {
  const failure = { status: 404, title: 'Not found', text: 'There is nothing at this address.' };
  res.status(failure.status).send(failurePage(failure));
};

/** The last resort. Only the error's name is written: its message may quote what must stay secret. */
export const sendFailure: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  console.error(`A request failed: ${error instanceof Error ? error.name : typeof error}`);
  const failure = { status: 500, title: 'That went wrong', text: 'The app could not answer.' };
  res.status(failure.status).send(failurePage(failure));
};
