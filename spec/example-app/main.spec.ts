import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startProvider } from '../../example-app/provider.ts';
import { compiled } from '../support/compiled.ts';
import { Trio } from '../support/trio.ts';

describe('npm run example', () => {
  let child: ChildProcess;
  let output: string;

  afterEach(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  function run(environment: Record<string, string>): void {
    const { PATH } = process.env;
    output = '';
    child = spawn(process.execPath, [compiled('example-app/main.ts')], {
      env: { ...(PATH !== undefined && { PATH }), ...environment },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => (output += data.toString()));
    }
  }

  async function readAddress(): Promise<string> {
    if (child.stdout === null) throw new Error('The app has no output');
    for await (const line of createInterface(child.stdout)) {
      const [, url] = /^Open +(\S+)$/.exec(line) ?? [];
      if (url !== undefined) return url;
    }
    throw new Error(`The app told no address: ${output}`);
  }

  it('prints the address and nothing else, least of all a token', async () => {
    run({ PORT: '0' });
    const url = await readAddress();
    const trio = new Trio({ url });
    const tokens = await trio.logIn('alice');
    const redirect = await trio.logOut(tokens);
    await trio.callApi(tokens.access_token);
    await trio.post('logout', { access_token: `${tokens.access_token}x` });
    await trio.post('authenticate', { redirect_uri: redirect, state: 'a', nonce: 'a' });
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output).toMatch(
      /^Open +http:\/\/localhost:\d+\nListening +http:\/\/127\.0\.0\.1:\d+\nProvider +http:\/\/127\.0\.0\.1:\d+\nStore +memory\n$/,
    );
  });

  it('prints what to register at another provider', async () => {
    const provider = await startProvider({ resource: 'https://api.example.com', clients: [] });
    run({ PORT: '0', OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: 'web' });
    const url = await readAddress();
    while (!output.includes('front-channel')) await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    await once(child, 'close');
    await provider.close();
    expect(output.slice(output.indexOf('Register'))).toBe(
      [
        'Register at the provider:',
        `           ${url}/callback (redirect URI)`,
        `           ${url}/logged-out (post-logout redirect URI)`,
        `           ${url}/oidc/back-channel-logout (back-channel logout URI)`,
        `           ${url}/oidc/front-channel-logout (front-channel logout URI)`,
        '',
      ].join('\n'),
    );
  });

  it('stops with one line that tells what is wrong', async () => {
    run({ PORT: 'http' });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(output).toBe('PORT must be a number from 0 to 65535; 0 = any free one\n');
  });
});
