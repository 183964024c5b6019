import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** An app in a process of its own, whose death is seen. */
export interface AppProcess {
  /** Where it listens. */
  readonly url: string;
  isAlive(): boolean;
  close(): Promise<void>;
}

/** Runs a program of this folder, which prints the port that it listens on, and is handed `input`. */
export async function startProcess(program: string, input: object): Promise<AppProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', `spec/support/${program}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', INPUT: JSON.stringify(input) },
  });
  for await (const line of createInterface(child.stdout)) {
    const [, port] = /^Listening (\d+)$/.exec(line) ?? [];
    if (port === undefined) continue;
    return {
      url: `http://127.0.0.1:${port}`,
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
