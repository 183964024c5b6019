import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compiled } from './compiled.ts';

/** The example app in a process of its own. */
export interface ExampleProcess {
  /** Where it listens. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startExampleProcess(
  environment: Readonly<Record<string, string>>,
): Promise<ExampleProcess> {
  const child = spawn(process.execPath, [compiled('example-app/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', PORT: '0', ...environment },
  });
  for await (const line of createInterface(child.stdout)) {
    const [, port] = /^(?:Open +http:\/\/localhost:|Port +)(\d+)$/.exec(line) ?? [];
    if (port === undefined) continue;
    return { url: `http://127.0.0.1:${port}`, close: () => stop(child) };
  }
  throw new Error('The app did not start');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
