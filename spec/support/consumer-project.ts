import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const PACKAGE = 'express-oidc-logout';

const MODULES = join(REPOSITORY, 'node_modules');
const LISTENING = /^Listening on port (\d+)$/;

export interface RunningApp {
  readonly url: string;
  close(): Promise<void>;
}

/** A project of somebody who uses the package: a folder of its own, with its own `node_modules`. */
export interface ConsumerProject {
  readonly folder: string;
  write(path: string, text: string): Promise<void>;
  /** Runs `node` with these arguments until it says which port it listens on. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunningApp>;
  /** Type-checks the project; answers the compiler's complaints. */
  typeCheck(): Promise<string>;
  close(): Promise<void>;
}

/** Makes a project that has every package of this repository, some under another name, and no other. */
export async function createConsumerProject(
  aliases: Readonly<Record<string, string>> = {},
): Promise<ConsumerProject> {
  const folder = await mkdtemp(join(tmpdir(), 'consumer-'));
  const apps: RunningApp[] = [];
  await mkdir(join(folder, 'node_modules'));
  const names = (await readdir(MODULES)).filter((name) => !name.startsWith('.'));
  const links = { ...Object.fromEntries(names.map((name) => [name, name])), ...aliases };
  for (const [name, target] of Object.entries(links)) {
    await symlink(join(MODULES, target), join(folder, 'node_modules', name));
  }

  return {
    folder,
    async write(path, text) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    },
    async start(args, env = {}) {
      const app = await startApp(folder, args, env);
      apps.push(app);
      return app;
    },
    async typeCheck() {
      const tsc = join(MODULES, 'typescript/bin/tsc');
      try {
        await promisify(execFile)(process.execPath, [tsc, '--project', folder]);
        return '';
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    },
    async close() {
      for (const app of apps) await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `node` in a folder until it says which port it listens on. */
export async function startApp(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunningApp> {
  const { PATH = '' } = process.env;
  const app = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = () => stop(app);
  try {
    return { url: `http://127.0.0.1:${await portOf(app)}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function portOf(app: ChildProcess): Promise<string> {
  let complaints = '';
  app.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  if (app.stdout === null) throw new Error('The app has no output');
  for await (const line of createInterface({ input: app.stdout })) {
    const port = LISTENING.exec(line)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error(`The app ended before it listened: ${complaints}`);
}

async function stop(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null || app.signalCode !== null) return;
  const exit = once(app, 'exit');
  app.kill();
  await exit;
}
