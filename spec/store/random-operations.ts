import fc from 'fast-check';
import type { HowToEnd } from '../../lib/invalidation/how-to-end.ts';
import type { Login } from '../../lib/invalidation/login.ts';
import type { Key, Operations, TokenKey } from '../../lib/store/operations.ts';

/** One operation that happens some seconds after the one before. */
export interface RandomOperation {
  readonly name: string;
  readonly after: number;
  /** With operations that answer no repetition of a settled logout. */
  readonly isStrict: boolean;
  readonly run: (operations: Operations) => Promise<unknown>;
}

// Few values of each, so that what happens meets.
const session = fc.constantFrom('S', 'S', '~Q');
const subject = fc.constantFrom('U', 'U', 'U', 'V');
const time = fc.integer({ min: 1, max: 4 });
const tolerance = fc.integer({ min: 0, max: 1 });
const clientId = fc.constantFrom('web', 'web', 'app:ä');
const text = fc.constantFrom('', 'one', '{"two":"ä😀"}');
const tokens = fc.record({ idToken: text, refreshToken: text });
const claimant = fc.constantFrom('at:1', 'at:2', 'jti:1', 'app');
const owner = fc.constantFrom('', '{"issuer":"https://op.example/","sid":"ä\\"\\u0001"}');
const ttl = fc.integer({ min: 60, max: 90 });
const login = fc.tuple(session, fc.integer({ min: 0, max: 7 })).map(([of, n]): Login => {
  return { session: of, subject: n % 4 === 3 ? 'V' : 'U', time: 1 + (n >> 1), id: `i${n}` };
});
const token = fc.record({
  kind: fc.constantFrom('access-token', 'refresh-token'),
  of: fc.constantFrom('a', 'b'),
}) as fc.Arbitrary<TokenKey>;
const how: fc.Arbitrary<HowToEnd> = fc.oneof(
  login.map(({ subject: of, time: at, id }) => {
    return { by: 'login' as const, time: at, id, subject: of, saved: true, authTime: undefined };
  }),
  fc.record({
    by: fc.constant('login' as const),
    time,
    id: fc.constant(''),
    subject,
    saved: fc.constant(false),
    authTime: fc.option(time, { nil: undefined }),
  }),
  fc.record({
    by: fc.constant('time' as const),
    time,
    tolerance,
    subject: fc.option(subject, { nil: undefined }),
  }),
  fc.record({ by: fc.constant('front' as const), time, tolerance }),
);
const keys: Key[] = [
  ...['S', '~Q'].map((of) => ({ kind: 'verdict' as const, of })),
  ...['U', 'V'].map((of) => ({ kind: 'cut-off' as const, of })),
  ...['a', 'b'].map((of) => ({ kind: 'access-token' as const, of })),
  { kind: 'refresh-token', of: 'a' },
  { kind: 'epoch' },
];

function operation<Given>(
  name: string,
  given: fc.Arbitrary<Given>,
  run: (operations: Operations, given: Given) => Promise<unknown>,
): fc.Arbitrary<RandomOperation> {
  return fc
    .tuple(given, fc.constantFrom(0, 0, 1, 3), fc.boolean())
    .map(([values, after, isStrict]) => ({
      name: `${name} ${JSON.stringify(values)}`,
      after,
      isStrict,
      run: (operations) => run(operations, values),
    }));
}

const save = fc.record({ login, owner, clientId, tokens });
const done = fc.constantFrom('t', 'r', 'tr');
const invalidation = fc.record({ ttl, note: text, force: fc.boolean() });
const digest = fc.constantFrom('s1', 's2');

/** Any operation; those that have most to decide come most. */
export const randomOperation: fc.Arbitrary<RandomOperation> = fc.oneof(
  { weight: 4, arbitrary: operation('saveLogin', save, (on, given) => on.saveLogin(given)) },
  { weight: 2, arbitrary: operation('renewLogin', save, (on, given) => on.renewLogin(given)) },
  {
    weight: 6,
    arbitrary: operation(
      'endSession',
      fc.record({ session, how, claimant, answer: fc.constantFrom('', 'answer'), owner }),
      (on, given) => on.endSession(given),
    ),
  },
  {
    weight: 2,
    arbitrary: operation('settleEnd', fc.tuple(session, done), async (on, [of, what]) => {
      const { isLive, end } = await on.look(of);
      await on.settleEnd(of, end?.event ?? '1 i0', what);
      return [isLive, end?.event, end?.left];
    }),
  },
  operation('addMember', login, (on, given) => on.addMember(given)),
  operation(
    'endSubject',
    fc.record({
      ...{ subject, time, claimant, owner },
      unless: fc.constantFrom(undefined, undefined, 'S', 'R'),
    }),
    async (on, given) => {
      const { members, published, raised } = await on.endSubject(given);
      return [members.sort(), published, raised];
    },
  ),
  {
    weight: 2,
    arbitrary: operation(
      'linkToken',
      fc.tuple(token, login, text, ttl),
      (on, [key, of, claims, span]) => on.linkToken(key, of, claims, span),
    ),
  },
  operation('invalidateToken', fc.tuple(token, invalidation), (on, [key, given]) =>
    on.invalidateToken(key, given),
  ),
  operation('expireToken', fc.tuple(token, ttl), (on, [key, span]) => on.expireToken(key, span)),
  operation('keepState', fc.tuple(digest, text, ttl), (on, [of, value, span]) =>
    on.keepState(of, value, span),
  ),
  operation('takeState', digest, (on, of) => on.takeState(of)),
  operation('beginEpoch', fc.constant(null), (on) => on.beginEpoch()),
  operation('read', fc.constant(null), (on) => on.read(keys)),
);
