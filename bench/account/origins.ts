import type { Runtime } from 'node:inspector';

const EXPRESS = 'Express, Node HTTP';
const JOSE = 'jose, WebCrypto';
const CRYPTO_OF_LIB = 'node:crypto, called by lib';
const REST_OF_LIB = 'lib, other folders';
const COLLECTOR = 'garbage collector';
const ELSEWHERE = 'Node, elsewhere';

const PACKAGES = [
  [EXPRESS, /^(?:express|router|body-parser|raw-body|qs|finalhandler|on-finished)$/],
  [JOSE, /^jose$/],
  ['ioredis', /^(?:ioredis|redis-parser|standard-as-callback)$/],
  ['express-validator', /^(?:express-)?validator$/],
] as const;

const FOLDERS = ['http', 'logout', 'access-token', 'session', 'token', 'provider', 'store'];

/** In the order of the page. */
export const ORIGINS: readonly string[] = [
  ...PACKAGES.map(([origin]) => origin),
  CRYPTO_OF_LIB,
  ...FOLDERS.map((folder) => `lib/${folder}`),
  ...[REST_OF_LIB, COLLECTOR, ELSEWHERE],
];

/** The call that the time belongs to. */
export interface Place {
  readonly origin: string;
  /** Of lib. */
  readonly function?: string;
}

/**
 * By the nearest caller that has an origin: what a function calls of V8, of Node and of small
 * packages is its own expense. `undefined` where the thread had nothing to do.
 */
export function placeOf(stack: readonly Runtime.CallFrame[]): Place | undefined {
  const [innermost] = stack;
  if (innermost?.functionName === '(idle)') return undefined;
  if (innermost?.functionName === '(garbage collector)') return { origin: COLLECTOR };
  let isCrypto = false;
  for (const frame of stack) {
    isCrypto ||= /^node:(?:internal\/)?crypto/.test(frame.url);
    const place = placeOfFrame(frame);
    if (place === undefined) continue;
    return isCrypto && place.function !== undefined ? { ...place, origin: CRYPTO_OF_LIB } : place;
  }
  return { origin: isCrypto ? JOSE : ELSEWHERE };
}

function placeOfFrame({ url, functionName, lineNumber }: Runtime.CallFrame): Place | undefined {
  if (url.startsWith('node:_http')) return { origin: EXPRESS };
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (name !== undefined) {
    const [origin] = PACKAGES.find(([, names]) => names.test(name)) ?? [];
    return origin && { origin };
  }
  const [, file, folder = ''] = /\/dist\/((?:([\w-]+)\/)?[\w/-]+\.js)$/.exec(url) ?? [];
  if (file === undefined) return undefined;
  return {
    origin: FOLDERS.includes(folder) ? `lib/${folder}` : REST_OF_LIB,
    function: `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`,
  };
}
