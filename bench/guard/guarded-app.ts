import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';

// Else Express writes every refusal to the console, which costs more than the refusal.
const answerError: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: 'invalid_token' });
};

/** An API behind guards, which is the same for all variants. */
export function guardedApp(...guards: RequestHandler[]): Express {
  const app = express();
  app.use('/api', ...guards, (_req, res) => void res.json({ ok: true }));
  app.use(answerError);
  return app;
}
