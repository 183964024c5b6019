import { readFileSync } from 'node:fs';

/** Of this process until now, in microseconds. */
export interface CpuTime {
  readonly allThreads: number;
  readonly mainThread: number;
}

export function cpuTime(): CpuTime {
  const { user, system } = process.cpuUsage();
  return { allThreads: user + system, mainThread: mainThreadTime() };
}

/** Known on Linux alone. */
function mainThreadTime(): number {
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1000;
}
