import { setTimeout } from 'node:timers/promises';

/** Asks every millisecond, until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error('It never came to that');
    await setTimeout(1);
  }
}
