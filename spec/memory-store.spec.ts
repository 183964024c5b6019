import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compiled } from './support/compiled.ts';

describe('the memory of one process', () => {
  const run = promisify(execFile);

  /** What a process prints that serves a few requests. */
  async function printed(environment: Record<string, string>, options = ''): Promise<string> {
    const program = `
      import express from 'express';
      import { oidcLogout } from './lib/index.js';
      process.on('warning', ({ name, code }) => console.log(name, code));
      const provider = { issuer: 'https://op.example.com', clientId: 'web' };
      const oidc = oidcLogout({ provider, audience: 'api', ${options} });
      const app = express().use('/api', oidc.guard()).use('/logout', oidc.logout());
      const server = app.listen(0, '127.0.0.1', async () => {
        const url = 'http://127.0.0.1:' + server.address().port;
        for (const path of ['/api', '/api', '/logout', '/logout']) {
          await (await fetch(url + path, { method: 'POST' })).arrayBuffer();
        }
        server.close();
        server.closeAllConnections();
        await oidc.close();
      });
    `;
    const args = ['--input-type=module', '--eval', program];
    const env = { PATH: process.env.PATH ?? '', ...environment };
    const { stdout, stderr } = await run(process.execPath, args, { cwd: compiled(), env });
    return stdout + stderr.replace(/\(node:\d+\)/g, '').replace(/\(Use `node.*\n/, '');
  }

  it('is warned of once where NODE_ENV is production', async () => {
    expect(await printed({ NODE_ENV: 'production' })).toBe(
      'Warning EXPRESS_OIDC_LOGOUT_MEMORY_STORE\n [EXPRESS_OIDC_LOGOUT_MEMORY_STORE] Warning: ' +
        'Logouts are kept in the memory of this process: other processes do not know them, ' +
        'and a restart forgets them. Set the option "redis"\n',
    );
  });

  const own = `
    store: Object.fromEntries(
      ['read', 'update', 'subscribe'].map((name) => [name, async () => {}]),
    ),`;

  it.each<[string, Record<string, string>, string]>([
    ['without NODE_ENV', {}, ''],
    ['in development', { NODE_ENV: 'development' }, ''],
    ['in a test', { NODE_ENV: 'test' }, ''],
    ['beside a store of the app', { NODE_ENV: 'production' }, own],
  ])('is not warned of %s', async (_what, environment, options) => {
    expect(await printed(environment, options)).toBe('');
  });
});
