import type { Request } from 'express';

/** The values of a query parameter, all that were sent, whatever query parser the app has set. */
export function queryValues({ url }: Request, name: string): string[] {
  const [, query = ''] = url.split('?', 2);
  return new URLSearchParams(query).getAll(name);
}
