import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { transformFile } from '@swc/core';
import { build } from 'esbuild';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['example-app', 'docs/examples', 'spec/support'];
const MANIFEST = { name: 'express-oidc-logout', type: 'module', exports: './lib/index.js' };
const TO_JAVASCRIPT = {
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript' },
    rewriteRelativeImportExtensions: true,
  },
};

async function compileFolder(folder, to) {
  const from = join(REPOSITORY, folder);
  // With the sources: the example app shows its own.
  await cp(from, to, { recursive: true });
  const files = await readdir(from, { recursive: true });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  await Promise.all(
    sources.map(async (source) => {
      const { code } = await transformFile(join(from, source), TO_JAVASCRIPT);
      const file = join(to, source.replace(/\.ts$/, '.js'));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, code);
    }),
  );
}

/** Puts the package and its dependencies into few files, which take less time to load than hundreds. */
async function bundlePackage(to) {
  await build({
    entryPoints: ['lib/index.ts', 'lib/cli.ts'],
    absWorkingDir: REPOSITORY,
    outdir: join(to, 'lib'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    external: ['express', 'ioredis'],
    // Errors are named by their classes.
    keepNames: true,
    // For the CommonJS modules inside.
    banner: {
      js: `import { createRequire as requireFor } from 'node:module';\nconst require = requireFor(import.meta.url);`,
    },
  });
}

/** Compiles once what the specs run in processes of their own: with nothing to compile they start faster. */
export async function compilePrograms() {
  const to = await mkdtemp(join(tmpdir(), 'programs-'));
  const compiling = FOLDERS.map((folder) => compileFolder(folder, join(to, folder)));
  await Promise.all([bundlePackage(to), ...compiling]);
  await writeFile(join(to, 'package.json'), JSON.stringify(MANIFEST));
  await symlink(join(REPOSITORY, 'node_modules'), join(to, 'node_modules'));
  process.env.SPEC_PROGRAMS = to;
}

export async function removePrograms() {
  await rm(process.env.SPEC_PROGRAMS, { recursive: true, force: true });
}
