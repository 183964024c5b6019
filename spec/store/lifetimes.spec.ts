import { expect, it } from '@jest/globals';
import { lifetimesFrom } from '../../lib/store/lifetimes.ts';

const DAY = 24 * 3600;
const options = {
  clockTolerance: 5,
  maxTokenLifetime: DAY,
  maxSessionLifetime: 14 * DAY,
  retryWindow: 60,
};

it('says in one place how long everything lives', () => {
  expect(lifetimesFrom(options)).toEqual({
    verdict: 14 * DAY,
    session: 14 * DAY,
    ended: DAY,
    settled: 60,
    lease: 120,
  });
});

it('remembers an end for longer than any token that it is about', () => {
  const lifetimes = lifetimesFrom({ ...options, maxTokenLifetime: 30 * DAY });
  expect(lifetimes.verdict).toBe(30 * DAY + 2 * 5 + 60);
});
