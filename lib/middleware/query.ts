import type { Request } from 'express';

/** The values of a query parameter, all that were sent, whatever query parser the app has set. */
export function queryValues({ url }: Request, name: string): string[] {
  const start = url.indexOf('?');
  return start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll(name);
}
