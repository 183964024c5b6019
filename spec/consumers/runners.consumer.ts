import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE } from '../support/consumer-project.ts';
import { openPage } from '../support/page.ts';
import { type InstalledProject, installProject } from './installed-project.ts';

interface Story {
  /** The modules of the story, imported or required. */
  readonly names: Readonly<Record<string, string>>;
  /** What stands in comments is for TypeScript alone. */
  readonly text: string;
}

/** A logout: the access token is taken, then ended, then refused. */
const LOGOUT: Story = {
  names: {
    '{ deepEqual }': 'node:assert/strict',
    '{ generateKeyPairSync, sign }': 'node:crypto',
    express: 'express',
    request: 'supertest',
    '{ oidcLogout }': PACKAGE,
  },
  text: `
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
`,
};

/** A small store keeps the contract, and breaks a rule where it finds nothing. */
const CONTRACT: Story = {
  names: {
    '{ rejects }': 'node:assert/strict',
    '{ storeContract }': `${PACKAGE}/store-contract`,
  },
  text: `
/*import type { Store } from '${PACKAGE}';*/
const [texts, subscribers] = [new Map(), new Map()];
const now = () => Date.now() / 1000;
const valueOf = (key/*: string*/) => {
  const { value, expiry } = texts.get(key) ?? {};
  return expiry > now() ? value : undefined;
};
const store/*: Store*/ = {
  read: async (keys) => structuredClone(keys.map(valueOf)),
  async update(keys, change) {
    const { result, writes, messages } = change(structuredClone(keys.map(valueOf)), now());
    for (const { key, value, ttl = Infinity } of writes) {
      texts.set(key, { value, expiry: now() + ttl });
    }
    for (const message of messages) for (const hear of subscribers.values()) hear(message);
    return result;
  },
  subscribe({ hear, live }) {
    const id = {};
    subscribers.set(id, hear);
    live();
    return () => { subscribers.delete(id); };
  },
};
const opened = (store/*: Store*/) => () => ({ store, elsewhere: store, close() {} });
for (const { name, run } of storeContract) test(name, () => run(opened(store)));

test('tells which rule a store breaks', async () => {
  const broken = { ...store, read: async () => [undefined, undefined] };
  const name = 'answers texts in the order of the keys';
  const message = 'The store breaks a rule: ' + name;
  await rejects(
    async () => storeContract.find((rule) => rule.name === name)?.run(opened(broken)),
    { message },
  );
});
`,
};

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

const MOCHA = ['../node_modules/mocha/bin/mocha.js', '--ui', 'tdd', '--timeout', '20000'];

const STRICT = { module: 'commonjs', target: 'es2022', strict: true, esModuleInterop: true };
const SWC = ['@swc/jest', { module: { type: 'commonjs' } }];
const BABEL = ['babel-jest', { presets: [['@babel/preset-env', { targets: { node: '20' } }]] }];

function consumersOf({ names, text }: Story): Readonly<Record<string, Consumer>> {
  const modules = (line: (name: string, from: string) => string) =>
    Object.entries(names)
      .map(([name, from]) => line(name, from))
      .join('\n');
  const imported = modules((name, from) => `import ${name} from '${from}';`) + text;
  const required = modules((name, from) => `const ${name} = require('${from}');`) + text;
  const typed = imported.replace(/\/\*(.*?)\*\//g, '$1');
  const ts = `import { test } from '@jest/globals';\n${typed}`;
  return {
    'Jest, in CommonJS as it comes': jest('story.js', required, {}),
    'ts-jest': jest('story.ts', ts, { transform: { '\\.ts$': ['ts-jest', { tsconfig: STRICT }] } }),
    '@swc/jest': jest('story.ts', ts, { transform: { '\\.ts$': SWC } }),
    'babel-jest': jest('story.js', imported, { transform: { '\\.js$': BABEL } }),
    'Jest, in ES modules': jest('story.mjs', imported, { transform: {} }, VM),
    Vitest: {
      files: { 'story.test.mjs': `import { test } from 'vitest';\n${imported}` },
      command: ['../node_modules/vitest/vitest.mjs', 'run'],
    },
    'Mocha, in CommonJS': {
      files: { 'story.cjs': required },
      command: [...MOCHA, 'story.cjs'],
    },
    'Mocha, in ES modules': {
      files: { 'story.mjs': imported },
      command: [...MOCHA, 'story.mjs'],
    },
    'node:test, in CommonJS': {
      files: { 'story.cjs': `const { test } = require('node:test');\n${required}` },
      command: ['--throw-deprecation', '--test', 'story.cjs'],
    },
    'node:test, in ES modules': {
      files: { 'story.mjs': `import { test } from 'node:test';\n${imported}` },
      command: ['--throw-deprecation', '--test', 'story.mjs'],
    },
  };
}

let project: InstalledProject;

beforeAll(async () => {
  project = await installProject({
    ...{ '@babel/core': '^7.0.0', '@babel/preset-env': '^7.0.0', 'babel-jest': '^30.0.0' },
    ...{ '@jest/globals': '^30.0.0', jest: '^30.0.0', 'ts-jest': '^29.4.0' },
    ...{ '@swc/core': '^1.16.0', '@swc/jest': '^0.2.39', mocha: '^12.0.0', vitest: '^4.0.0' },
    ...{ '@types/express': '^5.0.0', '@types/node': '^20.0.0', '@types/supertest': '^7.0.0' },
    ...{ express: '^5.0.0', 'express-session': '^1.19.0', supertest: '^7.0.0' },
    typescript: '~5.9.0',
  });
}, 300_000);

afterAll(() => project.close());

async function runIn(folder: string, { files, command }: Consumer): Promise<string> {
  for (const [file, text] of Object.entries(files)) await project.write(`${folder}/${file}`, text);
  return project.run(command, folder);
}

describe.each([
  ['a logout over HTTP', LOGOUT],
  ['the contract of a store', CONTRACT],
])('%s passes in', (title, story) => {
  it.each(Object.entries(consumersOf(story)))('%s', async (name, consumer) => {
    expect(await runIn(`${title} ${name}`.replace(/\W+/g, '-'), consumer)).toBe('');
  });
});

it('the recipe for Jest passes in CommonJS', async () => {
  const page = openPage('docs/recipes/jest.md');
  const { files, command } = jest('story.js', page.take('js', 'oidcLogout('), {});
  const all = { ...files, 'app.js': page.take('js', 'exports.createApp') };
  expect(await runIn('recipe', { files: all, command })).toBe('');
});
