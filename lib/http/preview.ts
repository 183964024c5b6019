import type { IncomingMessage } from 'node:http';

/** A prefetch by the browser, or `HEAD`: nobody sees the answer. */
export function isPreview({ headers, method }: IncomingMessage): boolean {
  const purposes = [headers['sec-purpose'], headers.purpose, headers['x-moz']];
  return method === 'HEAD' || purposes.some((purpose) => /prefetch/i.test(String(purpose)));
}
