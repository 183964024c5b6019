import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import {
  type ConsumerProject,
  createConsumerProject,
  PACKAGE,
} from '../support/consumer-project.ts';

/** The packed package, as `spec/consumers/pack.js` left it. */
const { PACKED = '' } = process.env;

/** A project into which npm installed the packed package. */
export interface InstalledProject {
  readonly folder: string;
  write(path: string, text: string): Promise<void>;
  /** Runs `node` in the project, or in a folder of it; answers what it said if it failed. */
  run(args: readonly string[], cwd?: string): Promise<string>;
  close(): Promise<void>;
}

export async function installProject(
  dependencies: Readonly<Record<string, string>>,
): Promise<InstalledProject> {
  const folder = await mkdtemp(join(tmpdir(), 'consumer-'));
  const project: InstalledProject = {
    folder,
    async write(path, text) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), text);
    },
    run(args, cwd = '.') {
      return complaintsOf(process.execPath, args, join(folder, cwd));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
  const packages = { ...dependencies, [PACKAGE]: `file:${PACKED}` };
  await project.write('package.json', JSON.stringify({ private: true, dependencies: packages }));
  const complaints = await complaintsOf('npm', INSTALL, folder);
  if (complaints !== '') throw new Error(complaints);
  return project;
}

/** A project with the packed package in its `node_modules`, beside every package of this repository. */
export async function unpackIntoProject(
  aliases?: Readonly<Record<string, string>>,
): Promise<ConsumerProject> {
  const project = await createConsumerProject(aliases);
  const folder = join(project.folder, 'node_modules', PACKAGE);
  await mkdir(folder);
  await promisify(execFile)('tar', ['-xzf', PACKED, '--strip-components=1', '-C', folder]);
  return project;
}

const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

function complaintsOf(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { PATH, HOME } }, (error, stdout, stderr) => {
      resolve(error === null ? '' : `${stdout}${stderr}` || error.message);
    });
  });
}
