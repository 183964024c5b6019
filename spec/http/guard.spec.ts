import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, describe, expect, it } from '@jest/globals';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { base64url } from 'jose';
import request from 'supertest';
import {
  type GuardedRequest,
  type HttpError,
  oidcLogout,
  type OidcLogoutOptions,
} from '../../lib/index.ts';
import { type App, appWith, LOGOUT, optionsFor } from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { setTime } from '../support/clock.ts';
import { AUDIENCE, CLIENT_ID, createSigner } from '../support/provider.ts';
import { redis, signer, start as startApp, useRedisApps } from '../support/redis-apps.ts';

useRedisApps();

function call({ app }: App, authorization: string, path = '/api'): request.Test {
  return request(app).get(path).set('Authorization', authorization);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

describe.each(Object.keys(EXPRESS))('guard on %s', (version) => {
  let app: App;

  const start = (options: Partial<OidcLogoutOptions> = {}): App =>
    startApp(options, EXPRESS[version]?.());

  beforeEach(() => {
    app = start();
  });

  it('lets a live token pass and tells the route whose it is', async () => {
    const token = await signer.accessToken({ scope: 'read write' });
    const answer = await call(app, `Bearer ${token}`).expect(200);
    expect(answer.body).toEqual({
      token,
      header: { alg: 'RS256', kid: 'key-1', typ: 'at+jwt' },
      payload: expect.objectContaining({ iss: signer.issuer, sub: 'alice', scope: 'read write' }),
    });
    expect(answer.headers['cache-control']).toBeUndefined();
  });

  it('answers a bare challenge without credentials (RFC 6750, section 3.1)', async () => {
    for (const test of [request(app.app).get('/api'), call(app, 'Basic abc')]) {
      const answer = await test;
      expect(answer.status).toBe(401);
      expect(answer.headers).toMatchObject({
        'www-authenticate': 'Bearer realm="api"',
        'cache-control': 'no-store',
        pragma: 'no-cache',
      });
      expect(answer.text).toBe('');
    }
  });

  it('takes no token from the query or a form (RFC 6750, section 2)', async () => {
    const token = await signer.accessToken();
    await request(app.app).get(`/api?access_token=${token}`).expect(401, '');
    await request(app.app).post('/api').type('form').send({ access_token: token }).expect(401, '');
  });

  it('answers 400 to credentials that are malformed or stand twice', async () => {
    const token = await signer.accessToken();
    await call(app, 'Bearer a b')
      .expect(400, {
        error: 'invalid_request',
        error_description: 'The Authorization header is not a well-formed Bearer credential',
      })
      .expect(
        'WWW-Authenticate',
        'Bearer realm="api", error="invalid_request", ' +
          'error_description="The Authorization header is not a well-formed Bearer credential"',
      );
    await call(app, `Bearer ${token}`, `/api?access_token=${token}`).expect(400, {
      error: 'invalid_request',
      error_description: 'The request carries an access token in more than one way',
    });
  });

  it('answers 403 with the scope to a token that lacks it', async () => {
    const answer = await call(
      app,
      `Bearer ${await signer.accessToken({ scope: 'read' })}`,
      '/api/write',
    );
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="api", error="insufficient_scope", ' +
        'error_description="The access token lacks a required scope", scope="write"',
    );
    expect(answer.body).toEqual({
      error: 'insufficient_scope',
      error_description: 'The access token lacks a required scope',
    });
  });

  it.each([{ scope: 'read write' }, { scp: 'write' }, { scp: ['read', 'write'] }])(
    'finds the scope in %j',
    async (claims) => {
      await call(app, `Bearer ${await signer.accessToken(claims)}`, '/api/write').expect(200);
    },
  );

  const other = 'https://other.example.com';
  const malformed = 'The access token is malformed or unknown';
  const notAuthentic = 'The access token is not authentic or not meant for this API';
  const wrongKind = 'The token is not an access token';

  it.each<[string, () => Promise<string>, string]>([
    ['is opaque and unknown', () => Promise.resolve('unknown'), malformed],
    ['has padding', async () => `${await signer.accessToken()}=`, malformed],
    [
      'is of another issuer',
      () => signer.accessToken({ iss: other }),
      'The access token is of an unknown issuer',
    ],
    [
      'has no issuer',
      () => signer.accessToken({ iss: undefined }),
      'The access token is of an unknown issuer',
    ],
    ['is signed by a stranger', async () => (await createSigner()).accessToken(), notAuthentic],
    ['is for another API', () => signer.accessToken({ aud: other }), notAuthentic],
    ['is for nobody', () => signer.accessToken({ aud: undefined }), notAuthentic],
    ['has no exp', () => signer.accessToken({ exp: undefined }), notAuthentic],
    ['has a text as exp', () => signer.accessToken({ exp: '9999999999' }), notAuthentic],
    ['is not valid yet', () => signer.accessToken({ nbf: now() + 60 }), notAuthentic],
    ['is expired', () => signer.accessToken({ exp: now() - 60 }), 'The access token expired'],
    [
      'outlives maxTokenLifetime',
      () => signer.accessToken({ exp: now() + 90_000 }),
      'The access token lives too long',
    ],
    [
      'outlived maxTokenLifetime when it was issued, and is near its end',
      () => signer.accessToken({ iat: now() - 90_000, exp: now() + 60 }),
      'The access token lives too long',
    ],
    ['has a number as subject', () => signer.accessToken({ sub: 7 }), notAuthentic],
    [
      'is a refresh token of PingAM',
      () => signer.sign({ aud: AUDIENCE, tokenName: 'refresh_token' }),
      wrongKind,
    ],
    [
      'has a crit that nobody knows',
      () => signer.sign({ aud: AUDIENCE }, { crit: ['x'], x: 1 }),
      notAuthentic,
    ],
    ['is an ID Token', () => signer.idToken({ aud: [CLIENT_ID, AUDIENCE] }), wrongKind],
    [
      'is an ID Token without a nonce',
      () => signer.idToken({ aud: [CLIENT_ID, AUDIENCE], nonce: undefined }),
      wrongKind,
    ],
    [
      'is an ID Token of Keycloak',
      () => signer.sign({ aud: AUDIENCE, typ: 'ID', scope: 'a' }, { typ: 'JWT' }),
      wrongKind,
    ],
    [
      'is an ID Token of Amazon Cognito',
      () => signer.sign({ aud: AUDIENCE, token_use: 'id' }),
      wrongKind,
    ],
    [
      'is a Logout Token',
      () => signer.sign({ aud: AUDIENCE, events: {} }, { typ: 'logout+jwt' }),
      wrongKind,
    ],
    [
      'is a Logout Token without a type',
      () => signer.sign({ aud: AUDIENCE, events: {} }),
      wrongKind,
    ],
    ['is a Logout Token of the type at+jwt', () => signer.accessToken({ events: {} }), wrongKind],
    ['has another type', () => signer.sign({ aud: AUDIENCE }, { typ: 'secevent+jwt' }), wrongKind],
  ])('answers 401 to a token that %s', async (_what, make, error_description) => {
    const answer = await call(app, `Bearer ${await make()}`);
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'www-authenticate': `Bearer realm="api", error="invalid_token", error_description="${error_description}"`,
    });
    expect(answer.body).toEqual({ error: 'invalid_token', error_description });
  });

  it.each<[string, object, object]>([
    ['at+jwt in other letters', {}, { typ: 'AT+JWT' }],
    ['application/at+jwt', {}, { typ: 'application/at+jwt' }],
    ['JWT', {}, { typ: 'JWT' }],
    ['none', {}, {}],
    [
      'JWT, of Keycloak, with the nonce of older versions',
      { typ: 'Bearer', nonce: 'n', azp: CLIENT_ID },
      { typ: 'JWT' },
    ],
    ['JWT, for the client itself', { aud: [CLIENT_ID, AUDIENCE], scope: 'a' }, { typ: 'JWT' }],
  ])('accepts the type %s', async (_what, claims, header) => {
    const token = await signer.sign({ aud: AUDIENCE, sub: 'alice', ...claims }, header);
    await call(app, `Bearer ${token}`).expect(200);
  });

  describe('with strict', () => {
    it('accepts what has every claim of RFC 9068', async () => {
      await call(start({ strict: true }), `Bearer ${await signer.accessToken()}`).expect(200);
    });

    it.each(['sub', 'client_id', 'iat', 'jti', 'aud', 'exp', 'iss'])(
      'refuses a token without %s',
      async (claim) => {
        const token = await signer.accessToken({ [claim]: undefined });
        await call(start({ strict: true }), `Bearer ${token}`).expect(401);
      },
    );

    it.each([undefined, 'JWT'])('refuses the type %s', async (typ) => {
      const claims = { aud: AUDIENCE, sub: 'alice', client_id: CLIENT_ID, jti: '1' };
      const token = await signer.sign(claims, typ === undefined ? {} : { typ });
      await call(start({ strict: true }), `Bearer ${token}`).expect(401);
    });
  });

  it('allows the clocks to differ by clockTolerance', async () => {
    const token = await signer.accessToken({ exp: now() - 60 });
    await call(start({ clockTolerance: 120 }), `Bearer ${token}`).expect(200);
    await call(app, `Bearer ${token}`).expect(401);
  });

  it('accepts no other algorithm than the configured ones', async () => {
    const ec = await createSigner(signer.issuer, { alg: 'ES256', kid: 'ec' });
    const provider = { jwks: { keys: [signer.jwk, ec.jwk] } };
    const token = `Bearer ${await ec.accessToken()}`;
    await call(start(optionsFor(signer, { provider })), token).expect(401);
    const both = { ...provider, algorithms: ['RS256', 'ES256'] };
    await call(start(optionsFor(signer, { provider: both })), token).expect(200);
  });

  it('never takes the client secret for a key of access tokens', async () => {
    const clientSecret = 's'.repeat(32);
    const provider = { clientSecret, algorithms: ['RS256', 'HS256'] };
    const hmac = await import('jose').then(({ SignJWT }) =>
      new SignJWT({ iss: signer.issuer, aud: AUDIENCE, sub: 'alice', exp: now() + 60 })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
        .sign(Buffer.from(clientSecret)),
    );
    await call(start(optionsFor(signer, { provider })), `Bearer ${hmac}`).expect(401);
  });

  it('verifies a token once, and forgets it when it expires', async () => {
    const time = Date.now();
    const token = await signer.accessToken({ exp: Math.floor(time / 1000) + 60 });
    await call(app, `Bearer ${token}`).expect(200);
    setTime(time + 70_000);
    await call(app, `Bearer ${token}`).expect(401);
  });

  it('hands each request claims that no other request can change', async () => {
    const { app: outer, oidc } = start();
    outer.use('/mutable', oidc.guard(), (req: GuardedRequest, res) => {
      expect(() => Object.assign(req.auth ?? {}, { token: 'other' })).toThrow(TypeError);
      expect(() => Object.assign(req.auth?.payload ?? {}, { roles: ['admin'] })).toThrow(TypeError);
      expect(() => (req.auth?.payload.roles as string[]).push('admin')).toThrow(TypeError);
      res.json(req.auth?.payload);
    });
    const token = await signer.accessToken({ roles: ['user'] });
    const answer = await request(outer).get('/mutable').set('Authorization', `Bearer ${token}`);
    expect(answer.body).toMatchObject({ roles: ['user'] });
  });

  it('does not take a token for the known one with the same end', async () => {
    const [known, other] = [
      await signer.accessToken(),
      await signer.accessToken({ sub: 'mallory' }),
    ];
    await call(app, `Bearer ${known}`).expect(200);
    const forged = [...other.split('.').slice(0, 2), known.split('.')[2]].join('.');
    await call(app, `Bearer ${forged}`).expect(401);
    await call(app, `Bearer ${known} `).expect(200);
    await call(app, `Bearer ${known}=`).expect(401);
    await call(app, `Basic  ${known}`).expect(401);
  });

  it('goes on in the asynchronous context of each request', async () => {
    const context = new AsyncLocalStorage<string>();
    const { app: outer, oidc } = start();
    outer.use('/mine', (req, _res, next) => {
      context.run(req.get('Name') ?? '', next);
    });
    outer.use('/mine', oidc.guard(), (_req, res) => void res.json(context.getStore()));
    const token = await signer.accessToken();
    const server = outer.listen(0, '127.0.0.1');
    const names = Array.from({ length: 20 }, (_, index) => `request ${index}`);
    const asked = names.map(async (name) => {
      const headers = { Authorization: `Bearer ${token}`, Name: name };
      return (await request(server).get('/mine').set(headers).expect(200)).body as string;
    });
    expect(await Promise.all(asked)).toEqual(names);
    server.close();
  });

  it('needs the option audience', () => {
    const { provider } = optionsFor(signer);
    expect(() => oidcLogout({ provider }).guard()).toThrow('"audience" must be set for guard()');
  });

  it.each([
    { scope: '' },
    { scope: 'a  b' },
    { scope: ['a"b'] },
    { scope: [1] },
    { scope: 'a\nb' },
  ])('refuses the option %j', (options) => {
    expect(() => app.oidc.guard(options as never)).toThrow('"scope" must be');
  });

  it('refuses unknown options', () => {
    expect(() => app.oidc.guard({ scopes: 'a' } as never)).toThrow(
      '"scopes" is not an option of guard()',
    );
  });
});

