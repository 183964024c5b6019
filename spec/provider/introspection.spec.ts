import { setImmediate } from 'node:timers/promises';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import express, { type Express } from 'express';
import type { Configuration } from 'oidc-provider';
import { Provider } from 'oidc-provider/lib/provider.js';
import request from 'supertest';
import { closeServer, listen } from '../../example-app/listening.ts';
import { configure } from '../../example-app/provider/configuration.ts';
import { createMemoryAdapters } from '../../example-app/provider/memory-adapter.ts';
import type { OidcLogoutOptions, ProviderOptions } from '../../lib/index.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  LOGOUT,
  optionsFor,
} from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import {
  AUDIENCE,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { nestedJson } from '../support/raw-signer.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;

interface Asked {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly form: Record<string, string>;
}

/** A provider on loopback that is asked about tokens, and what it was asked. */
interface IntrospectingProvider {
  readonly server: ProviderServer;
  readonly signer: Signer;
  readonly asked: Asked[];
  /** Answers the next questions. */
  answer: RequestListener;
  /** Forgets what it was asked, and knows no token. */
  reset(): void;
  close(): Promise<void>;
}

async function startIntrospectingProvider(): Promise<IntrospectingProvider> {
  const server = await startProviderServer();
  const signer = await createSigner(server.issuer);
  const documents = serveMetadata(server.issuer, [signer.jwk]);
  const provider: IntrospectingProvider = {
    server,
    signer,
    asked: [],
    answer: json({ active: false }),
    reset() {
      provider.asked.length = 0;
      server.requests.length = 0;
      provider.answer = json({ active: false });
    },
    close: () => server.close(),
  };
  server.answer = (req, res) => {
    if (req.url !== '/introspect') {
      documents(req, res);
      return;
    }
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      provider.asked.push({ method: req.method, headers: req.headers, form });
      provider.answer(req, res);
    });
  };
  return provider;
}

function send(body: string | Buffer, status = 200, type = 'application/json'): RequestListener {
  return (_req, res) => {
    res.writeHead(status, { 'content-type': type }).end(body);
  };
}

