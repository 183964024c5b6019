import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import type { OidcLogoutOptions } from '../lib/index.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
} from './support/app.ts';
import { CLIENT_ID, createSigner, type Signer } from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';

interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

const CLIENT_SECRET = 'the-client-secret-of-this-very-spec';

let redis: RedisServer;
let signer: Signer;

beforeAll(async () => {
  redis = await startRedisServer();
  signer = await createSigner();
});

afterEach(() => {
  redis.resume();
  jest.restoreAllMocks();
});

afterAll(() => redis.close());

/** Runs all that the package does with tokens, well and badly, and gathers all that it says meanwhile. */
async function exercise(options: Partial<OidcLogoutOptions>) {
  const client = redis.connect();
  const provider = { clientSecret: CLIENT_SECRET };
  const app: App = appWith({ ...optionsFor(signer, { provider }), redis: client, ...options });
  for (const name of ['token-refused', 'logout-token-refused', 'logout-token-unmatched'] as const) {
    app.oidc.on(name, (event) => app.events.push([name, event]));
  }
  const errors: unknown[] = [];
  const written: unknown[][] = [];
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((...args: unknown[]) => written.push(args) > 0);
  }
  const tokens = [
    await tokensOf('sid-1'),
    await tokensOf(undefined),
    await tokensOf('sid-3'),
  ] as const;
  const [first, second, third] = tokens;
  const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => errors.push(error));
  const logOut = (body: object) => request(app.app).post(LOGOUT).send(body);
  await app.oidc.sessions.save(first);
  await app.oidc.sessions.save(second);
  await app.oidc.sessions.rotate(second, third);
  await call(app, first.access_token).expect(200);
  await logOut({ access_token: first.access_token, refresh_token: first.refresh_token }).expect(
    200,
  );
  await logOut({ access_token: third.access_token, refresh_token: 'other' }).expect(200);
  await logOut({ access_token: first.id_token }).expect(401);
  await logOut({ [first.refresh_token]: first.access_token }).expect(400);
  await attempt(app.oidc.sessions.rotate(first, second));
  await attempt(app.oidc.sessions.save({ ...first, id_token: first.access_token }));
  const endpoints = await exerciseEndpoints(app);
  const stored = await redis.dump();

  redis.pause();
  await Promise.all([
    call(app, second.access_token).expect(503),
    logOut({ token: second.access_token }).expect(503),
    notify(app, endpoints.logoutToken).expect(400),
    request(app.app).get(`${LOGGED_OUT}?state=${endpoints.state}`).expect(200),
  ]);
  await attempt(app.oidc.sessions.save(first));
  redis.resume();
  client.disconnect();
  await attempt(app.oidc.sessions.rotate(first, second));
  jest.restoreAllMocks();
  expect(errors).toHaveLength(4);
  await app.oidc.close();
  return {
    tokens,
    endpoints,
    stored,
    said: inspect([app.events, endpoints.answers, errors, written], {
      depth: 20,
      showHidden: true,
    }),
  };
}

const notify = ({ app }: App, logout_token: string) =>
  request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });

/** Ends sessions in all ways, well and badly, and comes back. */
async function exerciseEndpoints(app: App) {
  app.oidc.on('session-ended', (event) => app.events.push(['session-ended', event]));
  const tokens = await tokensOf('sid-4');
  await app.oidc.sessions.save(tokens);
  const { access_token } = tokens;
  const logout = await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
  const cookie = (logout.get('Set-Cookie') ?? [])[0]?.split(';')[0] ?? '';
  const [, state = ''] = cookie.split('=');
  const logoutToken = await signer.logoutToken({ sid: 'sid-4' });
  const frame = (query: string) => request(app.app).get(FRONT_CHANNEL_LOGOUT + query);
  const comeBack = (query: string) =>
    request(app.app)
      .get(LOGGED_OUT + query)
      .set('Cookie', cookie);
  const answers = [
    await comeBack(`?state=${state}&state=${state}`).expect(200),
    await comeBack(`?state=${state}`).expect(200, { outcome: 'verified' }),
    await comeBack(`?state=${state}`).expect(200, { outcome: 'mismatch' }),
    await notify(app, logoutToken).expect(200),
    await notify(app, `${logoutToken.slice(0, -9)}AAAAAAAAA`).expect(400),
    await notify(app, tokens.id_token).expect(400),
    await request(app.app)
      .post(BACK_CHANNEL_LOGOUT)
      .send({ logout_token: logoutToken })
      .expect(400),
    await frame('?sid=sid-4').expect(200),
    await frame(`?iss=${logoutToken}&sid=${state}`).expect(400),
    await frame(`?sid=${access_token}&sid=${state}`).expect(400),
    await request(app.app).put(LOGGED_OUT).set('Cookie', cookie).expect(405),
    await request(app.app)
      .post(LOGOUT)
      .set('Return-To', `https://${state}`)
      .send({ access_token })
      .expect(400),
  ].map(({ headers, text }) => ({ headers: headers, text }));
  return { tokens, state, logoutToken, answers };
}

async function tokensOf(sid: string | undefined): Promise<Tokens> {
  return {
    access_token: await signer.accessToken({ sid }),
    id_token: await signer.idToken({ sid, aud: [CLIENT_ID] }),
    refresh_token: `refresh-token-${randomBytes(16).toString('hex')}`,
  };
}

/** The parts of a token that are secret: its text, its claims and its signature. */
function secretsOf(tokens: readonly Tokens[]): string[] {
  const texts = tokens.flatMap((each) => Object.values(each) as string[]);
  return [...texts.flatMap(partsOf), CLIENT_SECRET];
}

function partsOf(text: string): string[] {
  return [text, ...text.split('.').slice(1)];
}

describe('no token and no secret', () => {
  it('is in an event, an error, a line of output or a key; with encryptionKey not in a value either', async () => {
    await redis.flush();
    const { tokens, endpoints, stored, said } = await exercise({ encryptionKey: randomBytes(32) });
    const kept = JSON.stringify(stored);
    expect(Object.keys(stored).length).toBeGreaterThan(8);
    const { state, logoutToken } = endpoints;
    const secrets = secretsOf([...tokens, endpoints.tokens]);
    for (const secret of [...secrets, state, ...partsOf(logoutToken)]) {
      expect(said).not.toContain(secret);
      expect(kept).not.toContain(secret);
    }
  });

  it('but the ID Token is in a value without encryptionKey', async () => {
    await redis.flush();
    const { endpoints, stored, said, ...others } = await exercise({});
    const tokens = [...others.tokens, endpoints.tokens];
    const idTokens = tokens.map(({ id_token }) => id_token);
    const { state, logoutToken } = endpoints;
    expect(said).not.toContain(state);
    expect(Object.keys(stored).join()).not.toContain(state);
    for (const secret of [...secretsOf(tokens), ...partsOf(logoutToken)]) {
      expect(said).not.toContain(secret);
      expect(Object.keys(stored).join()).not.toContain(secret);
      const mayBeStored = idTokens.some((idToken) => idToken.includes(secret));
      if (!mayBeStored) expect(Object.values(stored).join()).not.toContain(secret);
    }
  });
});
