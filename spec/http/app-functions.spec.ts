import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express, { type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import {
  type GuardOptions,
  type LogoutOptions,
  oidcLogout,
  type ProviderOptions,
} from '../../lib/index.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  LOGOUT,
  optionsFor,
  redirectOf,
} from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { type AppProcess, startProcess } from '../support/child-process.ts';
import { createSigner, type Signer } from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { ERRORS, NO_ERRORS } from '../support/thrown.ts';

const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' };

const VERSIONS = Object.keys(EXPRESS);

let redis: RedisServer;
let signer: Signer;
let failing: AppProcess;

beforeAll(async () => {
  redis = await startRedisServer();
  signer = await createSigner();
  const { issuer, jwk } = signer;
  const input = { signer: { issuer, jwk }, redisPath: redis.path, versions: VERSIONS };
  failing = await startProcess('failing-app.ts', input);
});

afterAll(async () => {
  await failing.close();
  await redis.close();
});

/** Where the app fails that has this version of Express. */
function failingAt(version: string): string {
  return failing.urls[VERSIONS.indexOf(version)] ?? '';
}

describe.each(VERSIONS)('a function of the app that fails, on %s', (version) => {
  let access_token: string;
  let before: Record<string, string>;

  beforeAll(async () => {
    await redis.flush();
    access_token = await signer.accessToken();
    const { oidc } = appWith({ ...optionsFor(signer), redis: redis.connect() });
    await oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    before = await redis.dump();
  });

  const send = (path: string, value: string, headers: object = {}) =>
    request(failingAt(version))
      .post(`/${path}`)
      .set({ ...SAME_ORIGIN, Value: value, ...headers })
      .send({ access_token });

  async function told(): Promise<object> {
    return (await request(failingAt(version)).get('/told').expect(200)).body as object;
  }

  const NAMES = ['token', 'tokens', 'returnTo', 'postLogoutRedirectUri', 'localOnly', 'logoutHint'];

  describe.each(NAMES)('%s', (name) => {
    const messages: [string, string][] = [
      ...Object.keys(NO_ERRORS).map((value): [string, string] => [
        value,
        `The function "${name}" failed with a value that is not an Error`,
      ]),
      ...Object.keys(ERRORS).map((value): [string, string] => [value, 'own']),
    ];

    it.each(messages)(
      'with %s: the app gets one error, and nothing is changed',
      async (value, message) => {
        for (const How of ['throw', 'reject']) {
          const answer = await send(name, value, { How });
          expect([How, answer.status, answer.body]).toEqual([How, 500, { message }]);
        }
        expect(await told()).toEqual({ passed: 0, handed: 2 });
        expect(await redis.dump()).toEqual(before);
        expect(failing.isAlive()).toBe(true);
      },
    );

    it.each(['undefined', 'route', 'a Proxy whose traps throw', 'an Error'])(
      'with %s after it has answered: the request is over',
      async (value) => {
        for (const How of ['throw', 'reject']) {
          await send(name, value, { How, Answer: 'early' }).expect(504, 'early');
        }
        expect(await told()).toEqual({ passed: 0, handed: 0 });
        expect(await redis.dump()).toEqual(before);
        expect(failing.isAlive()).toBe(true);
      },
    );
  });
});

describe.each(VERSIONS)('a listener that fails, on %s', (version) => {
  it('harms no logout, whatever it throws, and neither does that of listener-error', async () => {
    const url = failingAt(version);
    for (const Value of Object.keys({ ...NO_ERRORS, ...ERRORS })) {
      for (const How of ['throw', 'reject']) {
        const access_token = await signer.accessToken({ sid: `${Value} ${How}` });
        const answer = request(url).post('/listener').set({ Value, How });
        await answer.send({ access_token }).expect(200);
      }
    }
    await request(url).get('/told').expect(200, { passed: 0, handed: 0 });
    expect(failing.isAlive()).toBe(true);
  });
});

type Found = string | undefined | null;