describe.each(Object.keys(EXPRESS))('guard with errors: "next" on %s', (version) => {
  const bare = 'Bearer realm="api"';

  /** The answers of an app that has its own page for errors, or leaves them to Express. */
  function mount(page: boolean, options: Partial<OidcLogoutOptions> = {}) {
    const app = (EXPRESS[version] ?? express)();
    const oidc = oidcLogout({ ...optionsFor(signer), redis: redis.connect(), ...options });
    const told: object[] = [];
    oidc.on('token-refused', (event) => told.push(event));
    app.use('/api', oidc.guard({ errors: 'next', scope: 'read' }), (_req, res) => {
      res.send('passed');
    });
    const showPage: ErrorRequestHandler = (error: HttpError, _req, res, _next) => {
      const before = [res.headersSent, res.getHeaderNames().includes('www-authenticate')];
      const text = [error.code, error.error, error.message, ...before].join('|');
      res.status(error.status).set(error.headers).type('html').send(`<h1>${text}</h1>`);
    };
    if (page) app.use(showPage);
    return { app, oidc, told };
  }

  const ask = (app: Express, ...authorization: string[]) => {
    const test = request(app).get('/api');
    return authorization.length === 0 ? test : test.set('Authorization', authorization.join());
  };

  it('leaves the page to the app, and tells which headers it needs', async () => {
    const { app, oidc, told } = mount(true);
    const answers = [
      await ask(app),
      await ask(app, 'Bearer a b'),
      await ask(app, 'Bearer opaque-1'),
      await ask(app, `Bearer ${await signer.accessToken({ scope: 'write' })}`),
    ];
    expect(answers.map(({ status, headers }) => [status, headers['www-authenticate']])).toEqual([
      [401, bare],
      [
        400,
        `${bare}, error="invalid_request", error_description="The Authorization header is not a well-formed Bearer credential"`,
      ],
      [
        401,
        `${bare}, error="invalid_token", error_description="The access token is malformed or unknown"`,
      ],
      [
        403,
        `${bare}, error="insufficient_scope", error_description="The access token lacks a required scope", scope="read"`,
      ],
    ]);
    expect(answers.map(({ text }) => text)).toEqual([
      '<h1>ERR_OIDC_LOGOUT_MISSING_TOKEN|invalid_token|The request has no access token|false|false</h1>',
      '<h1>ERR_OIDC_LOGOUT_INVALID_REQUEST|invalid_request|The Authorization header is not a well-formed Bearer credential|false|false</h1>',
      '<h1>ERR_OIDC_LOGOUT_INVALID_TOKEN|invalid_token|The access token is malformed or unknown|false|false</h1>',
      '<h1>ERR_OIDC_LOGOUT_INSUFFICIENT_SCOPE|insufficient_scope|The access token lacks a required scope|false|false</h1>',
    ]);
    expect(told).toMatchObject([{ reason: 'opaque-unknown' }, { reason: 'insufficient-scope' }]);
    const read = await signer.accessToken({ scope: 'read' });
    await ask(app, `Bearer ${read}`).expect(200, 'passed');
    await oidc.close();
  });

  it('hands an outage over as well', async () => {
    const broken = redis.connect();
    const { app, told } = mount(true, { redis: broken, storeTimeout: 0.2 });
    broken.disconnect();
    const answer = await ask(app, `Bearer ${await signer.accessToken({ scope: 'read' })}`);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.text).toContain('ERR_OIDC_LOGOUT_STORE_UNAVAILABLE|temporarily_unavailable');
    expect(told).toEqual([]);
  });

  it('has status and headers that the error handler of Express understands', async () => {
    const { app, oidc } = mount(false);
    app.set('env', 'test');
    const answer = await ask(app);
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, bare]);
    await oidc.close();
  });
});

