import { setTimeout } from 'node:timers/promises';

// Milliseconds.
const LONGEST_PAUSE = 16;

/** Asks until it is so: soon again at first, then less often, because each question costs time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  milliseconds = 10_000,
): Promise<void> {
  const giveUpAt = performance.now() + milliseconds;
  for (let pause = 1; !(await isSo()); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    if (performance.now() > giveUpAt) throw new Error('It never came to that');
    await setTimeout(pause);
  }
}