describe.each(VERSIONS)('a function of the app, on %s', (version) => {
  let access_token: string;
  let errors: unknown[];

  beforeEach(async () => {
    await redis.flush();
    access_token = await signer.accessToken();
    errors = [];
  });

  function start(options: GuardOptions & LogoutOptions & { logoutHint?: () => Found }): App {
    const app = EXPRESS[version]?.() ?? express();
    const { logoutHint, token, ...logoutOptions } = options;
    const provider = logoutHint === undefined ? {} : { logoutHint };
    const oidc = oidcLogout({ ...optionsFor(signer, { provider }), redis: redis.connect() });
    app.use('/own-logout', oidc.logout(logoutOptions));
    app.use('/own-guard', oidc.guard({ token }), (_req, res) => void res.end('passed'));
    const own = appWith({ ...optionsFor(signer), redis: redis.connect() }, app);
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      errors.push(error);
      res.status(500).end();
    });
    return { ...own, oidc };
  }

  const logOut = ({ app }: App) =>
    request(app).post('/own-logout').set(SAME_ORIGIN).send({ access_token });

  const WRONG: [string, unknown][] = [
    ['zero', 0],
    ['a number', 1],
    ['false', false],
    ['true', true],
    ['an object', { access_token: 'a' }],
    ['an array', ['/']],
    ['a function', () => '/'],
    ['a boxed text', new String('/')],
  ];

  describe('token', () => {
    it.each<[string, () => unknown]>([
      ['a text', () => access_token],
      ['a promise of a text', () => Promise.resolve(access_token)],
      [
        'a thenable',
        () => ({
          then: (done: (token: string) => void) => {
            done(access_token);
          },
        }),
      ],
    ])('may find %s', async (_what, find) => {
      const app = start({ token: find as () => string });
      await request(app.app).get('/own-guard').expect(200, 'passed');
      await request(app.app).get('/own-guard').expect(200, 'passed');
      await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
      await request(app.app).get('/own-guard').expect(401);
    });

    it.each<[string, unknown]>([
      ['undefined', undefined],
      ['null', null],
      ['an empty text', ''],
    ])('may find none: %s, or a promise of it, is answered 401', async (_what, none) => {
      for (const found of [none, Promise.resolve(none)]) {
        const { app } = start({ token: () => found as Found });
        const answer = await request(app).get('/own-guard').expect(401, '');
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="api"');
      }
    });

    it.each(WRONG)('must not find %s: the app gets an error', async (_what, wrong) => {
      for (const found of [wrong, Promise.resolve(wrong)]) {
        await request(start({ token: () => found as Found }).app)
          .get('/own-guard')
          .expect(500);
      }
      const error = new TypeError('"token()" must be a string that is not empty');
      expect(errors).toEqual([error, error]);
    });
  });

  describe('tokens', () => {
    it.each<[string, unknown]>([
      ['undefined', undefined],
      ['null', null],
      ['no access token', {}],
      ['an empty one', { access_token: '' }],
    ])('may find none: %s is a logout without a session', async (_what, none) => {
      for (const found of [none, Promise.resolve(none)]) {
        const app = start({ tokens: () => found as undefined });
        const answer = await logOut(app).expect(200);
        expect(redirectOf(answer)).not.toContain('id_token_hint');
        await call(app, access_token).expect(200);
      }
    });

    it.each<[string, unknown, string]>([
      ['a text', 'a.b.c', '"tokens()" must be an object'],
      ['an empty text', '', '"tokens()" must be an object'],
      ['false', false, '"tokens()" must be an object'],
      ['an array', [], '"tokens()" must be an object'],
      ['a number', { access_token: 0 }, '"access_token" must be a string that is not empty'],
      [
        'a promise inside',
        { access_token: Promise.resolve('a') },
        '"access_token" must be a string that is not empty',
      ],
      [
        'another refresh token',
        { access_token: 'a', refresh_token: 0 },
        '"refresh_token" must be a string that is not empty',
      ],
    ])('must not find %s: the app gets an error', async (_what, wrong, message) => {
      for (const found of [wrong, Promise.resolve(wrong)]) {
        await logOut(start({ tokens: () => found as undefined })).expect(500);
      }
      expect(errors).toEqual([new TypeError(message), new TypeError(message)]);
      expect(await redis.dump()).toEqual({});
    });
  });

  describe('returnTo', () => {
    async function placeAfter(app: App): Promise<unknown> {
      const answer = await logOut(app).expect(200);
      const redirect = redirectOf(answer);
      const [cookie = ''] = answer.get('Set-Cookie') ?? [];
      const state = new URL(redirect).searchParams.get('state');
      const callback = request(app.app).get('/logged-out').query({ state });
      return (await callback.set('Cookie', cookie.split(';', 1))).body;
    }

    it.each<[string, unknown, object]>([
      ['undefined', undefined, {}],
      ['null', null, {}],
      ['an empty text', '', {}],
      ['a path', '/shop', { returnTo: '/shop' }],
    ])('may be %s, or a promise of it', async (_what, place, told) => {
      for (const found of [place, Promise.resolve(place)]) {
        const app = start({ returnTo: () => found as Found });
        expect(await placeAfter(app)).toEqual({ outcome: 'verified', ...told });
        access_token = await signer.accessToken({ sid: 'sid-2' });
      }
    });

    it.each([...WRONG, ['another place', 'https://evil.example'] as [string, unknown]])(
      'must not be %s: 400, with nothing changed',
      async (_what, wrong) => {
        for (const found of [wrong, Promise.resolve(wrong)]) {
          await logOut(start({ returnTo: () => found as Found })).expect(400, {
            error: 'invalid_request',
            error_description: 'The place to return to is not allowed',
          });
        }
        expect(await redis.dump()).toEqual({});
        expect(errors).toEqual([]);
      },
    );
  });

  describe('logoutHint', () => {
    it.each<[string, unknown, string | null]>([
      ['undefined', undefined, null],
      ['null', null, null],
      ['an empty text', '', null],
      ['a text', 'alice@example.com', 'alice@example.com'],
    ])('may be %s, or a promise of it', async (_what, hint, sent) => {
      for (const found of [hint, Promise.resolve(hint)]) {
        const answer = await logOut(start({ logoutHint: () => found as Found })).expect(200);
        const { searchParams } = new URL(redirectOf(answer));
        expect(searchParams.get('logout_hint')).toBe(sent);
        access_token = await signer.accessToken({ sid: 'sid-2' });
      }
    });

    it.each(WRONG)('must not be %s: the app gets an error', async (_what, wrong) => {
      for (const found of [wrong, Promise.resolve(wrong)]) {
        await logOut(start({ logoutHint: () => found as Found })).expect(500);
      }
      const error = new TypeError('"logoutHint()" must be a string that is not empty');
      expect(errors).toEqual([error, error]);
      expect(await redis.dump()).toEqual({});
    });
  });
});

