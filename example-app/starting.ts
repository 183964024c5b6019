import type { IncomingMessage, ServerResponse } from 'node:http';

const HEADERS = { 'Cache-Control': 'no-store', 'Retry-After': '1' };
// Browsers do not heed Retry-After.
const PAGE = { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8', Refresh: '1' };
const JSON_HEADERS = {
  ...HEADERS,
  'Content-Type': 'application/json; charset=utf-8',
  'X-Elastic-Product': 'Elasticsearch',
};

/** The answer to every request until the app is ready. */
export function sendStarting({ url = '' }: IncomingMessage, res: ServerResponse): void {
  if (!url.startsWith('/_security/')) {
    res.writeHead(503, PAGE).end('The app is starting.\n');
    return;
  }
  const exception = { type: 'status_exception', reason: 'the app is starting' };
  const body = { error: { root_cause: [exception], ...exception }, status: 503 };
  res.writeHead(503, JSON_HEADERS).end(JSON.stringify(body));
}
