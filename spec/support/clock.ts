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
