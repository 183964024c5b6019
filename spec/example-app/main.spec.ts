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
    expect(output).toMatch(/^Open +http:\/\/localhost:\d+\nProvider +its own\nStore +memory\n$/);
  });

  it('prints what to register at another provider, and what to set for its tokens', async () => {
    const resource = 'https://api.example.com';
    const provider = await startProvider({ resource, clients: [] });
    const client = { OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: 'web', OIDC_RESOURCE: resource };
    run({ PORT: '0', ...client, OIDC_AUDIENCE: 'https://other.example.com' });
    const url = await readAddress();
    await provider.register({
      client_id: 'web',
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${url}/callback`],
    });
    const trio = new Trio({ url });
    const { access_token } = await trio.logIn('alice');
    expect((await trio.callApi(access_token)).status).toBe(401);
    child.kill('SIGTERM');
    await once(child, 'close');
    await provider.close();
    expect(output.slice(output.indexOf('Register'))).toBe(
      [
        'Register at the provider:',
        `           ${url}/callback (redirect URI)`,
        `           ${url}/logged-out (post-logout redirect URI)`,
        `           ${url}/oidc/back-channel-logout (back-channel logout URI)`,
        'or, only where it has no back channel:',
        `           ${url}/oidc/front-channel-logout (front-channel logout URI)`,
        `The aud of the access token is ${resource}, and should have https://other.example.com. Set OIDC_AUDIENCE to what it is, or have the provider put that in: by OIDC_RESOURCE, by OIDC_AUTHORIZATION_PARAMETERS (such as audience=…), or where the client is registered.`,
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
