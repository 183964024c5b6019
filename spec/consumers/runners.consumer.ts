import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE } from '../support/consumer-project.ts';
import { type InstalledProject, installProject } from './installed-project.ts';

const NAMES = {
  '{ deepEqual }': 'node:assert/strict',
  '{ generateKeyPairSync, sign }': 'node:crypto',
  express: 'express',
  request: 'supertest',
  '{ oidcLogout }': PACKAGE,
};

/** The modules of the story, imported or required. */
const IMPORTED = modules((name, from) => `import ${name} from '${from}';`);
const REQUIRED = modules((name, from) => `const ${name} = require('${from}');`);

function modules(line: (name: string, from: string) => string): string {
  return Object.entries(NAMES)
    .map(([name, from]) => line(name, from))
    .join('\n');
}

/** A logout: the access token is taken, then ended, then refused. */
const STORY = `
const issuer = 'https://op.example.com';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const oidc = oidcLogout({
  provider: {
    issuer,
    clientId: 'web',
    discovery: false,
    metadata: { end_session_endpoint: issuer + '/logout' },
    jwks: { keys: [publicKey.export({ format: 'jwk' })] },
  },
  audience: 'api',
});
const app = express();
app.use('/logout', oidc.logout());
app.use('/api', oidc.guard(), (req, res) => { res.send('in'); });

const iat = Math.floor(Date.now() / 1000);
const text = [
  { alg: 'RS256', typ: 'at+jwt' },
  { iss: issuer, aud: 'api', client_id: 'web', sub: 'alice', jti: '1', iat, exp: iat + 60 },
].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
const token = text + '.' + sign('sha256', Buffer.from(text), privateKey).toString('base64url');
const ask = () => request(app).get('/api').set('Authorization', 'Bearer ' + token);

test('logs out', async () => {
  const before = await ask();
  const { status, body } = await request(app).post('/logout').send({ access_token: token });
  const after = await ask();
  deepEqual([before.status, status, after.status], [200, 200, 401]);
  deepEqual(body, { redirect: issuer + '/logout?client_id=web' });
});
`;

const JEST = 'node_modules/jest/bin/jest.js';
const VM = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

interface Consumer {
  readonly files: Readonly<Record<string, string>>;
  /** Of `node`, in the folder of the consumer's files. */
  readonly command: readonly string[];
}

function jest(file: string, text: string, config: object, flags: readonly string[] = []): Consumer {
  return {
    files: {
      [file]: text,
      'jest.config.json': JSON.stringify({ testRegex: 'story\\.', ...config }),
    },
    command: [...flags, `../${JEST}`, '--config', 'jest.config.json'],
  };
}

const TS = `import { test } from '@jest/globals';\n${IMPORTED}\n${STORY}`;
const STRICT = { module: 'commonjs', target: 'es2022', strict: true, esModuleInterop: true };
const SWC = ['@swc/jest', { module: { type: 'commonjs' } }];
const BABEL = ['babel-jest', { presets: [['@babel/preset-env', { targets: { node: '20' } }]] }];

const CONSUMERS: Readonly<Record<string, Consumer>> = {
  'Jest, in CommonJS as it comes': jest('story.js', REQUIRED + STORY, {}),
  'ts-jest': jest('story.ts', TS, { transform: { '\\.ts$': ['ts-jest', { tsconfig: STRICT }] } }),
  '@swc/jest': jest('story.ts', TS, { transform: { '\\.ts$': SWC } }),
  'babel-jest': jest('story.js', IMPORTED + STORY, { transform: { '\\.js$': BABEL } }),
  'Jest, in ES modules': jest('story.mjs', IMPORTED + STORY, { transform: {} }, VM),
  Vitest: {
    files: { 'story.test.mjs': `import { test } from 'vitest';\n${IMPORTED}${STORY}` },
    command: ['../node_modules/vitest/vitest.mjs', 'run'],
  },
  'Mocha, in CommonJS': {
    files: { 'story.cjs': REQUIRED + STORY },
    command: ['../node_modules/mocha/bin/mocha.js', '--ui', 'tdd', 'story.cjs'],
  },
  'Mocha, in ES modules': {
    files: { 'story.mjs': IMPORTED + STORY },
    command: ['../node_modules/mocha/bin/mocha.js', '--ui', 'tdd', 'story.mjs'],
  },
  'node:test, in CommonJS': {
    files: { 'story.cjs': `const { test } = require('node:test');\n${REQUIRED}${STORY}` },
    command: ['--throw-deprecation', '--test', 'story.cjs'],
  },
  'node:test, in ES modules': {
    files: { 'story.mjs': `import { test } from 'node:test';\n${IMPORTED}${STORY}` },
    command: ['--throw-deprecation', '--test', 'story.mjs'],
  },
};

let project: InstalledProject;

beforeAll(async () => {
  project = await installProject({
    ...{ '@babel/core': '^7.0.0', '@babel/preset-env': '^7.0.0', 'babel-jest': '^30.0.0' },
    ...{ '@jest/globals': '^30.0.0', jest: '^30.0.0', 'ts-jest': '^29.4.0' },
    ...{ '@swc/core': '^1.16.0', '@swc/jest': '^0.2.39', mocha: '^12.0.0', vitest: '^4.0.0' },
    ...{ '@types/express': '^5.0.0', '@types/node': '^20.0.0', '@types/supertest': '^7.0.0' },
    ...{ express: '^5.0.0', supertest: '^7.0.0', typescript: '~5.9.0' },
  });
}, 300_000);

afterAll(() => project.close());

describe('a logout over HTTP passes in', () => {
  it.each(Object.entries(CONSUMERS))('%s', async (name, { files, command }) => {
    const folder = name.replace(/\W+/g, '-');
    for (const [file, text] of Object.entries(files)) {
      await project.write(`${folder}/${file}`, text);
    }
    expect(await project.run(command, folder)).toBe('');
  });
});
