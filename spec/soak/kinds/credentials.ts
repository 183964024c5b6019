import { bearer, type PlainRequest, postForm } from '../http.ts';
import { BAD_REQUEST, type Kind, type World } from '../world.ts';
import type { WireRequest } from '../wire.ts';

type Credentials = readonly [
  input: string,
  request: (token: string) => PlainRequest | WireRequest,
  right: readonly string[],
];

const NONE = ['401'];

function header(authorization: string): PlainRequest {
  return { path: '/api', headers: { authorization } };
}

function lines(...values: readonly string[]): WireRequest {
  return { lines: ['GET /api HTTP/1.1', ...values.map((value) => `Authorization: ${value}`)] };
}

// None of them is a matter of the store or of the provider, but for those that are let in.
const REFUSED_AT_ONCE: readonly Credentials[] = [
  ['none', () => ({ path: '/api' }), NONE],
  ['another scheme', () => header('Basic dTpw'), NONE],
  ['an empty header', () => header(''), NONE],
  ['a scheme that begins as ours', (token) => header(`Bearers ${token}`), NONE],
  ['a scheme alone', () => header('Bearer'), BAD_REQUEST],
  ['two tokens', (token) => header(`Bearer ${token} ${token}`), BAD_REQUEST],
  ['a comma', (token) => header(`Bearer ${token}, Bearer ${token}`), BAD_REQUEST],
  ['a character of no token', (token) => header(`Bearer ${token}%`), BAD_REQUEST],
  ['a quoted token', (token) => header(`Bearer "${token}"`), BAD_REQUEST],
  ['padding inside', (token) => header(`Bearer a=${token}`), BAD_REQUEST],
  ['a Latin letter', (token) => header(`Bearer ${token}\u00e9`), BAD_REQUEST],
  ['two lines, the same', (token) => lines(`Bearer ${token}`, `Bearer ${token}`), BAD_REQUEST],
  ['two lines, the first good', (token) => lines(`Bearer ${token}`, 'Bearer x'), BAD_REQUEST],
  ['two lines, the last good', (token) => lines('Bearer x', `Bearer ${token}`), BAD_REQUEST],
  ['two lines, one Basic', (token) => lines(`Bearer ${token}`, 'Basic dTpw'), BAD_REQUEST],
  [
    'the query too',
    (token) => ({ path: '/api?access_token=x', headers: bearer(token) }),
    BAD_REQUEST,
  ],
  [
    'the query too, encoded',
    (token) => ({ path: '/api?access%5Ftoken=x', headers: bearer(token) }),
    BAD_REQUEST,
  ],
  ['the query alone', (token) => ({ path: `/api?access_token=${token}` }), NONE],
  [
    'a form field too',
    (token) => withHeader(postForm('/parsed/api', { access_token: 'x' }), token),
    BAD_REQUEST,
  ],
  ['more than a server takes', () => header(`Bearer ${'x'.repeat(20_000)}`), ['431']],
];

const LET_IN: readonly Credentials[] = [
  ['lower case', (token) => header(`bearer ${token}`), ['200']],
  ['spaces', (token) => header(`Bearer   ${token}  `), ['200']],
  [
    'a query that speaks of tokens',
    (token) => ({ path: '/api?next=/cb?access_token=x', headers: bearer(token) }),
    ['200'],
  ],
  [
    'the same in a form field',
    (token) => withHeader(postForm('/parsed/api', { access_token: token }), token),
    ['200'],
  ],
];

function withHeader(request: Required<PlainRequest>, token: string): PlainRequest {
  return { ...request, headers: { ...request.headers, ...bearer(token) } };
}

function kind(name: string, all: readonly Credentials[], outage?: readonly string[]): Kind {
  return {
    name,
    weight: 4 * all.length,
    async run(ask, { issuing, random }: World) {
      const [input, request, right] = random.pick(all);
      const token = await issuing.accessToken();
      await ask(request(token), right, { input, ...(outage && { outage }) });
    },
  };
}

export const CREDENTIALS_KINDS: readonly Kind[] = [
  kind('guard: bad credentials', REFUSED_AT_ONCE, []),
  kind('guard: unusual credentials', LET_IN),
  {
    name: 'no guard',
    weight: 5,
    run: (ask) => ask({ path: '/public' }, ['200'], { outage: [] }),
  },
];
