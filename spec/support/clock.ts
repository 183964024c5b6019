import { jest } from '@jest/globals';

/** Sets the time of day and lets every timer run as it does. */
export function setTime(milliseconds: number): void {
  jest.useFakeTimers({
    now: milliseconds,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}

const monotonic = performance.now.bind(performance);
let passed = 0;

/** Lets time pass at once, by the time of day and by the monotonic clock. */
export function letPass(milliseconds: number): void {
  passed += milliseconds;
  setTime(Date.now() + milliseconds);
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic() + passed);
}

/** Sets every clock right again. */
export function resetClocks(): void {
  passed = 0;
  jest.useRealTimers();
  jest.restoreAllMocks();
}
