import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ConsumerProject, PACKAGE, REPOSITORY } from '../support/consumer-project.ts';
import { ALL, startOidcProvider } from '../support/oidc-provider.ts';
import { type InstalledProject, installProject, unpackIntoProject } from './installed-project.ts';

const run = promisify(execFile);

const APP = `
const app = express();
app.use('/api', oidcLogout({
  provider: { issuer: 'https://op.example.com', clientId: 'web' },
  audience: 'https://api.example.com',
}).guard());
const server = app.listen(0, '127.0.0.1', () => {
  console.log('Listening on port ' + server.address().port);
});
`;

const ESM = `
import express from 'express';
import { oidcLogout } from '${PACKAGE}';
${APP}`;

const COMMON_JS = `
const express = require('express');
const { oidcLogout } = require('${PACKAGE}');
${APP}`;

describe.each(['express', 'express4'])('the package, beside %s', (express) => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await unpackIntoProject({ express });
  });

  afterAll(() => project.close());

  it.each([
    ['imported by an ES module', [], 'app.mjs', ESM],
    ['required by a CommonJS module', [], 'app.cjs', COMMON_JS],
    [
      'required where no ES module can be',
      ['--no-experimental-require-module'],
      'app.cjs',
      COMMON_JS,
    ],
  ])('guards an app when it is %s', async (_how, flags, file, text) => {
    await project.write(file, text);
    const { url } = await project.start(['--throw-deprecation', ...flags, file]);
    const answer = await fetch(`${url}/api`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });
});

const ONE_COPY = `
import { createRequire } from 'node:module';
import { strictEqual } from 'node:assert/strict';
import { oidcLogout } from '${PACKAGE}';
const required = createRequire(import.meta.url)('${PACKAGE}');
strictEqual(required.oidcLogout, oidcLogout);
`;

const TWO_COPIES = `
import { createRequire } from 'node:module';
import { notEqual, rejects } from 'node:assert/strict';
import * as imported from '${PACKAGE}';
const required = createRequire(import.meta.url)('./node_modules/${PACKAGE}/dist/index.cjs');
notEqual(required.InvalidLogoutTokenError, imported.InvalidLogoutTokenError);
const { code, name } = imported.InvalidLogoutTokenError;
const rules = { issuer: 'https://op.example.com', clientId: 'web' };
await rejects(required.verifyLogoutToken('none', new Uint8Array(32), rules), { code, name });
`;

const OTHER_JOSE = `
const { generateKeyPairSync, sign } = require('node:crypto');
const { rejects } = require('node:assert/strict');
const { createLocalJWKSet } = require('jose');
const { InvalidLogoutTokenError, verifyLogoutToken } = require('${PACKAGE}');
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const [issuer, clientId, iat] = ['https://op.example.com', 'web', Math.floor(Date.now() / 1000)];
const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const text = [
  { alg: 'RS256' },
  { iss: issuer, aud: clientId, sub: 'alice', jti: '1', iat, exp: iat + 60, events },
].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
const token = text + '.' + sign('sha256', Buffer.from(text), privateKey).toString('base64url');
const jwk = publicKey.export({ format: 'jwk' });
const verify = (keys) => verifyLogoutToken(token, createLocalJWKSet({ keys }), { issuer, clientId });
(async () => {
  await verify([jwk]);
  await verify([generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }), jwk]);
  await rejects(verify([]), { code: InvalidLogoutTokenError.code });
})();
`;

async function modules(): Promise<string[]> {
  const files = await readdir(join(REPOSITORY, 'lib'), { recursive: true });
  return files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
}

describe('the package, installed by npm', () => {
  let project: InstalledProject;

  beforeAll(async () => {
    project = await installProject({ express: '^5.0.0', jose: '^5.0.0' });
  }, 300_000);

  afterAll(() => project.close());

  it('holds the build, and nothing else of it', async () => {
    const folder = join(project.folder, 'node_modules', PACKAGE, 'dist');
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile());
    const built = (await modules()).map((name) => `${name}.js`);
    const others = ['index', 'store/contract'].flatMap((name) =>
      ['cjs', 'd.cts', 'd.ts'].map((ending) => `${name}.${ending}`),
    );
    expect(
      paths.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort(),
    ).toEqual([...built, ...others, 'THIRD-PARTY-LICENSES.txt'].sort());
  });

  it('is one copy for import and require', async () => {
    await project.write('one.mjs', ONE_COPY);
    expect(await project.run(['one.mjs'])).toBe('');
  });

  it('tells its errors apart by their codes, where a loader makes two copies', async () => {
    await project.write('two.mjs', TWO_COPIES);
    expect(await project.run(['two.mjs'])).toBe('');
  });

  it('knows the errors of another copy of jose', async () => {
    await project.write('jose.cjs', OTHER_JOSE);
    expect(await project.run(['--no-experimental-require-module', 'jose.cjs'])).toBe('');
  });

  it('brings the licences of what is inside', async () => {
    const licences = join(project.folder, 'node_modules', PACKAGE, 'dist/THIRD-PARTY-LICENSES.txt');
    const names = (await readFile(licences, 'utf8')).match(/^[a-z\d-]+ \d+\.\d+\.\d+$/gm) ?? [];
    expect(names.map((line) => line.split(' ', 1)[0]).sort()).toEqual([
      'eventemitter3',
      'jose',
      'leven',
      'oauth4webapi',
      'p-queue',
      'p-timeout',
    ]);
  });

  it('has the doctor as its program', async () => {
    const { issuer, close } = await startOidcProvider(ALL);
    const { stdout } = await run(join(project.folder, 'node_modules/.bin', PACKAGE), [
      'doctor',
      issuer,
    ]);
    await close();
    expect(stdout.split('\n').slice(-2).join('\n')).toBe(
      'Nothing is wrong. 0 risky, 2 not known.\n',
    );
  });
});
