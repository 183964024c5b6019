/* global fetch */

export function get(path, headers = {}) {
  return ask(path, { headers });
}

export function post(path, fields) {
  const headers = { 'Content-Type': 'application/json' };
  return ask(path, { method: 'POST', headers, body: JSON.stringify(fields) });
}

async function ask(path, init) {
  const response = await fetch(path, { credentials: 'same-origin', ...init });
  const text = await response.text();
  return {
    status: response.status,
    statusText: response.statusText,
    challenge: response.headers.get('WWW-Authenticate'),
    body: text === '' ? null : JSON.parse(text),
  };
}
