import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Repetitions } from '../../lib/session/repetitions.ts';
import { until } from '../support/until.ts';

const MOST = 1000;
const LONG_ENOUGH = 30;

/** Fails so often, then succeeds. */
function failing(times: number) {
  const made = {
    calls: 0,
    call: () => {
      made.calls += 1;
      return made.calls > times ? Promise.resolve() : Promise.reject(new Error('of the store'));
    },
  };
  return made;
}

function startMost(repetitions: Repetitions, seconds: number): boolean[] {
  return Array.from({ length: MOST }, () => repetitions.start(failing(0).call, seconds));
}

const keptAlive = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

describe('Repetitions', () => {
  it('calls again what failed, less and less often, until success, age or close', async () => {
    const [repetitions, closed] = [new Repetitions(), new Repetitions()];
    const [succeeding, tooOld, again, never] = [failing(0), failing(9), failing(1), failing(0)];
    expect(closed.start(never.call, LONG_ENOUGH)).toBe(true);
    closed.close();
    expect(repetitions.start(succeeding.call, LONG_ENOUGH)).toBe(true);
    // Old enough for the call after one second, not for the one two seconds later.
    expect(repetitions.start(tooOld.call, 2.5)).toBe(true);
    expect(repetitions.start(again.call, LONG_ENOUGH)).toBe(true);
    await until(() => again.calls === 2);
    expect([succeeding.calls, tooOld.calls, never.calls]).toEqual([1, 1, 0]);
    repetitions.close();
  });

  it('keeps no process alive', () => {
    const repetitions = new Repetitions();
    const before = keptAlive();
    repetitions.start(failing(0).call, LONG_ENOUGH);
    expect(keptAlive()).toBe(before);
    repetitions.close();
  });

  it('has room for many calls, and again once they are given up', async () => {
    const repetitions = new Repetitions();
    expect(startMost(repetitions, 0)).not.toContain(false);
    expect(repetitions.start(failing(0).call, 0)).toBe(false);
    await setImmediate();
    expect(startMost(repetitions, 0)).not.toContain(false);
  });

  it('lets many calls wait without a warning of a leak, and none once closed', async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on('warning', keep);
    const repetitions = new Repetitions();
    expect(startMost(repetitions, LONG_ENOUGH)).not.toContain(false);
    repetitions.close();
    await setImmediate();
    expect(repetitions.start(failing(0).call, LONG_ENOUGH)).toBe(false);
    process.off('warning', keep);
    expect(warnings).toEqual([]);
  });
});
