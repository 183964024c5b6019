import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { main } from '../../lib/doctor/main.ts';
import { oidcLogout } from '../../lib/index.ts';
import { INVALID_TOKEN } from '../../lib/refusals/access-token.ts';
import { optionsFor } from '../support/app.ts';
import { openPage } from '../support/page.ts';
import {
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

const PAGE = openPage('docs/troubleshooting.md');
const REFUSED = PAGE.take('js', "'token-refused'");
const FAILED = PAGE.take('js', "'store-error'");
const LOGGED_OUT = PAGE.take('js', "'logout'");
const LOGOUT_TOKENS = PAGE.take('js', "'logout-token-refused'");
const COMMANDS = ['--token', '--redis', 'web --base-url'].map((part) => PAGE.take('sh', part));

let server: ProviderServer;
let signer: Signer;

beforeAll(async () => {
  server = await startProviderServer();
  signer = await createSigner(server.issuer);
  server.answer = serveMetadata(server.issuer, [signer.jwk]);
});

afterAll(() => server.close());

describe('the commands', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterAll(() => redis.close());

  it.each(COMMANDS)('%s', async (command) => {
    const [words = '', file] = command.split(' < ');
    const replaced = words
      .replace('https://op.example.com', signer.issuer)
      .replace('redis://localhost:6379', redis.path);
    const [npx, name, ...args] = replaced.split(' ');
    const token = await signer.accessToken();
    let stdout = '';
    const write = (text: string) => (stdout += text);
    const stdin = Readable.from(file === undefined ? [] : [token]);
    const status = await main(args, { stdin, stdout: { write }, stderr: { write } });
    expect([npx, name, status]).toEqual(['npx', 'express-oidc-logout', 0]);
    expect(stdout).toContain('Nothing is wrong.');
  });
});

describe('the listeners', () => {
  function appOf(listener: string, options: Parameters<typeof optionsFor>[1] = {}) {
    const oidc = oidcLogout(optionsFor(signer, options));
    const told: unknown[][] = [];
    const tell = (...texts: unknown[]) => told.push(texts);
    const console = { warn: tell, error: tell, info: tell };
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const listen = new Function('oidc', 'console', listener) as (...parts: unknown[]) => void;
    listen(oidc, console);
    const app = express();
    app.use('/api', oidc.guard(), (_req, res) => res.sendStatus(204));
    app.use('/logout', oidc.logout());
    app.use('/back-channel', oidc.backChannelLogout());
    return { app, told };
  }

  it('tell why a token is refused', async () => {
    const { app, told } = appOf(REFUSED);
    const token = await signer.accessToken({ aud: 'account' });
    const answer = await request(app).get('/api').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(401);
    const expected = 'https://api.example.com';
    expect(told).toEqual([
      ['token refused', { reason: 'wrong-audience', claim: 'aud', expected, found: 'account' }],
    ]);
  });

  it('tell what is away', async () => {
    const { app, told } = appOf(FAILED, {
      provider: { jwks: undefined, metadata: { jwks_uri: `${signer.issuer}/gone` } },
    });
    const token = await signer.accessToken();
    const answer = await request(app).get('/api').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(503);
    expect(told).toEqual([
      ['provider-error', expect.objectContaining({ operation: 'keys', issuer: signer.issuer })],
    ]);
  });

  it('tell of a logout', async () => {
    const { app, told } = appOf(LOGGED_OUT);
    const access_token = await signer.accessToken();
    const answer = await request(app).post('/logout').send({ access_token });
    expect(answer.status).toBe(200);
    const event = { issuer: signer.issuer, hasSid: true, repeated: false };
    expect(told).toEqual([['logged out', event]]);
  });

  it('tell why a Logout Token is refused, or does nothing', async () => {
    const { app, told } = appOf(LOGOUT_TOKENS);
    const send = async (claims: object) => {
      const logout_token = await signer.logoutToken({ ...claims });
      return request(app).post('/back-channel').type('form').send({ logout_token });
    };
    expect((await send({ aud: 'mobile' })).status).toBe(400);
    expect((await send({})).status).toBe(200);
    expect(told).toEqual([
      ['logout-token-refused', expect.objectContaining({ reason: 'wrong-audience' })],
      ['logout-token-unmatched', expect.objectContaining({ issuer: signer.issuer })],
    ]);
  });
});

it('names reasons that there are', () => {
  const cells = PAGE.table('reason', 'Mostly').map(([reasons = '']) => reasons);
  const named = cells.flatMap((reasons) => reasons.split(', '));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((reason) => !(reason in INVALID_TOKEN))).toEqual([]);
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
