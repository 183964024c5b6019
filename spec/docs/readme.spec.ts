import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import type { Page as Tab } from 'playwright-core';
import { BrowserSession } from '../support/browser-session.ts';
import { connectToChromium } from '../support/chromium.ts';
import { REPOSITORY, type RunningApp } from '../support/consumer-project.ts';
import { targetOf } from '../support/logout-page.ts';
import { openPage } from '../support/page.ts';
import { followQuickStart, QUICK_START, type QuickStart } from '../support/quick-start.ts';
import { until } from '../support/until.ts';

const README = openPage('README.md');
const INSTALL = README.take('sh', 'express ioredis');
const [INSTALL_LOGIN = ''] = README.take('sh', 'openid-client').split('\n');
const ENVIRONMENT = README.take('ini', 'OIDC_ISSUER');
const START = README.take('sh', 'node --env-file');
README.take('js', QUICK_START);

interface Manifest {
  readonly name: string;
  readonly scripts: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly engines: { readonly node: string };
}
const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as Manifest;

const REFUSED = {
  error: 'invalid_token',
  error_description: 'The access token was invalidated by a logout',
};

describe('the quick start', () => {
  let quickStart: QuickStart;
  let baseUrl: string;
  let app: RunningApp;

  beforeAll(async () => {
    quickStart = await followQuickStart();
    ({ baseUrl } = quickStart);
    app = await quickStart.start(QUICK_START);
  });

  afterAll(() => quickStart.close());

  async function apiAnswer(browser: BrowserSession): Promise<unknown> {
    const { status, html } = await browser.open(`${baseUrl}/api`);
    return { status, body: JSON.parse(html) as unknown };
  }

  it('is complete, and its first code is in line 20 at the latest', () => {
    const variables = /\b(?:[A-Z]+(?:_[A-Z]+)+|PORT)\b/g;
    const namesIn = (text: string) => [...new Set(text.match(variables))].sort();
    expect(namesIn(`${ENVIRONMENT}\n${START}`)).toEqual(namesIn(QUICK_START));
    const [, port = ''] = /^PORT=(\d+)$/m.exec(ENVIRONMENT) ?? [];
    expect(QUICK_START).toContain(`PORT = ${port},`);
    expect(README.text.slice(0, README.text.indexOf('```')).split('\n').length).toBeLessThan(21);
    expect(START.split('\n').at(-1)).toBe('node --env-file=.env app.mjs');
  });

  it('logs a person in, lets the token in, logs the person out, and keeps the token out', async () => {
    const browser = await connectToChromium();
    const earlier = await sessionKeys();
    try {
      const tab = await browser.newPage();
      await tab.goto(baseUrl);
      await tab.click('text=Log in');
      await tab.click('button[value=alice]');
      await tab.waitForURL(`${baseUrl}/`);
      expect(await callApi(tab)).toEqual([200, '{"user":"alice"}']);
      expect(await keptTokens(earlier)).toEqual(['A256GCM', 'A256GCM']);

      await tab.goto(baseUrl);
      await tab.click('text=Log out');
      await tab.click('button[name=logout]');
      await tab.waitForURL(`${baseUrl}/logged-out?state=*`);
      expect(await tab.textContent('body')).toBe('You are logged out.');
      expect(await callApi(tab)).toEqual([401, JSON.stringify(REFUSED)]);

      await tab.goto(`${baseUrl}/login`);
      expect(await tab.textContent('h1')).toBe('Log in to the app');
    } finally {
      await browser.close();
    }
  });

  async function callApi(tab: Tab): Promise<unknown[]> {
    const answer = await tab.goto(`${baseUrl}/api`);
    return [answer?.status(), await answer?.text()];
  }

  async function sessionKeys(): Promise<string[]> {
    return Object.keys(await quickStart.redis.dump()).filter((key) => key.startsWith('oidc1:s'));
  }

  /** How the ID Token and the refresh token of the one session that is new are encrypted. */
  async function keptTokens(earlier: readonly string[]): Promise<unknown[]> {
    const records = (await sessionKeys()).filter((key) => !earlier.includes(key));
    const dump = await quickStart.redis.dump();
    const headers = records.flatMap((key) => dump[key]?.match(/\beyJ[\w-]+/g) ?? []);
    return headers.map((header) => {
      const { enc } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { enc?: string };
      return enc;
    });
  }

  it('ends by a Logout Token when the session ends at the provider', async () => {
    const browser = await quickStart.logIn();
    expect(await apiAnswer(browser)).toEqual({ status: 200, body: { user: 'alice' } });
    const { events, issuer } = quickStart.provider;
    const delivered = once(events as never, 'backchannel.success');
    const page = await browser.open(`${issuer}/session/end`);
    await browser.submit(page, '/session/end/confirm', { logout: 'yes' });
    await delivered;
    expect(await apiAnswer(browser)).toEqual({ status: 401, body: REFUSED });
  });

  it('has a sentence for each outcome of the way back', async () => {
    const browser = await quickStart.logIn();
    const cookie = browser.cookiesFor(new URL(baseUrl));
    const headers = { Accept: 'text/html', 'Sec-Fetch-Site': 'same-origin', cookie };
    const answer = await fetch(`${baseUrl}/logout`, { method: 'POST', headers });
    const state = new URL(targetOf(await answer.text())).searchParams.get('state') ?? '';
    const sentence = async (query: string) => (await fetch(`${baseUrl}/logged-out${query}`)).text();
    expect(await sentence('')).toBe('Nothing tells whether you come from a logout.');
    expect(await sentence(`?state=${state}`)).toBe(
      'A session has ended, but its logout was not started in this browser.',
    );
    expect(await sentence(`?state=${state}`)).toBe(
      'This is not the way back from a logout of this browser.',
    );
  });

  /** At another address, where alice logs in. */
  async function logInBeside(program: string, id: string) {
    const client = { OIDC_CLIENT_ID: id, OIDC_CLIENT_SECRET: `the secret of ${id}` };
    const { url } = await quickStart.startBeside(program, client);
    const browser = new BrowserSession({ stopAt: 'https:' });
    await browser.submit(await browser.open(`${url}/login`), '/login', { user: 'alice' });
    return { browser, url };
  }

  const SHOW_TOLD = "const told = [];\napp.get('/told', (req, res) => res.json(told));\n$&";

  it('says why the API refuses a token', async () => {
    const program = QUICK_START.replace("console.warn('refused:', event)", 'told.push(event)')
      .replace('process.env.OIDC_AUDIENCE', "'https://other.example.com'")
      .replace('const server = ', SHOW_TOLD);
    const { browser, url } = await logInBeside(program, 'other');
    expect((await browser.open(`${url}/api`)).status).toBe(401);
    const { html } = await browser.open(`${url}/told`);
    expect(JSON.parse(html)).toEqual([expect.objectContaining({ reason: 'wrong-audience' })]);
    expect(README.text).toContain('the console says `wrong-audience`');
  });

  it('hears of a Redis that is away, so that ioredis writes no stack at each try', async () => {
    const program = QUICK_START.replace("console.error('redis:', ", 'told.push(').replace(
      'const server = ',
      SHOW_TOLD,
    );
    const client = { OIDC_CLIENT_ID: 'alone', OIDC_CLIENT_SECRET: 'the secret of alone' };
    const { url } = await quickStart.startBeside(program, {
      ...client,
      REDIS_URL: 'redis://127.0.0.1:9',
    });
    await until(async () => {
      const told = (await (await fetch(`${url}/told`)).json()) as unknown[];
      return told.length > 0 && told.every((code) => code === 'ECONNREFUSED');
    });
  });

  it('is there in TypeScript', async () => {
    expect(README.text).toContain('copy `docs/app.mts` likewise');
    const source = readFileSync(join(REPOSITORY, 'docs/app.mts'), 'utf8');
    const jsc = { parser: { syntax: 'typescript' }, target: 'es2022' } as const;
    const { browser, url } = await logInBeside(transformSync(source, { jsc }).code, 'typed');
    const { status, html } = await browser.open(`${url}/api`);
    expect([status, html]).toEqual([200, '{"user":"alice"}']);
    const home = await browser.open(`${url}/`);
    const { html: page } = await browser.submit(home, '/logout', {});
    expect(targetOf(page)).toMatch(`${quickStart.provider.issuer}/session/end?id_token_hint=`);
    expect((await browser.open(`${url}/api`)).status).toBe(401);
  });

  it.each(['OIDC_ISSUER', 'ENCRYPTION_KEY'])('says that %s is not set', async (name) => {
    await expect(quickStart.start(QUICK_START, { [name]: '' })).rejects.toThrow(
      `Error: ${name} is not set: add it to .env, and start with --env-file=.env`,
    );
  });

  it('says by itself that its port is in use', async () => {
    const start = quickStart.start(QUICK_START, { PORT: new URL(app.url).port });
    await expect(start).rejects.toThrow('Error: listen EADDRINUSE: address already in use');
    await expect(start).rejects.not.toThrow('TypeError');
  });
});

it('names packages, scripts and versions that there are', () => {
  expect(INSTALL).toBe(`npm install ${manifest.name} express ioredis`);
  expect(Object.keys(manifest.peerDependencies)).toEqual(
    expect.arrayContaining(['express', 'ioredis']),
  );
  const [, , ...packages] = INSTALL_LOGIN.split(' ');
  expect(packages).toEqual(['openid-client', 'express-session']);
  expect(Object.keys(manifest.devDependencies)).toEqual(expect.arrayContaining(packages));
  const commands = README.text.match(/`npm install && npm [^`]+`/g);
  expect(commands).toEqual(['`npm install && npm run example`', '`npm install && npm test`']);
  expect(manifest.scripts).toMatchObject({ example: expect.any(String), test: expect.any(String) });
  expect(README.text).toContain(`Node ${manifest.engines.node.replace('>=', '')} or later`);
});

it('has no block of code that is not run', () => {
  expect(README.untaken()).toEqual([]);
});