describe('a logged-out token', () => {
  const CURVE_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  /** The other signature that ECDSA has for the same key and text: (r, n - s). */
  function twin(token: string): string {
    const [header, payload, signature = ''] = token.split('.');
    const bytes = base64url.decode(signature);
    const s = CURVE_ORDER - BigInt(`0x${Buffer.from(bytes.subarray(32)).toString('hex')}`);
    const hex = s.toString(16).padStart(64, '0');
    const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(hex, 'hex')]);
    return `${header}.${payload}.${other.toString('base64url')}`;
  }

  function respelled(token: string): string[] {
    return Array.from(ALPHABET, (last) => token.slice(0, -1) + last);
  }

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'of %s is refused in every spelling',
    async (alg) => {
      const own = await createSigner('https://op.example.com', { alg });
      const app = appWith({
        ...optionsFor(own, { provider: { algorithms: [alg] } }),
        redis: redis.connect(),
      });
      const token = await own.accessToken({ sid: undefined });
      const spellings = respelled(token);
      if (alg === 'ES256') spellings.push(twin(token), ...respelled(twin(token)));
      const accepted: string[] = [];
      for (const spelling of spellings) {
        const { status } = await call(app, `Bearer ${spelling}`);
        if (status === 200) accepted.push(spelling);
      }
      expect(accepted.length).toBe(alg === 'ES256' ? 33 : 16);

      await request(app.app).post(LOGOUT).send({ access_token: token }).expect(200);

      for (const spelling of [...accepted, `${token}=`, `${token}==`]) {
        const answer = await call(app, `Bearer ${spelling}`);
        expect([answer.status, (answer.body as { error: string }).error]).toEqual([
          401,
          'invalid_token',
        ]);
      }
    },
  );

  it('is refused in every process that logs it out in another spelling', async () => {
    const app = startApp();
    const token = await signer.accessToken({ sid: undefined });
    const last = ALPHABET.indexOf(token.slice(-1));
    const spelling = token.slice(0, -1) + (ALPHABET[last ^ 1] ?? '');
    await request(app.app).post(LOGOUT).send({ access_token: spelling }).expect(200);
    await call(app, `Bearer ${token}`).expect(401);
  });
});
