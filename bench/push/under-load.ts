import { setTimeout } from 'node:timers/promises';
import { Child } from '../child.ts';
import type { SteadyLoadState } from './steady-load.ts';

const POLL_MS = 500;
const ATTEMPTS = 40;

// More would be a server that cannot keep up, and its queue is not what is to be measured.
const MOST_WAITING = 100;
const WARM_UP = 2000;

export interface SteadyLoad {
  readonly urls: readonly string[];
  readonly perSecond: number;
  readonly accessToken: string;
}

/** Does something while servers are busy, from when they keep up with the load. */
export async function underLoad<T>(
  { urls, perSecond, accessToken }: SteadyLoad,
  action: () => Promise<T>,
): Promise<T> {
  const senders = urls.map(
    (url) => new Child('./push/steady-load.ts', [url, String(perSecond), accessToken]),
  );
  try {
    for (let attempt = 1; !(await isKeptUp(senders)); attempt += 1) {
      if (attempt === ATTEMPTS) throw new Error('The servers never keep up with the load');
      await setTimeout(POLL_MS);
    }
    const result = await action();
    if (!(await isKeptUp(senders))) throw new Error('The servers did not keep up with the load');
    return result;
  } finally {
    await Promise.all(senders.map((sender) => sender.stop()));
  }
}

async function isKeptUp(senders: readonly Child[]): Promise<boolean> {
  const states = await Promise.all(senders.map((sender) => sender.ask({})));
  return (states as SteadyLoadState[]).every(({ answered, waiting, refused }) => {
    if (refused > 0) throw new Error(`Of the steady load, ${refused} requests were refused`);
    return answered >= WARM_UP && waiting <= MOST_WAITING;
  });
}
