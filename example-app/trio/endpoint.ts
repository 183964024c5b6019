import { type Request, type RequestHandler, type Response, Router } from 'express';
import { RoutingError } from './elasticsearch-error.ts';
import { jsonObject, type JsonObjectShape } from './json-object.ts';

export type Fields = Readonly<Record<string, string | null | undefined>>;

/** An endpoint of Elasticsearch's shape: `POST` with a JSON object of strings, JSON back. */
export function endpoint(
  shape: JsonObjectShape,
  answer: (fields: Fields) => Promise<object>,
): RequestHandler {
  return Router()
    .use((req, res, next) => {
      res.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
      requirePost(req);
      next();
    })
    .use(jsonObject(shape), async (req: Request, res: Response) => {
      res.json(await answer(req.body as Fields));
    });
}

function requirePost({ baseUrl, method }: Request): void {
  if (method === 'POST') return;
  throw new RoutingError(
    405,
    `Incorrect HTTP method for uri [${baseUrl}] and method [${method}], allowed: [POST]`,
    { Allow: 'POST' },
  );
}

/** Text that says something: Elasticsearch takes a blank string for an absent one. */
export function textOf(value: string | null | undefined): string | undefined {
  return value?.trim() ? value : undefined;
}
