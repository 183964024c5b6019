import { type PlainRequest, postForm, postJson } from '../http.ts';
import type { Login } from '../logins.ts';
import { type Answer, parse } from '../answer.ts';
import type { WireRequest } from '../wire.ts';

export const LOGOUT = '/logout';

function bodyOf({ tokens }: Login): Record<string, string> {
  return { access_token: tokens.access_token, refresh_token: tokens.refresh_token };
}

export function postLogout(login: Login, path = LOGOUT): Required<PlainRequest> {
  return postJson(path, bodyOf(login));
}

/** In two parts with a pause between. */
export function postSlowly(login: Login, path = LOGOUT): Required<WireRequest> {
  const body = JSON.stringify(bodyOf(login));
  const length = `Content-Length: ${body.length}`;
  const middle = body.length / 2;
  return {
    lines: [`POST ${path} HTTP/1.1`, 'Content-Type: application/json', length],
    parts: [body.slice(0, middle), body.slice(middle)],
    then: 'wait',
  };
}

/** With a session of the app in place of a body. */
export function postSession(
  login: Login | undefined,
  headers: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' },
): PlainRequest {
  const json = login && JSON.stringify(bodyOf(login));
  const session = json && { 'x-session': Buffer.from(json).toString('base64url') };
  return { method: 'POST', path: '/session-logout', headers: { ...headers, ...session } };
}

export interface Way {
  readonly name: string;
  readonly weight: number;
  readonly request: (login: Login) => PlainRequest | WireRequest;
}

/** The ways of an app to log out, which all come to the same. */
export const WAYS: readonly Way[] = [
  { name: 'JSON', weight: 20, request: (login) => postLogout(login) },
  { name: 'a form', weight: 5, request: (login) => postForm(LOGOUT, bodyOf(login)) },
  {
    name: 'a JSON dialect',
    weight: 3,
    request: (login) =>
      postJson(LOGOUT, bodyOf(login), 'application/vnd.es+json; compatible-with=9'),
  },
  {
    name: 'no refresh token',
    weight: 3,
    request: ({ tokens }) => postJson(LOGOUT, { token: tokens.access_token }),
  },
  { name: 'parsed by the app', weight: 3, request: (login) => postLogout(login, '/parsed/logout') },
  { name: 'left as bytes', weight: 3, request: (login) => postLogout(login, '/raw/logout') },
  {
    name: 'a form left as bytes',
    weight: 2,
    request: (login) => postForm('/raw/logout', bodyOf(login)),
  },
  { name: 'slowly', weight: 2, request: (login) => postSlowly(login) },
  { name: 'from the session', weight: 8, request: (login) => postSession(login) },
];

export function redirectOf({ body }: Answer): string {
  return String(parse(body).redirect);
}
