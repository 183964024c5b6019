import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transformFile } from '@swc/core';
import {
  type ConsumerProject,
  createConsumerProject,
  PACKAGE,
  REPOSITORY,
} from './consumer-project.ts';

/** A project as the pages tell to make it. */
export interface PageProject extends ConsumerProject {
  /** Runs lines of a shell in the folder of the project. */
  sh(lines: string): Promise<void>;
}

/** Makes a project that has the package by its name, built from its sources, and nothing else of its own. */
export async function createPageProject(): Promise<PageProject> {
  const project = await createConsumerProject();
  const folder = join('node_modules', PACKAGE);
  await mkdir(join(project.folder, folder));
  await symlink(join(REPOSITORY, 'docs'), join(project.folder, folder, 'docs'));
  await project.write(
    join(folder, 'package.json'),
    '{"type":"module","exports":"./dist/index.js"}',
  );
  const sources = await readdir(join(REPOSITORY, 'lib'), { recursive: true });
  const modules = sources.filter((name) => name.endsWith('.ts'));
  await Promise.all(
    modules.map(async (name) => {
      const { code } = await transformFile(join(REPOSITORY, 'lib', name), TO_JAVASCRIPT);
      await project.write(join(folder, 'dist', name.replace(/\.ts$/, '.js')), code);
    }),
  );
  return {
    ...project,
    async sh(lines) {
      await promisify(execFile)('sh', ['-ec', lines], { cwd: project.folder });
    },
  };
}

// A process that has nothing to compile starts in a third of the time.
const TO_JAVASCRIPT = {
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript' },
    rewriteRelativeImportExtensions: true,
  },
} as const;
