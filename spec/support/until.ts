import { setTimeout } from 'node:timers/promises';

// Milliseconds.
const LONGEST_PAUSE = 16;

/** Asks until it is so: soon again at first, then less often, because each question costs time. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  for (let pause = 1; !(await isSo()); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    if (performance.now() > giveUpAt) throw new Error('It never came to that');
    await setTimeout(pause);
  }
}
