import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { exportJWK } from 'jose';
import request from 'supertest';
import {
  InvalidIdTokenError,
  type OidcLogoutOptions,
  type ProviderOptions,
  ProviderUnavailableError,
} from '../../lib/index.ts';
import { type App, appWith, BACK_CHANNEL_LOGOUT, call, LOGOUT } from '../support/app.ts';
import { letPass, resetClocks, setTime } from '../support/clock.ts';
import { createKeyPair } from '../support/key-pair.ts';
import {
  AUDIENCE,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const now = () => Math.floor(Date.now() / 1000);

describe('keys of the provider', () => {
  let provider: ProviderServer;
  let signer: Signer;
  let rotated: Signer;
  const apps: App[] = [];

  beforeEach(async () => {
    provider = await startProviderServer();
    signer = await createSigner(provider.issuer);
    rotated = await createSigner(provider.issuer, { kid: 'key-2' });
    provider.answer = serveMetadata(provider.issuer, [signer.jwk]);
  });

  afterEach(async () => {
    resetClocks();
    await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
    await provider.close();
  });

  function start(
    entry: Partial<ProviderOptions> = {},
    options: Partial<OidcLogoutOptions> = {},
  ): App {
    const { issuer } = provider;
    // Given, so that only the keys are fetched.
    const metadata = { jwks_uri: `${issuer}/jwks`, end_session_endpoint: `${issuer}/logout` };
    const given = { discovery: false, metadata };
    const configured = { issuer, clientId: CLIENT_ID, ...given, ...entry } as ProviderOptions;
    const app = appWith({ audience: AUDIENCE, ...options, provider: configured });
    apps.push(app);
    return app;
  }

  const fetches = () => provider.requests.length;
  const refuse: RequestListener = (_req, res) => res.writeHead(500).end();
  const serve = (...keys: object[]) => {
    provider.answer = serveMetadata(provider.issuer, keys);
  };

  function forged(claims: Record<string, unknown> = {}, kid: unknown = 'unknown'): Promise<string> {
    const standard = { aud: AUDIENCE, sub: 'alice', client_id: CLIENT_ID };
    return signer.sign({ ...standard, ...claims }, { typ: 'at+jwt', kid: kid as string });
  }

  async function expectUnavailable(test: request.Test): Promise<void> {
    const answer = await test;
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.body).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'The OpenID Provider is not reachable',
    });
  }

  async function useUpRenewals(app: App): Promise<void> {
    await call(app, await signer.accessToken()).expect(200);
    for (let count = 0; count < 5; count += 1) await call(app, await forged()).expect(401);
    expect(fetches()).toBe(6);
  }

  describe('whose fetch failed are fetched again after 1, 2, 4, 8, 16, 30 and 30 s', () => {
    it.each<[string, (app: App) => Promise<void>, () => Promise<string>, number]>([
      ['at first', () => Promise.resolve(), () => signer.accessToken({ exp: now() + 600 }), 503],
      [
        'for their age',
        async (app) => {
          await call(app, await signer.accessToken()).expect(200);
          letPass(601_000);
        },
        () => signer.accessToken(),
        200,
      ],
      [
        'for an unknown kid',
        async (app) => {
          await call(app, await signer.accessToken()).expect(200);
        },
        () => rotated.accessToken({ iat: undefined }),
        503,
      ],
    ])('%s', async (_when, prepare, make, status) => {
      const app = start();
      await prepare(app);
      provider.answer = refuse;
      const before = fetches();
      const [waits, counts] = [[1, 2, 4, 8, 16, 30, 30], [] as number[]];
      for (const seconds of waits) {
        await call(app, await make()).expect(status);
        await until(() => app.events.length === fetches() - before);
        letPass(seconds * 1000 - 500);
        await call(app, await make()).expect(status);
        counts.push(fetches() - before);
        letPass(501);
      }
      expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7]);
      serve(signer.jwk, rotated.jwk);
      await call(app, await make()).expect(200);
    });

    it('and after 1 s again once a fetch was good', async () => {
      const app = start();
      const token = await signer.accessToken();
      provider.answer = refuse;
      for (const wait of [1001, 2001]) {
        await call(app, token).expect(503);
        letPass(wait);
      }
      serve(signer.jwk);
      await call(app, token).expect(200);
      provider.answer = refuse;
      const later = await rotated.accessToken();
      await expectUnavailable(call(app, later));
      letPass(1001);
      serve(signer.jwk, rotated.jwk);
      await call(app, later).expect(200);
    });

    it.each([-3_600_000, 3_600_000])('also when the time of day is set by %i ms', async (ms) => {
      const app = start();
      const token = await signer.accessToken({ iat: undefined, exp: now() + 80_000 });
      provider.answer = refuse;
      await expectUnavailable(call(app, token));
      setTime(Date.now() + ms);
      await expectUnavailable(call(app, token));
      expect(fetches()).toBe(1);
      letPass(1001);
      serve(signer.jwk);
      await call(app, token).expect(200);
    });
  });

  it('are refreshed for their age also when the time of day is set back', async () => {
    const app = start();
    await call(app, await signer.accessToken()).expect(200);
    letPass(601_000);
    setTime(Date.now() - 3_600_000);
    await call(app, await signer.accessToken()).expect(200);
    await until(() => fetches() === 2);
  });

  describe('of which none can be used never replace those that can:', () => {
    let weak: object;
    let other: object;
    let secret: object;

    beforeAll(async () => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
      weak = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1' };
      other = await exportJWK((await createKeyPair('ES256')).publicKey);
      const pair = await createKeyPair('RS256');
      secret = { ...(await exportJWK(pair.privateKey)), kid: 'key-1' };
    });

    const rows: [string, () => object[]][] = [
      ['none at all', () => []],
      ['members that are no keys', () => [null, 1, 'key', [], {}] as object[]],
      ['a key for encryption', () => [{ ...signer.jwk, use: 'enc' }]],
      ['a key of another use', () => [{ ...signer.jwk, use: 'tls' }]],
      ['a key of another algorithm', () => [{ ...signer.jwk, alg: 'RS512' }]],
      ['a key for encryption by its algorithm', () => [{ ...signer.jwk, alg: 'RSA-OAEP-256' }]],
      ['a key of another kind', () => [other]],
      ['a key without its modulus', () => [{ ...signer.jwk, n: undefined }]],
      ['a key whose modulus is no text', () => [{ ...signer.jwk, n: 42 }]],
      ['a key whose modulus is empty', () => [{ ...signer.jwk, n: '' }]],
      ['a key of 1024 bits', () => [weak]],
      ['a private key', () => [secret]],
      ['a secret', () => [{ kty: 'oct', k: 'c2VjcmV0', kid: 'key-1' }]],
      ['a key that is to sign', () => [{ ...signer.jwk, key_ops: ['sign'] }]],
      ['a key of an unknown kind', () => [{ ...signer.jwk, kty: 'XXX' }]],
    ];

    it.each(rows)('%s', async (_what, keys) => {
      const app = start();
      await call(app, await signer.accessToken()).expect(200);
      serve(...keys());
      letPass(601_000);
      await call(app, await signer.accessToken()).expect(200);
      await until(() => app.events.length === 1);
      await call(app, await signer.accessToken()).expect(200);
      await expectUnavailable(call(app, await forged()));
      expect(fetches()).toBe(2);
      const { issuer } = provider;
      expect(app.events).toEqual([
        ['provider-error', { issuer, operation: 'keys', reason: 'NO_USABLE_KEY' }],
      ]);
    });

    it.each(rows)('%s, at first sight, is an outage', async (_what, keys) => {
      const app = start();
      serve(...keys());
      const token = await signer.accessToken();
      await expectUnavailable(call(app, token));
      serve(signer.jwk);
      letPass(1001);
      await call(app, token).expect(200);
    });

    it('but one that is for Logout Tokens can', async () => {
      const app = start({ logoutTokenAlgorithms: ['ES256'] });
      serve(other);
      await call(app, await signer.accessToken({ iat: now() - 60 })).expect(401);
    });
  });

  describe('do not have the kid of a token', () => {
    it.each<[string, () => Record<string, unknown>, number]>([
      ['issued 6 s before they were fetched', () => ({ iat: now() - 6 }), 1],
      ['issued a minute before', () => ({ iat: now() - 60 }), 1],
      ['issued long before', () => ({ iat: -1 }), 1],
      ['issued within the tolerance', () => ({ iat: now() - 4 }), 2],
      ['issued now', () => ({}), 2],
      ['issued in the future', () => ({ iat: now() + 3600 }), 2],
      ['without iat', () => ({ iat: undefined }), 2],
      ['with null as iat', () => ({ iat: null }), 2],
      ['with a text as iat', () => ({ iat: '0' }), 2],
      ['with a list as iat', () => ({ iat: [0] }), 2],
    ])('%s: 401 after %3$i fetches', async (_what, claims, count) => {
      const app = start();
      await call(app, await signer.accessToken()).expect(200);
      await call(app, await forged(claims())).expect(401);
      expect(fetches()).toBe(count);
      expect(app.events).toEqual([]);
    });

    it('with a clockTolerance of its own', async () => {
      const app = start({}, { clockTolerance: 60 });
      await call(app, await signer.accessToken()).expect(200);
      await call(app, await forged({ iat: now() - 59 })).expect(401);
      expect(fetches()).toBe(2);
      await call(app, await forged({ iat: now() - 120 })).expect(401);
      expect(fetches()).toBe(2);
    });

    it('that are given: 401, and nothing is fetched', async () => {
      const app = start({ jwks: { keys: [signer.jwk] } });
      for (let count = 0; count < 10; count += 1) await call(app, await forged()).expect(401);
      expect(fetches()).toBe(0);
    });

    it.each([null, 5, '', ['key-1'], { a: 1 }])('that is %j: 401', async (kid) => {
      const app = start();
      await call(app, await forged({}, kid)).expect(401);
      expect(fetches()).toBe(1);
    });
  });

  describe('were fetched five times within 30 s', () => {
    it('so that one more unknown kid is an outage, told once, and no harm to a known one', async () => {
      const app = start();
      await useUpRenewals(app);
      for (let count = 0; count < 10; count += 1) {
        await expectUnavailable(call(app, await forged()));
        const access_token = await forged();
        await expectUnavailable(request(app.app).post(LOGOUT).send({ access_token }));
        await call(app, await signer.accessToken()).expect(200);
      }
      expect(fetches()).toBe(6);
      const { issuer } = provider;
      const reason = 'KEYS_RENEWED_TOO_OFTEN';
      expect(app.events).toEqual([['provider-error', { issuer, operation: 'keys', reason }]]);
    });

    it('and a kid that was surely not there is refused all the same', async () => {
      const app = start();
      await useUpRenewals(app);
      await call(app, await forged({ iat: now() - 60 })).expect(401);
    });

    it('and are fetched again when 30 s are over, whatever the time of day', async () => {
      const app = start();
      await useUpRenewals(app);
      serve(signer.jwk, rotated.jwk);
      setTime(Date.now() + 3_600_000);
      await expectUnavailable(call(app, await rotated.accessToken()));
      setTime(Date.now() - 7_200_000);
      letPass(30_001);
      await call(app, await rotated.accessToken({ exp: now() + 60 })).expect(200);
    });

    it('so that save rejects with the outage, and succeeds later', async () => {
      const app = start();
      await useUpRenewals(app);
      serve(signer.jwk, rotated.jwk);
      const tokens = async () => ({
        access_token: await rotated.accessToken(),
        id_token: await rotated.idToken(),
      });
      const saved = app.oidc.sessions.save(await tokens());
      await expect(saved).rejects.toBeInstanceOf(ProviderUnavailableError);
      letPass(30_001);
      await app.oidc.sessions.save(await tokens());
    });
  });

  it('are fetched for each of two changes within 30 s', async () => {
    const app = start();
    const save = async (by: Signer) =>
      app.oidc.sessions.save({
        access_token: await by.accessToken(),
        id_token: await by.idToken(),
      });
    await save(signer);
    serve(signer.jwk, rotated.jwk);
    await save(rotated);
    const third = await createSigner(provider.issuer, { kid: 'key-3' });
    serve(rotated.jwk, third.jwk);
    await save(third);
    const stranger = await createSigner(provider.issuer, { kid: 'key-4' });
    await expect(save(stranger)).rejects.toBeInstanceOf(InvalidIdTokenError);
  });

  it('are fetched once more for a token that came while they were fetched', async () => {
    const app = start();
    await call(app, await signer.accessToken()).expect(200);
    let answerFirst = (): void => undefined;
    provider.answer = (req, res) => {
      answerFirst = () => {
        serveMetadata(provider.issuer, [signer.jwk])(req, res);
      };
    };
    const refused = call(app, await forged()).then(({ status }) => status);
    await until(() => fetches() === 2);
    const tokens = { access_token: await rotated.accessToken(), id_token: await rotated.idToken() };
    const saved = app.oidc.sessions.save(tokens);
    await new Promise((resolve) => setImmediate(resolve));
    serve(signer.jwk, rotated.jwk);
    answerFirst();
    await saved;
    expect([await refused, fetches()]).toEqual([401, 3]);
  });

  describe('without kid', () => {
    const bare = ({ jwk }: Signer) => ({ ...jwk, kid: undefined });
    const tokenOf = (by: Signer, claims: Record<string, unknown> = {}) =>
      by.sign(
        { aud: AUDIENCE, sub: 'alice', client_id: CLIENT_ID, ...claims },
        { typ: 'at+jwt', kid: undefined as never },
      );

    it('are fetched anew when the one that fits does not verify a younger token', async () => {
      const app = start();
      serve(bare(signer));
      await call(app, await tokenOf(signer)).expect(200);
      serve(bare(rotated));
      await call(app, await tokenOf(rotated)).expect(200);
      await call(app, await tokenOf(signer, { sub: 'bob' })).expect(401);
    });

    it('are not fetched anew for an older token', async () => {
      const app = start();
      serve(bare(signer), bare(rotated));
      await call(app, await tokenOf(rotated)).expect(200);
      const stranger = await createSigner(provider.issuer);
      await call(app, await tokenOf(stranger, { iat: now() - 60 })).expect(401);
      expect(fetches()).toBe(1);
    });
  });

  it('come as application/jwk-set+json from a server that serves nothing else', async () => {
    const type = 'application/jwk-set+json';
    provider.answer = (req, res) => {
      const isAccepted = req.headers.accept?.split(', ').includes(type) === true;
      res.writeHead(isAccepted ? 200 : 406, { 'content-type': type });
      res.end(isAccepted ? JSON.stringify({ keys: [signer.jwk] }) : '');
    };
    await call(start(), await signer.accessToken()).expect(200);
  });

  describe('that cannot be asked for now', () => {
    let redis: RedisServer;

    beforeEach(async () => {
      redis = await startRedisServer();
    });

    afterEach(() => redis.close());

    it.each<[string, (app: App) => Promise<void>, number]>([
      ['were fetched too often', useUpRenewals, 30_001],
      [
        'cannot be fetched',
        async (app) => {
          await call(app, await signer.accessToken()).expect(200);
          provider.answer = refuse;
        },
        1001,
      ],
    ])('%s: a Logout Token passes at the next try', async (_what, prepare, wait) => {
      const app = start({}, { redis: redis.connect() });
      await prepare(app);
      // The guard begins the epoch.
      const stored = async () => ({ ...(await redis.dump()), 'oidc1:e': undefined });
      const before = await stored();
      const post = async (logout_token: string) =>
        request(app.app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });
      const logoutToken = await rotated.logoutToken();
      const refused = await post(logoutToken);
      expect([refused.status, refused.body]).toEqual([
        400,
        {
          error: 'temporarily_unavailable',
          error_description: 'The OpenID Provider is not reachable',
        },
      ]);
      expect(await stored()).toEqual(before);
      serve(signer.jwk, rotated.jwk);
      letPass(wait);
      expect((await post(logoutToken)).status).toBe(200);
      await call(app, await signer.accessToken({ iat: now() - 1 })).expect(401);
    });
  });
});
