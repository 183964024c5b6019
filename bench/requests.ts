export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export function apiRequest(accessToken: string): HttpRequest {
  return { method: 'GET', path: '/api', headers: { authorization: `Bearer ${accessToken}` } };
}

export function jsonRequest(path: string, body: object): HttpRequest {
  const headers = { 'content-type': 'application/json' };
  return { method: 'POST', path, headers, body: JSON.stringify(body) };
}

export function formRequest(path: string, fields: Record<string, string>): HttpRequest {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', path, headers, body: new URLSearchParams(fields).toString() };
}
