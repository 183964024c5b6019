import { gzipSync } from 'node:zlib';
import type { PlainRequest } from '../http.ts';
import { BAD_REQUEST, type Kind, UNAVAILABLE } from '../world.ts';

type Headers = Readonly<Record<string, string>>;
type Body = readonly [
  input: string,
  body: string | Buffer | undefined,
  right?: readonly string[],
  headers?: Headers,
];

const TOO_LARGE = ['413 invalid_request'];
const UNSUPPORTED = ['415 invalid_request'];
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const GZIP = { 'content-encoding': 'gzip' };

function nested(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`;
}

function type(value: string): Headers {
  return { 'content-type': value };
}

/** Bodies of a logout that are refused for their shape, wherever the tokens in them come from. */
const BODIES: readonly Body[] = [
  ['nothing', undefined],
  ['empty', ''],
  ['half an object', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['a number', '5'],
  ['text', '"x"'],
  ['an object without members', '{}'],
  ['a number as a token', '{"access_token":5}'],
  ['an empty token', '{"access_token":""}'],
  ['null as a token', '{"access_token":null}'],
  ['an array as a token', '{"access_token":["a"]}'],
  ['an object as a token', '{"access_token":{"length":1}}'],
  ['two tokens that differ', '{"access_token":"a","token":"b"}'],
  ['an empty refresh token', '{"access_token":"a","refresh_token":""}'],
  ['null as a refresh token', '{"access_token":"a","refresh_token":null}'],
  ['an unknown field', '{"access_token":"a","extra":1}'],
  ['a prototype', '{"access_token":"a","__proto__":{"x":1}}'],
  ['a constructor', '{"access_token":"a","constructor":{}}'],
  ['nested arrays', nested(8000)],
  ['nested arrays as a token', `{"access_token":${nested(8000)}}`],
  ['nested arrays as a refresh token', `{"access_token":"a","refresh_token":${nested(8000)}}`],
  ['nested objects as a token', `{"access_token":${'{"a":'.repeat(2500)}1${'}'.repeat(2500)}}`],
  ['a byte order mark alone', Buffer.from([0xef, 0xbb, 0xbf])],
  ['a repeated form field', 'access_token=a&access_token=b', BAD_REQUEST, FORM],
  ['a form field in brackets', 'access_token[a]=b', BAD_REQUEST, FORM],
  ['form fields beyond number', 'a&'.repeat(4000), [...BAD_REQUEST, ...TOO_LARGE], FORM],
  ['a broken escape', 'access_token=%', [...BAD_REQUEST, '401 invalid_token'], FORM],
  [
    'invalid UTF-8',
    Buffer.concat([Buffer.from('{"access_token":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]),
    [...BAD_REQUEST, '401 invalid_token'],
  ],
  ['20 kB', JSON.stringify({ access_token: 'x'.repeat(20_000) }), TOO_LARGE],
  ['10 MB in gzip', gzipSync(Buffer.alloc(10_000_000, ' ')), TOO_LARGE, GZIP],
  ['no gzip', '{"access_token":"a"}', BAD_REQUEST, GZIP],
  ['half a gzip', gzipSync('{"access_token":"a"}').subarray(0, 20), BAD_REQUEST, GZIP],
  ['an unknown encoding', '{}', UNSUPPORTED, { 'content-encoding': 'secret' }],
  ['an unknown charset', '{}', UNSUPPORTED, type('application/json; charset=utf-99')],
  ['plain text', 'access_token=a', UNSUPPORTED, type('text/plain')],
  ['several parts', '--x--', UNSUPPORTED, type('multipart/form-data; boundary=x')],
  ['no type', '{}', UNSUPPORTED, type('')],
  ['no media type', '{}', UNSUPPORTED, type('; charset=utf-8')],
];

const PATHS = ['/logout', '/logout', '/logout', '/early/logout'];

function post(path: string, [, body, , headers]: Body): PlainRequest {
  const standard = body === undefined ? {} : { 'content-type': 'application/json' };
  return { method: 'POST', path, headers: { ...standard, ...headers }, ...(body && { body }) };
}

const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const POSTED = ['/logout', '/back-channel-logout', '/session-logout'];

export const BODY_KINDS: readonly Kind[] = [
  {
    name: 'logout: a bad body',
    weight: 60,
    async run(ask, { random }) {
      const path = random.pick(PATHS);
      const body = random.pick(BODIES);
      const [input, , right = BAD_REQUEST] = body;
      // What has the shape of a token is looked for.
      const rules = { input, outage: right.includes('401 invalid_token') ? UNAVAILABLE : [] };
      await ask(post(path, body), path === '/logout' ? right : ['408 EARLY'], rules);
    },
  },
  {
    name: 'any endpoint: another method',
    weight: 10,
    async run(ask, { random }) {
      const method = random.pick(METHODS);
      const right = method === 'HEAD' ? ['405'] : ['405 invalid_request'];
      const request = { method, path: random.pick(POSTED) };
      await ask(request, right, { input: method, outage: [] });
    },
  },
];
