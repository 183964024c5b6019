import { execFile } from 'node:child_process';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiled } from './compiled.ts';
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
  await cp(compiled('lib'), join(project.folder, folder, 'dist'), { recursive: true });
  return {
    ...project,
    async sh(lines) {
      await promisify(execFile)('sh', ['-ec', lines], { cwd: project.folder });
    },
  };
}
