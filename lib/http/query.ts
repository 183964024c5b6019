import type { IncomingMessage } from 'node:http';

/** The values of a query parameter, all that were sent, whatever query parser the app has set. */
export function queryValues(req: IncomingMessage, name: string): string[] {
  return parametersOf(req).getAll(name);
}

/** The names of the query parameters. */
export function queryNames(req: IncomingMessage): string[] {
  return [...parametersOf(req).keys()];
}

function parametersOf({ url = '' }: IncomingMessage): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start));
}
