import express, { type RequestHandler } from 'express';
import type { Variant } from './group.ts';

const passThrough: RequestHandler = (_req, _res, next) => {
  next();
};

/** An endpoint that has nothing to do, and the same behind a middleware that does nothing. */
export function baselines(
  path: string,
  handlers: readonly RequestHandler[],
  createRequests: Variant['createRequests'],
): Record<'bare' | 'pass-through', Variant> {
  return {
    bare: { createApp: () => express().use(path, ...handlers), createRequests },
    'pass-through': {
      createApp: () => express().use(path, passThrough, ...handlers),
      createRequests,
    },
  };
}
