import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

const INTERVAL_US = 100;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });

/** Samples the stack of this process's main thread until the profile ends. */
export async function startProfile(): Promise<void> {
  await session.post('Profiler.start');
}

export async function endProfile(): Promise<Profiler.Profile> {
  return (await session.post('Profiler.stop')).profile;
}
