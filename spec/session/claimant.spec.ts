import { expect, it } from '@jest/globals';
import { causeOf, claimantOf } from '../../lib/session/claimant.ts';

/** As stores keep it, and as processes of other versions read it. */
const CLAIMANTS: readonly [claimant: string, call: Parameters<typeof claimantOf>][] = [
  ['logout::', ['logout']],
  ['logout:digest:', ['logout', 'digest']],
  ['back-channel:digest:', ['back-channel', 'digest']],
  ['back-channel:digest:offline', ['back-channel', 'digest', true]],
  ['front-channel:digest:', ['front-channel', 'digest']],
  ['app::', ['app']],
];

it.each(CLAIMANTS)('the claimant %j tells the cause, and offline access', (claimant, call) => {
  expect(claimantOf(...call)).toBe(claimant);
  const [cause, , revokesOfflineAccess = false] = call;
  expect(causeOf(claimant)).toEqual({ cause, revokesOfflineAccess });
});

it('no claimant is the login of another user', () => {
  expect(causeOf('')).toEqual({ cause: 'login', revokesOfflineAccess: false });
});

it.each(['of another version', 'of another version::offline'])(
  'the claimant %j of another writer tells no cause',
  (claimant) => {
    expect(causeOf(claimant)).toBeUndefined();
  },
);
