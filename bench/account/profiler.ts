import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

const INTERVAL_US = 100;

// Connected during a profile alone, so that it costs nothing else.
const session = new Session();

/** Samples the stack of this process's main thread until the profile ends. */
export async function startProfile(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  await session.post('Profiler.start');
}

export async function endProfile(): Promise<Profiler.Profile> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}