function json(body: unknown, status = 200): RequestListener {
  return send(JSON.stringify(body), status);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

const MALFORMED = 'The access token is malformed or unknown';
const NOT_AUTHENTIC = 'The access token is not authentic or not meant for this API';
const WRONG_KIND = 'The token is not an access token';
const EXPIRED = 'The access token expired';
const SENDER_CONSTRAINED = 'The access token is bound to its sender, which cannot be checked';
const INVALIDATED = 'The access token was invalidated by a logout';

async function expectInvalid(test: request.Test, error_description: string): Promise<void> {
  const answer = await test;
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe(
    `Bearer realm="api", error="invalid_token", error_description="${error_description}"`,
  );
  expect(answer.body).toEqual({ error: 'invalid_token', error_description });
}

async function expectUnavailable(test: request.Test): Promise<void> {
  const answer = await test;
  expect(answer.status).toBe(503);
  expect(answer.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expect(answer.body).toEqual({
    error: 'temporarily_unavailable',
    error_description: 'The OpenID Provider is not reachable',
  });
}

describe('introspection', () => {
  let redis: RedisServer;
  let provider: IntrospectingProvider;
  let signer: Signer;
  let serial = 0;
  const apps: App[] = [];

  beforeAll(async () => {
    [redis, provider] = await Promise.all([startRedisServer(), startIntrospectingProvider()]);
    ({ signer } = provider);
  });

  afterAll(() => Promise.all([redis.close(), provider.close()]));

  beforeEach(() => {
    provider.reset();
  });

  afterEach(async () => {
    jest.useRealTimers();
    await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
    await redis.flush();
  });

  function entryOf(
    { issuer, jwk }: Signer,
    entry: Partial<ProviderOptions> = {},
  ): Partial<ProviderOptions> {
    return {
      issuer,
      clientSecret: 'secret',
      introspection: 'opaque',
      jwks: { keys: [jwk] },
      metadata: {
        end_session_endpoint: `${issuer}/logout`,
        introspection_endpoint: `${issuer}/introspect`,
      },
      ...entry,
    } as Partial<ProviderOptions>;
  }

  function start(
    entry: Partial<ProviderOptions> = {},
    options: Partial<OidcLogoutOptions> = {},
    outer?: Express,
  ): App {
    const configured = optionsFor(signer, { provider: entryOf(signer, entry) });
    const app = appWith({ ...configured, redis: redis.connect(), ...options }, outer);
    apps.push(app);
    return app;
  }

  function opaqueToken(): string {
    return `opaque-${++serial}`;
  }

  /** What the provider says of a token that is alive; a claim given as `undefined` is left out. */
  function claimsOf(claims: Json = {}): Json {
    return {
      client_id: CLIENT_ID,
      token_type: 'Bearer',
      scope: 'read write',
      sub: 'alice',
      sid: 'sid-1',
      aud: AUDIENCE,
      iss: signer.issuer,
      iat: now(),
      exp: now() + 3600,
      ...claims,
    };
  }

  function active(claims: Json = {}): RequestListener {
    return json({ active: true, ...claimsOf(claims) });
  }

  it('asks as RFC 7662, section 2.1, demands', async () => {
    provider.answer = active();
    await call(start(), 'opaque/+token=').expect(200);
    expect(provider.asked).toEqual([
      {
        method: 'POST',
        headers: expect.objectContaining({
          accept: 'application/json',
          authorization: `Basic ${btoa('web:secret')}`,
          'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        }),
        form: { token: 'opaque/+token=', token_type_hint: 'access_token' },
      },
    ]);
    expect(provider.server.requests).toEqual(['/introspect']);
  });

  it('tells the route what the provider said', async () => {
    const claims = claimsOf({ username: 'Alice', authorization: { deep: ['x'] } });
    provider.answer = json({ active: true, ...claims });
    const token = opaqueToken();
    const answer = await call(start(), token).expect(200);
    expect(answer.body).toEqual({ token, payload: claims });
  });

  it('looks at the scope that the provider said', async () => {
    const app = start();
    const write = (token: string) =>
      request(app.app).get('/api/write').set('Authorization', `Bearer ${token}`);
    provider.answer = active({ scope: 'read write' });
    await write(opaqueToken()).expect(200);
    provider.answer = active({ scope: 'read' });
    await write(opaqueToken()).expect(403);
  });

  const tokens: Record<string, (app: App) => string | Promise<string>> = {
    'an opaque token': opaqueToken,
    'an opaque token that was saved': async ({ oidc }) => {
      const access_token = opaqueToken();
      await oidc.sessions.save({ access_token, id_token: await signer.idToken() });
      return access_token;
    },
    'a JWT': () => signer.accessToken(),
    'a forged JWT': async () => (await createSigner(signer.issuer)).accessToken(),
  };

  describe('is asked for', () => {
    it.each<[ProviderOptions['introspection'], string, number, number]>([
      [undefined, 'an opaque token', 401, 0],
      [undefined, 'an opaque token that was saved', 200, 0],
      [undefined, 'a JWT', 200, 0],
      ['never', 'an opaque token', 401, 0],
      ['never', 'an opaque token that was saved', 200, 0],
      ['never', 'a JWT', 200, 0],
      ['opaque', 'an opaque token', 200, 1],
      ['opaque', 'an opaque token that was saved', 200, 0],
      ['opaque', 'a JWT', 200, 0],
      ['opaque', 'a forged JWT', 401, 0],
      ['always', 'an opaque token', 200, 1],
      ['always', 'an opaque token that was saved', 200, 1],
      ['always', 'a JWT', 200, 1],
      ['always', 'a forged JWT', 401, 0],
    ])('with %j: %s is answered %i after %i questions', async (policy, kind, status, questions) => {
      provider.answer = active();
      const app = start({ introspection: policy });
      const token = (await tokens[kind]?.(app)) ?? '';
      await call(app, token).expect(status);
      expect(provider.asked.map(({ form }) => form.token)).toEqual(Array(questions).fill(token));
    });

    it.each(['a JWT', 'an opaque token that was saved'])(
      'with "always": %s that is not active is refused',
      async (kind) => {
        const app = start({ introspection: 'always' });
        const token = (await tokens[kind]?.(app)) ?? '';
        await expectInvalid(
          call(app, token),
          'The provider says that the access token is not active',
        );
      },
    );
  });

  describe('of a sender-constrained token', () => {
    it.each<[string, Json]>([
      ['cnf', { cnf: { jkt: 'x' } }],
      ['an empty cnf', { cnf: {} }],
      ['the token_type DPoP', { token_type: 'DPoP' }],
      ['another token_type', { token_type: 'mac' }],
      ['a token_type that is no text', { token_type: ['Bearer'] }],
      ['the typ of Keycloak', { typ: 'DPoP' }],
    ])('with "always" keeps out what was verified or saved: %s', async (_what, claims) => {
      provider.answer = active(claims);
      const app = start({ introspection: 'always' });
      for (const kind of ['an opaque token that was saved', 'a JWT']) {
        const token = (await tokens[kind]?.(app)) ?? '';
        await expectInvalid(call(app, token), SENDER_CONSTRAINED);
        await request(app.app).post(LOGOUT).send({ access_token: token }).expect(200);
      }
    });

    it.each<[string, Json]>([
      ['cnf', { cnf: { jkt: 'x' } }],
      ['the token_type DPoP', { token_type: 'DPoP' }],
    ])('ends its session at the logout, without an ID Token: %s', async (_what, claims) => {
      provider.answer = active();
      const [app, other, access_token] = [start(), opaqueToken(), opaqueToken()];
      await app.oidc.sessions.save({ access_token: other, id_token: await signer.idToken() });
      provider.answer = active(claims);
      const answer = await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
      expect(answer.text).not.toContain('id_token_hint');
      await expectInvalid(call(app, other), INVALIDATED);
    });
  });

  it.each([
    ['in another spelling', (jwt: string) => `${jwt}=`],
    ['without its signature', (jwt: string) => jwt.slice(0, jwt.lastIndexOf('.'))],
    ['with more parts', (jwt: string) => `${jwt}.x.x`],
    ['as its header', (jwt: string) => jwt.slice(0, jwt.indexOf('.'))],
  ])('is not asked for a JWT %s', async (_what, respell) => {
    provider.answer = active();
    const app = start();
    const access_token = respell(await signer.accessToken());
    await expectInvalid(call(app, access_token), MALFORMED);
    await request(app.app).post(LOGOUT).send({ access_token }).expect(401);
    expect(provider.asked).toEqual([]);
  });

  it('is asked for an encrypted JWT as it is, and for no other spelling', async () => {
    provider.answer = active();
    const head = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');
    const jwe = `${head}..aXYtaXYtaXYt.Y2lwaGVydGV4dA.dGFndGFndGFndGFndA`;
    const app = start();
    await call(app, jwe).expect(200);
    await request(app.app).post(LOGOUT).send({ access_token: jwe }).expect(200);
    for (const other of [`${jwe}=`, `${jwe.slice(0, -1)}B`, `${jwe}.x`, jwe.replace('..', '.x.')]) {
      await expectInvalid(call(app, other), MALFORMED);
    }
    expect(provider.asked.map(({ form }) => form.token)).toEqual([jwe]);
  });

  describe('keeps what is said in tokenCacheSize', () => {
    it.each<[number | undefined, number]>([
      [undefined, 2],
      [1, 4],
    ])('of %j bytes: two tokens twice are %i questions', async (tokenCacheSize, questions) => {
      provider.answer = active();
      const app = start({}, { tokenCacheSize });
      const both = [opaqueToken(), opaqueToken()];
      for (const token of [...both, ...both]) await call(app, token).expect(200);
      expect(provider.asked).toHaveLength(questions);
    });
  });

  it('refuses a token that is not active, whatever else is said of it (section 2.2)', async () => {
    provider.answer = json({ ...claimsOf(), active: false });
    const app = start();
    await expectInvalid(call(app, opaqueToken()), MALFORMED);
    expect(app.events).toEqual([]);
  });

  describe('checks what is said of an active token:', () => {
    it.each<[string, () => Json, string | undefined]>([
      ['no more than that', () => ({ sid: undefined, scope: undefined }), undefined],
      ['no sub', () => ({ sub: undefined }), 'The access token names no subject'],
      ['no aud', () => ({ aud: undefined }), undefined],
      ['an aud among others', () => ({ aud: ['https://other.example.com', AUDIENCE] }), undefined],
      ['another aud', () => ({ aud: 'https://other.example.com' }), NOT_AUTHENTIC],
      ['other auds', () => ({ aud: ['https://other.example.com', CLIENT_ID] }), NOT_AUTHENTIC],
      ['an aud that is no text', () => ({ aud: 1 }), NOT_AUTHENTIC],
      ['an empty list as aud', () => ({ aud: [] }), NOT_AUTHENTIC],
      ['no aud, but another client', () => ({ aud: undefined, client_id: 'other' }), NOT_AUTHENTIC],
      ['no iss', () => ({ iss: undefined }), undefined],
      ['another iss', () => ({ iss: 'https://other.example.com' }), NOT_AUTHENTIC],
      ['an iss with a slash more', () => ({ iss: `${signer.issuer}/` }), NOT_AUTHENTIC],
      ['no exp', () => ({ exp: undefined }), undefined],
      ['an exp within clockTolerance', () => ({ exp: now() - 1 }), undefined],
      ['an exp of the past', () => ({ exp: now() - 10 }), EXPIRED],
      ['an exp of 0', () => ({ exp: 0 }), EXPIRED],
      [
        'an exp beyond maxTokenLifetime',
        () => ({ exp: now() + 2 * 86_400 }),
        'The access token lives too long',
      ],
      [
        'neither exp nor iat',
        () => ({ exp: undefined, iat: undefined }),
        'The access token lives too long',
      ],
      [
        'an exp that is no number',
        () => ({ exp: String(now() + 60) }),
        'The access token lives too long',
      ],
      ['no iat', () => ({ iat: undefined }), undefined],
      ['an nbf of the past', () => ({ nbf: now() - 10 }), undefined],
      ['an nbf within clockTolerance', () => ({ nbf: now() + 3 }), undefined],
      ['an nbf of the future', () => ({ nbf: now() + 60 }), NOT_AUTHENTIC],
      ['an nbf that is no number', () => ({ nbf: String(now() - 60) }), NOT_AUTHENTIC],
      ['no token_type, but the aud', () => ({ token_type: undefined }), undefined],
      ['neither token_type nor aud', () => ({ token_type: undefined, aud: undefined }), WRONG_KIND],
      ['the token_type bearer', () => ({ token_type: 'bearer' }), undefined],
      ['the token_type of a refresh token', () => ({ token_type: 'refresh_token' }), WRONG_KIND],
      ['the token_type DPoP', () => ({ token_type: 'DPoP' }), SENDER_CONSTRAINED],
      ['the token_type dpop', () => ({ token_type: 'dpop' }), SENDER_CONSTRAINED],
      ['the typ of Keycloak for DPoP', () => ({ typ: 'DPoP' }), SENDER_CONSTRAINED],
      ['cnf', () => ({ cnf: { 'x5t#S256': 'x' } }), SENDER_CONSTRAINED],
      ['a cnf of nothing', () => ({ cnf: null }), SENDER_CONSTRAINED],
      [
        'cnf and the token_type DPoP',
        () => ({ cnf: { jkt: 'x' }, token_type: 'DPoP' }),
        SENDER_CONSTRAINED,
      ],
      ['an exp beyond all numbers', () => ({ exp: 1e300 }), 'The access token lives too long'],
      ['members of 33 levels', () => ({ x: JSON.parse(nestedJson(32)) as Json }), MALFORMED],
      ['members of 32 levels', () => ({ x: JSON.parse(nestedJson(31)) as Json }), undefined],
      ['a token_type that is no text', () => ({ token_type: ['Bearer'] }), WRONG_KIND],
      ['the typ of a refresh token at Keycloak', () => ({ typ: 'Refresh' }), WRONG_KIND],
      ['the token_use of an ID Token', () => ({ token_use: 'id' }), WRONG_KIND],
    ])('%s', async (_what, claims, refused) => {
      provider.answer = active(claims());
      const test = call(start(), opaqueToken());
      if (refused === undefined) await test.expect(200);
      else await expectInvalid(test, refused);
    });

    it.each<[string, object, string | undefined]>([
      ['no token_type, and the client alone as aud', { token_type: undefined }, WRONG_KIND],
      ['a token_type, and the client alone as aud', {}, undefined],
    ])('%s, where the client is the audience', async (_what, claims, refused) => {
      provider.answer = active({ aud: [CLIENT_ID], ...claims });
      const test = call(start({}, { audience: CLIENT_ID }), opaqueToken());
      if (refused === undefined) await test.expect(200);
      else await expectInvalid(test, refused);
    });

    it('members of 5,000 levels', async () => {
      const claims = JSON.stringify({ active: true, ...claimsOf() }).slice(1, -1);
      provider.answer = send(nestedJson(5000, claims));
      const [app, access_token] = [start(), opaqueToken()];
      await expectInvalid(call(app, access_token), MALFORMED);
      const answer = await request(app.app).post(LOGOUT).send({ access_token }).expect(401);
      expect(answer.body).toEqual({ error: 'invalid_token', error_description: MALFORMED });
    });

    it('a refresh token that was saved is none, also when the provider calls it no name', async () => {
      provider.answer = active({ token_type: undefined });
      const app = start();
      const refresh_token = opaqueToken();
      const [access_token, id_token] = [opaqueToken(), await signer.idToken()];
      await app.oidc.sessions.save({ access_token, id_token, refresh_token });
      await expectInvalid(call(app, refresh_token), WRONG_KIND);
    });
  });

  describe('that fails is 503, never 401 and never "active":', () => {
    const redirect: RequestListener = (_req, res) => {
      res.writeHead(302, { location: `${provider.server.issuer}/elsewhere` }).end();
    };
    const slow: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).write('{"active":true');
    };
    const huge = () => Buffer.from(`{"active":true,"x":"${'x'.repeat(50 * 1024 * 1024)}"}`);

    it.each<[string, () => RequestListener]>([
      ['active is missing', () => json({ sub: 'alice' })],
      ['active is "true"', () => json({ ...claimsOf(), active: 'true' })],
      ['active is 1', () => json({ ...claimsOf(), active: 1 })],
      ['active is null', () => json({ ...claimsOf(), active: null })],
      ['an array', () => json([{ ...claimsOf(), active: true }])],
      ['null', () => json(null)],
      ['garbage', () => send('{"active":true')],
      ['nothing at all', () => send('')],
      ['a page', () => send('<html></html>', 200, 'text/html')],
      ['201', () => json({ ...claimsOf(), active: true }, 201)],
      ['a redirect', () => redirect],
      ['400', () => json({ error: 'invalid_request' }, 400)],
      ['401', () => json({ error: 'invalid_client' }, 401)],
      ['403', () => json({ error: 'access_denied' }, 403)],
      ['403 that says active', () => json({ ...claimsOf(), active: true }, 403)],
      ['500', () => send('', 500)],
      ['503', () => json({ active: false }, 503)],
      ['no answer', () => () => undefined],
      ['a body that never ends', () => slow],
      ['a closed connection', () => (req) => req.socket.destroy()],
      ['50 MB', () => send(huge())],
    ])('%s', async (_what, answer) => {
      const app = start({}, { providerTimeout: 0.3 });
      provider.answer = answer();
      const token = opaqueToken();
      await expectUnavailable(call(app, token));
      const { issuer } = signer;
      const event = { issuer, operation: 'introspection', reason: expect.any(String) };
      expect(app.events).toEqual([['provider-error', event]]);
      expect(JSON.stringify(app.events)).not.toContain(token);
      expect(provider.server.requests).not.toContain('/elsewhere');
    });

    it('of a JWT with "always" too', async () => {
      const app = start({ introspection: 'always' });
      provider.answer = send('', 500);
      await expectUnavailable(call(app, await signer.accessToken()));
    });

    it('of a logout too, which then changes nothing', async () => {
      const app = start();
      provider.answer = send('', 500);
      const access_token = opaqueToken();
      await expectUnavailable(request(app.app).post(LOGOUT).send({ access_token }));
      expect(await redis.dump()).toEqual({});
      provider.answer = active();
      await call(app, access_token).expect(200);
    });

    it('and is over with the outage: no failure is kept', async () => {
      const app = start();
      const token = opaqueToken();
      provider.answer = send('', 500);
      await expectUnavailable(call(app, token));
      provider.answer = active();
      await call(app, token).expect(200);
    });
  });

  describe('is kept', () => {
    const questions = () => provider.asked.length;

    it.each<[string, () => RequestListener, number]>([
      ['an active token', () => active(), 200],
      ['one that is not active', () => json({ active: false }), 401],
    ])('for all who ask at once about %s', async (_what, answer, status) => {
      let arrived = 0;
      const outer = express().use((_req, _res, next) => {
        arrived += 1;
        next();
      });
      const client = redis.connect();
      // Once all have arrived, and Redis has answered their look-ups before the ping.
      const allHaveAsked = async () => {
        await until(() => arrived === 20);
        await setImmediate();
        await client.ping();
        await setImmediate();
      };
      provider.answer = (req, res) => {
        void allHaveAsked().then(() => {
          answer()(req, res);
        });
      };
      const [app, token] = [start({}, { redis: client }, outer), opaqueToken()];
      const answers = await Promise.all(Array.from({ length: 20 }, () => call(app, token)));
      expect(answers.map((each) => each.status)).toEqual(Array(20).fill(status));
      expect(questions()).toBe(1);
    });

    it('for those who ask one after the other, whichever endpoint they ask', async () => {
      provider.answer = active();
      const [app, token] = [start(), opaqueToken()];
      for (let count = 0; count < 5; count++) await call(app, token).expect(200);
      await request(app.app).post(LOGOUT).send({ access_token: token }).expect(200);
      await expectInvalid(call(app, token), INVALIDATED);
      expect(questions()).toBe(1);
    });

    it('of each token by itself', async () => {
      const app = start();
      provider.answer = active({ sub: 'alice' });
      const [alices, bobs] = [opaqueToken(), opaqueToken()];
      await call(app, alices).expect(200);
      provider.answer = active({ sub: 'bob' });
      const subjects = await Promise.all(
        [alices, bobs].map(async (token) => {
          const body: unknown = (await call(app, token).expect(200)).body;
          return (body as { payload: Json }).payload.sub;
        }),
      );
      expect(subjects).toEqual(['alice', 'bob']);
    });

    it('never beyond exp', async () => {
      const then = Date.now();
      provider.answer = active({ exp: now() + 20 });
      const [app, token] = [start(), opaqueToken()];
      await call(app, token).expect(200);
      setTime(then + 19_000);
      await call(app, token).expect(200);
      setTime(then + 26_000);
      await expectInvalid(call(app, token), EXPIRED);
      expect(questions()).toBe(1);
    });

    it('for a moment only where the token is not active', async () => {
      const [app, token] = [start(), opaqueToken()];
      await expectInvalid(call(app, token), MALFORMED);
      provider.answer = active();
      await until(async () => (await call(app, token)).status !== 401);
      await call(app, token).expect(200);
      expect(questions()).toBe(2);
    });
  });

  describe('of a token that was active loses all effect, in other processes too, when', () => {
    it.each<[string, (app: App, token: string) => Promise<unknown>]>([
      [
        'the token is logged out',
        ({ app }, access_token) => request(app).post(LOGOUT).send({ access_token }).expect(200),
      ],
      [
        'another token of its session is logged out',
        async ({ app }) => {
          const access_token = await signer.accessToken({ sid: 'sid-1' });
          await request(app).post(LOGOUT).send({ access_token }).expect(200);
        },
      ],
      [
        'its session is ended by the app',
        ({ oidc }) => oidc.sessions.end({ issuer: signer.issuer, sid: 'sid-1' }),
      ],
      [
        'its user is ended by the app',
        ({ oidc }) => oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' }),
      ],
      [
        'its session is ended by the provider',
        async ({ app }) => {
          const logout_token = await signer.logoutToken({ sub: undefined });
          await request(app)
            .post(BACK_CHANNEL_LOGOUT)
            .type('form')
            .send({ logout_token })
            .expect(200);
        },
      ],
      [
        'its user is ended by the provider',
        async ({ app }) => {
          const logout_token = await signer.logoutToken({ sid: undefined });
          await request(app)
            .post(BACK_CHANNEL_LOGOUT)
            .type('form')
            .send({ logout_token })
            .expect(200);
        },
      ],
    ])('%s', async (_what, end) => {
      provider.answer = active();
      const [here, there, token] = [start(), start(), opaqueToken()];
      await call(here, token).expect(200);
      await call(there, token).expect(200);
      await end(here, token);
      await expectInvalid(call(here, token), INVALIDATED);
      await expectInvalid(call(there, token), INVALIDATED);
      expect(provider.asked).toHaveLength(2);
    });

    it('but not when another session or user is ended', async () => {
      provider.answer = active();
      const [app, token] = [start(), opaqueToken()];
      await call(app, token).expect(200);
      await app.oidc.sessions.end({ issuer: signer.issuer, sid: 'sid-2' });
      await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'bob' });
      await call(app, token).expect(200);
    });
  });

  it('leaves no token in the store and in the events', async () => {
    provider.answer = active();
    const [app, access_token] = [start(), opaqueToken()];
    await call(app, access_token).expect(200);
    await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    const stored = JSON.stringify(await redis.dump());
    expect(stored).toContain('oidc1:x');
    expect(stored).not.toContain(access_token);
    expect(JSON.stringify(app.events)).not.toContain(access_token);
  });

  describe('at several providers', () => {
    let second: IntrospectingProvider;

    beforeAll(async () => {
      second = await startIntrospectingProvider();
    });

    afterAll(() => second.close());

    beforeEach(() => {
      second.reset();
    });

    function startBoth(first: ProviderOptions['introspection'] = 'opaque'): App {
      const entries = [
        { clientId: CLIENT_ID, ...entryOf(signer, { introspection: first }) },
        { clientId: CLIENT_ID, ...entryOf(second.signer) },
      ];
      return start({}, { provider: entries as ProviderOptions[] });
    }

    const questions = () => [provider.asked.length, second.asked.length];

    it('asks the first one first, and then nobody else', async () => {
      provider.answer = active();
      second.answer = json({ active: true, token_type: 'Bearer', sub: 'mallory', exp: now() + 60 });
      const body: unknown = (await call(startBoth(), opaqueToken()).expect(200)).body;
      expect(body).toMatchObject({ payload: { iss: signer.issuer, sub: 'alice' } });
      expect(questions()).toEqual([1, 0]);
    });

    it('asks the next one about a token that the first does not know', async () => {
      const claims = { token_type: 'Bearer', sub: 'bob', exp: now() + 60 };
      second.answer = json({ active: true, ...claims });
      const token = opaqueToken();
      const body: unknown = (await call(startBoth(), token).expect(200)).body;
      expect(body).toEqual({ token, payload: { iss: second.signer.issuer, ...claims } });
      expect(questions()).toEqual([1, 1]);
    });

    it('leaves out those that are not to be asked', async () => {
      provider.answer = active();
      second.answer = json({ active: true, token_type: 'Bearer', sub: 'bob', exp: now() + 60 });
      const body: unknown = (await call(startBoth('never'), opaqueToken()).expect(200)).body;
      expect(body).toMatchObject({ payload: { iss: second.signer.issuer } });
      expect(questions()).toEqual([0, 1]);
    });

    it('refuses a token that none of them knows', async () => {
      await expectInvalid(call(startBoth(), opaqueToken()), MALFORMED);
      expect(questions()).toEqual([1, 1]);
    });

    it('lets a token pass that one of them knows while another is away', async () => {
      provider.answer = send('', 500);
      second.answer = json({ active: true, token_type: 'Bearer', sub: 'bob', exp: now() + 60 });
      await call(startBoth(), opaqueToken()).expect(200);
    });

    it('is 503 when one of them cannot say whether it knows the token', async () => {
      second.answer = send('', 500);
      await expectUnavailable(call(startBoth(), opaqueToken()));
    });
  });
});

