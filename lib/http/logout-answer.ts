import type { IncomingMessage, ServerResponse } from 'node:http';
import accepts from 'accepts';
import type { EndSessionForm } from '../provider/end-session-request.ts';
import { sendHtml, sendJson, setHeaders } from './answer.ts';

interface SentAnswer {
  readonly redirect: string | undefined;
  readonly form: EndSessionForm | undefined;
  readonly home: string;
}

const PAGE_POLICY =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export function sendAnswer(
  req: IncomingMessage,
  res: ServerResponse,
  { redirect, form, home }: SentAnswer,
): void {
  res.appendHeader('Vary', 'Accept').setHeader('Referrer-Policy', 'no-referrer');
  if (accepts(req).type(['json', 'html']) === 'html') sendPage(res, redirect ?? home);
  else sendJson(res, 200, { redirect: redirect ?? null, ...(form !== undefined && { form }) });
}

function sendPage(res: ServerResponse, url: string): void {
  setHeaders(res, { 'Content-Security-Policy': PAGE_POLICY, 'X-Content-Type-Options': 'nosniff' });
  sendHtml(res, 200, logoutPage(url));
}

/**
 * Not a redirect: browsers check a form's redirect against the `form-action` of the page, and
 * proxies refuse a header as long as an ID Token can be.
 */
function logoutPage(url: string): string {
  const escaped = escapeHtml(url);
  // No quotes around the URL: a browser would end the URL at the next quote.
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url=${escaped}">
<title>Logging out</title>
</head>
<body>
<h1>Logging out</h1>
<p>This page goes on by itself. If it does not: <a href="${escaped}">Continue</a></p>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
