import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  edge,
  endedForUnsaved,
  isOver,
  raise,
  type Verdict,
} from '../../lib/invalidation/verdict.ts';

const verdict: Verdict = { before: 100, named: ['a', 'b'] };

describe('isOver', () => {
  it.each([
    ['of an earlier second', 99, 'x', true],
    ['of the last second that is over as a whole', 100, 'x', true],
    ['that is named', 101, 'b', true],
    ['of the same second as one that is named', 101, 'x', false],
    ['of a later second', 102, 'x', false],
  ])('judges a login %s', (_which, time, id, expected) => {
    expect(isOver(verdict, { time, id })).toBe(expected);
  });

  it('is false where nothing ended', () => {
    expect(isOver(undefined, { time: 0, id: 'a' })).toBe(false);
  });
});

describe('endedForUnsaved', () => {
  it.each([
    ['authenticated before the end', verdict, 100, true],
    ['authenticated in the second of the logins that are named', verdict, 101, true],
    ['authenticated later', verdict, 102, false],
    ['that does not say when its user authenticated', verdict, undefined, true],
    ['authenticated after an end by time', { before: 100, named: [] }, 101, false],
    ['authenticated in the second of an end by time', { before: 100, named: [] }, 100, true],
    ['of a session that never ended', undefined, undefined, false],
  ])('judges a token %s', (_which, given, authTime, expected) => {
    expect(endedForUnsaved(given, authTime)).toBe(expected);
  });
});

describe('edge', () => {
  it('is the second of the logins that are named, else the last that is over as a whole', () => {
    expect([edge(verdict), edge({ before: 100, named: [] })]).toEqual([101, 100]);
  });
});

describe('raise', () => {
  it.each<[string, Verdict | undefined, Verdict, Verdict]>([
    [
      'begins with the first end',
      undefined,
      { before: 5, named: ['x'] },
      { before: 5, named: ['x'] },
    ],
    ['takes the later time', verdict, { before: 101, named: ['x'] }, { before: 101, named: ['x'] }],
    [
      'unites the names of one time',
      verdict,
      { before: 100, named: ['b', 'aa'] },
      { before: 100, named: ['a', 'aa', 'b'] },
    ],
    ['ignores an earlier time', verdict, { before: 99, named: ['x'] }, verdict],
    ['ignores what is known', verdict, { before: 100, named: ['b'] }, verdict],
  ])('%s', (_what, given, { before, named }, expected) => {
    expect(raise(given, before, named)).toEqual(expected);
  });

  it('answers the same object where nothing became stricter', () => {
    expect(raise(verdict, 100, ['a'])).toBe(verdict);
    expect(raise(verdict, 12, ['x'])).toBe(verdict);
  });

  const ends = fc.array(
    fc.record({ before: fc.integer({ min: 0, max: 3 }), named: fc.subarray(['a', 'b', 'c']) }),
  );
  const raised = (all: Verdict[]) =>
    all.reduce<Verdict | undefined>(
      (strict, { before, named }) => raise(strict, before, named),
      undefined,
    );
  const login = fc.record({
    time: fc.integer({ min: 0, max: 4 }),
    id: fc.constantFrom('a', 'b', 'd'),
  });

  it('comes to the same in whichever order the ends come', () => {
    fc.assert(
      fc.property(ends, (all) => {
        expect(raised(all.toReversed())).toEqual(raised(all));
      }),
    );
  });

  it('never takes back that a login of a second that is over is over', () => {
    fc.assert(
      fc.property(ends, ends, login, (some, more, { time }) => {
        const before = raised(some)?.before ?? -1;
        fc.pre(time <= before);
        expect(isOver(raised([...some, ...more]), { time, id: 'any' })).toBe(true);
      }),
    );
  });
});