describe('introspection by oidc-provider', () => {
  const SECRET = 'the secret of the API';
  const close: (() => Promise<void>)[] = [];
  let issuer: string;
  let provider: Provider;

  beforeAll(async () => {
    const clients = [
      {
        client_id: CLIENT_ID,
        client_secret: SECRET,
        redirect_uris: ['https://app.example.com/callback'],
        post_logout_redirect_uris: ['https://app.example.com/logged-out'],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ];
    const configuration = await configure({ clients, resource: AUDIENCE }, createMemoryAdapters());
    const app = express();
    const server = createServer(app);
    issuer = `http://127.0.0.1:${await listen(server, 0)}`;
    provider = new Provider(issuer, {
      ...configuration,
      features: {
        ...configuration.features,
        introspection: { enabled: true, allowedPolicy: () => true },
        revocation: { enabled: true, allowedPolicy: () => true },
      } as Configuration['features'],
    });
    app.use(provider.callback());
    close.push(() => closeServer(server));
  });

  afterAll(() => Promise.all(close.map((each) => each())));

  function start(entry: Partial<ProviderOptions> = {}): App {
    const app = appWith({
      audience: AUDIENCE,
      provider: {
        issuer,
        clientId: CLIENT_ID,
        clientSecret: SECRET,
        postLogoutRedirectUri: 'https://app.example.com/logged-out',
        introspection: 'opaque',
        ...entry,
      } as ProviderOptions,
    });
    close.push(() => app.oidc.close());
    return app;
  }

  /** Tokens as the provider issues them for one login. */
  async function issueTokens(audience = AUDIENCE) {
    const client = await provider.Client.find(CLIENT_ID);
    if (client === undefined) throw new Error('The client is not registered');
    const grant = new provider.Grant({ clientId: CLIENT_ID, accountId: 'alice' });
    grant.addOIDCScope('openid');
    const login = { accountId: 'alice', client, grantId: await grant.save(), scope: 'openid' };
    const sid = `sid of ${login.grantId}`;
    const accessToken = new provider.AccessToken({ ...login, sid, gty: 'authorization_code' });
    accessToken.setAudience(audience);
    const refreshToken = new provider.RefreshToken({ ...login, sid, gty: 'authorization_code' });
    return {
      access_token: await accessToken.save(),
      refresh_token: await refreshToken.save(),
      sid,
    };
  }

  async function isActive(token: string): Promise<boolean> {
    const body = new URLSearchParams({ token });
    const Authorization = `Basic ${btoa(`${CLIENT_ID}:${SECRET.replaceAll(' ', '+')}`)}`;
    const answer = await fetch(`${issuer}/token/introspection`, {
      method: 'POST',
      headers: { Authorization },
      body,
    });
    return ((await answer.json()) as { active: boolean }).active;
  }

  it('lets an opaque token pass until it is logged out, and then neither here nor there', async () => {
    const app = start();
    const { access_token, refresh_token, sid } = await issueTokens();
    const body: unknown = (await call(app, access_token).expect(200)).body;
    expect(body).toEqual({
      token: access_token,
      payload: {
        iss: issuer,
        sub: 'alice',
        sid,
        aud: AUDIENCE,
        client_id: CLIENT_ID,
        scope: 'openid',
        token_type: 'Bearer',
        iat: expect.any(Number),
        exp: expect.any(Number),
      },
    });
    expect(await isActive(access_token)).toBe(true);

    const answer = await request(app.app).post(LOGOUT).send({ access_token, refresh_token });

    expect(answer.status).toBe(200);
    await expectInvalid(call(app, access_token), INVALIDATED);
    expect(await Promise.all([access_token, refresh_token].map(isActive))).toEqual([false, false]);
    await expectInvalid(call(start(), access_token), MALFORMED);
  });

  it('refuses a token that the provider revoked', async () => {
    const { access_token } = await issueTokens();
    const token = await provider.AccessToken.find(access_token);
    await token?.destroy();
    await expectInvalid(call(start(), access_token), MALFORMED);
  });

  it('refuses a token for another API', async () => {
    const { access_token } = await issueTokens('https://other.example.com');
    await expectInvalid(call(start(), access_token), NOT_AUTHENTIC);
  });

  it('refuses a refresh token, which this provider calls active and gives no type', async () => {
    const { refresh_token } = await issueTokens();
    expect(await isActive(refresh_token)).toBe(true);
    await call(start(), refresh_token).expect(401);
  });

  it('is 503 when the provider refuses this client, and not the user with it', async () => {
    const { access_token } = await issueTokens();
    const app = start({ clientSecret: 'wrong' });
    await expectUnavailable(call(app, access_token));
    const event = { issuer, operation: 'introspection', reason: expect.any(String) };
    expect(app.events).toEqual([['provider-error', event]]);
  });
});
