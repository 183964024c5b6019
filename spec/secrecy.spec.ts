import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import type { OidcLogoutOptions } from '../lib/index.ts';
import { type App, appWith, call, LOGOUT, optionsFor } from './support/app.ts';
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

afterAll(() => redis.close());

/** Runs all that the package does with tokens, well and badly, and gathers all that it says meanwhile. */
async function exercise(options: Partial<OidcLogoutOptions>) {
  const client = redis.connect();
  const provider = { clientSecret: CLIENT_SECRET };
  const app: App = appWith({ ...optionsFor(signer, { provider }), redis: client, ...options });
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
  const stored = await redis.dump();

  redis.pause();
  await Promise.all([
    call(app, second.access_token).expect(503),
    logOut({ token: second.access_token }).expect(503),
  ]);
  await attempt(app.oidc.sessions.save(first));
  redis.resume();
  client.disconnect();
  await attempt(app.oidc.sessions.rotate(first, second));
  jest.restoreAllMocks();
  expect(errors).toHaveLength(4);
  return {
    tokens,
    stored,
    said: inspect([app.events, errors, written], { depth: 20, showHidden: true }),
  };
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
  const parts = texts.flatMap((text) => text.split('.').slice(1));
  return [...texts, ...parts, CLIENT_SECRET];
}

describe('no token and no secret', () => {
  it('is in an event, an error, a line of output or a key; with encryptionKey not in a value either', async () => {
    await redis.flush();
    const { tokens, stored, said } = await exercise({ encryptionKey: randomBytes(32) });
    const kept = JSON.stringify(stored);
    expect(Object.keys(stored).length).toBeGreaterThan(8);
    for (const secret of secretsOf(tokens)) {
      expect(said).not.toContain(secret);
      expect(kept).not.toContain(secret);
    }
  });

  it('but the ID Token is in a value without encryptionKey', async () => {
    await redis.flush();
    const { tokens, stored, said } = await exercise({});
    const idTokens = tokens.map(({ id_token }) => id_token);
    for (const secret of secretsOf(tokens)) {
      expect(said).not.toContain(secret);
      expect(Object.keys(stored).join()).not.toContain(secret);
      const mayBeStored = idTokens.some((idToken) => idToken.includes(secret));
      if (!mayBeStored) expect(Object.values(stored).join()).not.toContain(secret);
    }
  });
});
