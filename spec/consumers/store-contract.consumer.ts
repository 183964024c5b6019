import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { storeContract } from '../../lib/store/contract.ts';
import { type ConsumerProject, PACKAGE } from '../support/consumer-project.ts';
import { openPage } from '../support/page.ts';
import { unpackIntoProject } from './installed-project.ts';

const PAGE = openPage('docs/configuration.md');
const COMPILED = {
  ...{ target: 'es2023', module: 'nodenext', types: ['node'], strict: true, skipLibCheck: false },
};

let project: ConsumerProject;

beforeAll(async () => {
  project = await unpackIntoProject();
  await project.write('package.json', '{"type":"module"}');
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILED }));
  const example = join(project.folder, 'node_modules', PACKAGE, 'docs/examples/own-store.ts');
  await cp(example, join(project.folder, 'own-store.ts'));
});

afterAll(() => project.close());

it('the lines of the page run the contract over the packed example, in TypeScript', async () => {
  await project.write('contract.test.ts', PAGE.take('js', 'storeContract'));
  expect(await project.typeCheck()).toBe('');
  const options = ['--test', '--test-reporter=tap', 'contract.test.js'];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: project.folder });
  expect(stdout).toContain(`\n# pass ${storeContract.length}\n# fail 0\n`);
});
