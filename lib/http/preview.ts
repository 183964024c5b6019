import type { IncomingMessage } from 'node:http';

/** Tells a request that nobody sees: a browser that fetches ahead, or a link that is looked at by `HEAD`. */
export function isPreview({ headers, method }: IncomingMessage): boolean {
  const purposes = [headers['sec-purpose'], headers.purpose, headers['x-moz']];
  return method === 'HEAD' || purposes.some((purpose) => /prefetch/i.test(String(purpose)));
}
