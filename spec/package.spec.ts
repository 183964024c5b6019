import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { REPOSITORY } from './support/consumer-project.ts';

const run = promisify(execFile);

// What is built, and how it serves, is seen by `npm run test:consumers`.
it('holds the documents, and nothing else beside the build', async () => {
  const documents = [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'],
    ...[
      'api',
      'back-channel',
      'configuration',
      'events',
      'guard',
      'how-it-works',
      'logout',
      'migration',
      'providers',
      'redis',
      'security',
      'sessions',
      'troubleshooting',
    ].map((name) => `docs/${name}.md`),
    ...['express-openid-connect', 'front-end-and-api', 'jest', 'nestjs', 'passport']
      .concat('several-apps')
      .map((name) => `docs/recipes/${name}.md`),
    ...['docs/app.mts', 'docs/login.d.mts', 'docs/login.mjs'],
    'docs/examples/README.md',
    ...['least-app', 'redis-and-two-processes', 'cookie-session', 'front-end-and-api', 'login']
      .concat(['own-store', 'own-store-app'])
      .map((name) => `docs/examples/${name}.ts`),
  ];
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], { cwd: REPOSITORY });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path).filter((path) => !path.startsWith('dist/'));
  expect(paths.sort()).toEqual(documents.sort());
});
