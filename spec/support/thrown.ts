const hostile = () => {
  throw new Error('a look at what was thrown');
};

function withGetter(member: string): Error {
  return Object.defineProperty(new Error('own'), member, { get: hostile });
}

const TRAPS = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((trap) => [trap, hostile]),
) as ProxyHandler<object>;

/** What an app's function may throw, by name: first what is no Error. */
export const NO_ERRORS: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  false: () => false,
  true: () => true,
  zero: () => 0,
  'negative zero': () => -0,
  'a BigInt zero': () => 0n,
  NaN: () => NaN,
  'an empty text': () => '',
  route: () => 'route',
  router: () => 'router',
  'a secret': () => 'secret-token',
  'a symbol': () => Symbol('secret-token'),
  'a function': () => hostile,
  'an object with a status': () => ({ status: 200, message: 'secret-token' }),
  'an object of no class': () => Object.create(null) as unknown,
  'a Proxy whose traps throw': () => new Proxy({}, TRAPS),
  'a Proxy of an Error': () => new Proxy(new Error('own'), TRAPS),
  'an heir of such a Proxy': () => Object.create(new Proxy({}, TRAPS)) as unknown,
  'an Error whose status throws': () => withGetter('status'),
  'an Error whose headers throw': () => withGetter('headers'),
  'an Error whose message throws': () => withGetter('message'),
  'an Error whose stack throws': () => withGetter('stack'),
};

/** Then Errors, whose message is `own`. */
export const ERRORS: Record<string, () => unknown> = {
  'an Error': () => new Error('own'),
  'a frozen Error': () => Object.freeze(new TypeError('own')),
  'an Error of status 200': () => Object.assign(new Error('own'), { status: 200 }),
  'an Error of status 204 by its getter': () =>
    Object.defineProperty(new Error('own'), 'statusCode', { get: () => 204 }),
  'an Error that is its own cause': () => {
    const error = new Error('own');
    return Object.assign(error, { cause: error });
  },
};
