import type { IncomingMessage } from 'node:http';

/** Independent of the app's query parser. */
export function queryValues(req: IncomingMessage, name: string): string[] {
  return parametersOf(req).getAll(name);
}

export function queryNames(req: IncomingMessage): string[] {
  return [...parametersOf(req).keys()];
}

function parametersOf({ url = '' }: IncomingMessage): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start));
}
