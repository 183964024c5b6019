import type { ServerResponse } from 'node:http';
import { type SerializeOptions, serialize } from 'cookie';

type Headers = Readonly<Record<string, string>>;

/** Only members of Node's own `ServerResponse` are used. */
export function setHeaders(res: ServerResponse, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
}

export function forbidCaching(res: ServerResponse): void {
  setHeaders(res, { 'Cache-Control': 'no-store', Pragma: 'no-cache' });
}

export function sendEmpty(res: ServerResponse, status: number): void {
  res.statusCode = status;
  res.end();
}

export function sendJson(res: ServerResponse, status: number, body: object): void {
  send(res, status, { type: 'application/json', text: JSON.stringify(body) });
}

export function sendHtml(res: ServerResponse, status: number, text: string): void {
  send(res, status, { type: 'text/html', text });
}

/** Keeps the cookies already set. */
export function addCookie(
  res: ServerResponse,
  { name, value, ...attributes }: SerializeOptions & { name: string; value: string },
): void {
  const others = [res.getHeader('Set-Cookie') ?? []].flat().map(String);
  res.setHeader('Set-Cookie', [...others, serialize(name, value, attributes)]);
}

function send(
  res: ServerResponse,
  status: number,
  { type, text }: { readonly type: string; readonly text: string },
): void {
  res.statusCode = status;
  res.setHeader('Content-Type', `${type}; charset=utf-8`);
  res.end(text);
}
