import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compiled } from './compiled.ts';

/** Apps in a process of their own, whose death is seen. */
export interface AppProcess {
  /** Where each app listens, in the order of the program. */
  readonly urls: readonly string[];
  isAlive(): boolean;
  close(): Promise<void>;
}

/** Runs a program of this folder, which is handed `input` and prints the ports of its apps. */
export async function startProcess(program: string, input: object): Promise<AppProcess> {
  const child = spawn(process.execPath, [compiled(`spec/support/${program}`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', INPUT: JSON.stringify(input) },
  });
  for await (const line of createInterface(child.stdout)) {
    const [, ports] = /^Listening ([\d ]+)$/.exec(line) ?? [];
    if (ports === undefined) continue;
    return {
      urls: ports.split(' ').map((port) => `http://127.0.0.1:${port}`),
      isAlive: () => child.exitCode === null && child.signalCode === null,
      close: () => stop(child),
    };
  }
  throw new Error(`${program} did not start`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