describe('a fetch of the app', () => {
  const endpoint = 'https://op.example.com/token-endpoint';

  function startWith(fetch: () => unknown): App {
    const provider: Partial<ProviderOptions> = {
      clientAuthentication: { method: 'tls_client_auth', fetch: fetch as typeof globalThis.fetch },
      metadata: { introspection_endpoint: endpoint, revocation_endpoint: endpoint },
      introspection: 'opaque',
    };
    return appWith({ ...optionsFor(signer, { provider }), providerTimeout: 0.05 });
  }

  const UNAVAILABLE = {
    error: 'temporarily_unavailable',
    error_description: 'The OpenID Provider is not reachable',
  };

  it.each(Object.entries({ ...NO_ERRORS, ...ERRORS }))(
    'may throw or reject with %s: an outage for the guard, and nothing to a logout',
    async (_what, thrown) => {
      const fail = () => {
        throw thrown() as Error;
      };
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      for (const fetch of [fail, () => Promise.reject(thrown())]) {
        const app = startWith(fetch);
        await call(app, 'opaque').expect(503, UNAVAILABLE);
        expect(JSON.stringify(app.events)).not.toContain('secret');
        const access_token = await signer.accessToken();
        await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
        await call(app, access_token).expect(401);
        await app.oidc.close();
      }
    },
  );

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', () => Promise.resolve(null)],
    ['a text', () => 'active'],
    ['no Response', () => Promise.resolve({ active: true })],
    [
      'a body that fails',
      () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error('own')) })),
    ],
  ])('may answer %s: an outage', async (_what, fetch) => {
    await call(startWith(fetch), 'opaque').expect(503, UNAVAILABLE);
  });

  it.each<[string, () => unknown]>([
    ['never answers', () => new Promise(() => undefined)],
    ['never ends its body', () => new Response(new ReadableStream())],
  ])(
    'may not heed its signal: one that %s is an outage after providerTimeout',
    async (_what, fetch) => {
      const app = startWith(fetch);
      await call(app, 'opaque').expect(503, UNAVAILABLE);
      const { issuer } = signer;
      const error = { issuer, operation: 'introspection', reason: 'TimeoutError' };
      expect(app.events).toEqual([['provider-error', error]]);
    },
  );
});

describe('a store of the app', () => {
  // Side by side, because a Logout Token is tried again for a while.
  it.concurrent.each(Object.entries({ ...NO_ERRORS, ...ERRORS }))(
    'may throw or reject with %s: an outage, and no word of what was thrown',
    async (_what, thrown) => {
      const fail = () => {
        throw thrown() as Error;
      };
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      const ways = [fail, () => Promise.reject(thrown())].map(async (fails) => {
        const store = { read: fails, update: fails, subscribe: () => () => undefined };
        const { app, events } = appWith({ ...optionsFor(signer), store });
        const access_token = await signer.accessToken();
        const guarded = request(app).get('/api').auth(access_token, { type: 'bearer' });
        await guarded.expect(503);
        await request(app).post(LOGOUT).send({ access_token }).expect(503);
        const logout_token = await signer.logoutToken();
        await request(app)
          .post(BACK_CHANNEL_LOGOUT)
          .type('form')
          .send({ logout_token })
          .expect(400);
        await request(app)
          .get('/logged-out')
          .query({ state: 's'.repeat(43) })
          .expect(200, { outcome: 'mismatch' });
        expect(new Set(events.map(([name]) => name))).toEqual(new Set(['store-error']));
        expect(JSON.stringify(events)).not.toContain('secret');
      });
      await Promise.all(ways);
    },
  );
});
