import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { oidcLogout } from '../../lib/index.ts';
import type { RunningApp } from '../support/consumer-project.ts';
import { type LoginProvider, startLoginProvider } from '../support/login-provider.ts';
import { openPage } from '../support/page.ts';
import { followQuickStart, QUICK_START, type QuickStart } from '../support/quick-start.ts';

const PAGE = openPage('docs/back-channel.md');
const MOUNT = PAGE.take('js', 'oidc.frontChannelLogout()');
const METADATA = PAGE.take('json', 'backchannel_logout_uri');
const VERIFY = PAGE.take('js', 'verifyLogoutToken');

/** The quick start with both channels, and an API for tokens that nobody saved. */
const PROGRAM = QUICK_START.replace(
  /^app\.use\('\/oidc\/back-channel-logout'.*$/m,
  () => `${MOUNT}\napp.use('/orders', oidc.guard(), (req, res) => res.sendStatus(204));`,
);

const OWN_SESSIONS = `
import express from 'express';
import { readLogoutToken } from './logout-token.mjs';
const app = express().use(express.urlencoded({ extended: false }));
app.post('/', async (req, res) => res.json(await readLogoutToken(req.body)));
const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  console.log(\`Listening on port \${server.address().port}\`);
});
`;

describe('both channels', () => {
  let quickStart: QuickStart;
  let provider: LoginProvider;
  let app: RunningApp;
  let withOwnSessions: RunningApp;

  beforeAll(async () => {
    [quickStart, provider] = await Promise.all([followQuickStart(), startLoginProvider()]);
    await quickStart.project.write('logout-token.mjs', VERIFY);
    const OIDC_ISSUER = provider.issuer;
    [app, withOwnSessions] = await Promise.all([
      quickStart.start(PROGRAM, { OIDC_ISSUER }),
      quickStart.start(OWN_SESSIONS, { OIDC_ISSUER, JWKS_URI: `${OIDC_ISSUER}/jwks` }),
    ]);
  });

  afterAll(async () => {
    await quickStart.close();
    await provider.close();
  });

  function post(url: string, logout_token: string): Promise<Response> {
    return fetch(url, { method: 'POST', body: new URLSearchParams({ logout_token }) });
  }

  it('end a session by a Logout Token', async () => {
    const headers = { Authorization: `Bearer ${await provider.signer.accessToken()}` };
    const status = async () => (await fetch(`${app.url}/orders`, { headers })).status;
    expect(await status()).toBe(204);
    const url = `${app.url}/oidc/back-channel-logout`;
    expect((await post(url, await provider.signer.logoutToken())).status).toBe(200);
    expect(await status()).toBe(401);
  });

  it('let the provider frame the front channel', async () => {
    const query = new URLSearchParams({ iss: provider.issuer, sid: 'sid-1' }).toString();
    const answer = await fetch(`${app.url}/oidc/front-channel-logout?${query}`);
    expect(answer.status).toBe(200);
    const policy = `default-src 'none'; frame-ancestors ${provider.issuer}`;
    expect(answer.headers.get('content-security-policy')).toBe(policy);
  });

  it('can be had without this package’s sessions', async () => {
    const { url } = withOwnSessions;
    const claims = { jti: 'one', exp: 4102444800 };
    const answer = await post(url, await provider.signer.logoutToken(claims));
    const token = { subject: 'alice', sid: 'sid-1', jti: 'one', expiresAt: 4102444800 };
    expect(await answer.json()).toEqual(token);
    expect((await post(url, await provider.signer.idToken())).status).toBe(400);
  });
});

it('shows what is to be registered', () => {
  const postLogoutRedirectUri = 'https://app.example.com/logged-out';
  const entry = { issuer: 'https://op.example.com', clientId: 'web', postLogoutRedirectUri };
  const oidc = oidcLogout({ provider: entry });
  expect(oidc.clientMetadata('https://app.example.com')).toEqual(JSON.parse(METADATA));
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
