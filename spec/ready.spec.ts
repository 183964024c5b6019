import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import express from 'express';
import request from 'supertest';
import {
  type OidcLogout,
  oidcLogout,
  type OidcLogoutOptions,
  type ProviderErrorEvent,
} from '../lib/index.ts';
import { letPass, resetClocks } from './support/clock.ts';
import {
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from './support/provider.ts';
import { openPage } from './support/page.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { until } from './support/until.ts';

const WELL_KNOWN = '/.well-known/openid-configuration';
const PROVIDER_CODE = 'ERR_OIDC_LOGOUT_PROVIDER_UNAVAILABLE';
const STORE_CODE = 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE';

const fail: RequestListener = (_req, res) => void res.writeHead(500).end();

describe('ready', () => {
  let redis: RedisServer;
  let provider: ProviderServer;
  let signer: Signer;
  let serve: RequestListener;
  const parts: OidcLogout[] = [];

  beforeAll(async () => {
    [redis, provider] = await Promise.all([startRedisServer(), startProviderServer()]);
    signer = await createSigner(provider.issuer, { alg: 'ES256' });
    serve = serveMetadata(provider.issuer, [signer.jwk]);
  });

  afterAll(() => Promise.all([redis.close(), provider.close()]));

  beforeEach(() => {
    provider.requests.length = 0;
    provider.answer = serve;
  });

  afterEach(async () => {
    resetClocks();
    await Promise.all(parts.splice(0).map((oidc) => oidc.close()));
  });

  const entry = () => ({ issuer: provider.issuer, clientId: CLIENT_ID, algorithms: 'ES256' });

  function start(options: object = {}, others: Partial<OidcLogoutOptions> = {}): OidcLogout {
    const oidc = oidcLogout({ provider: { ...entry(), ...options }, ...others });
    parts.push(oidc);
    return oidc;
  }

  /** What it rejects with. */
  const failure = (oidc: OidcLogout) =>
    oidc.ready().then(
      () => undefined,
      (error: unknown) => error,
    );

  it('resolves when the provider was asked and the store answers', async () => {
    await expect(start({}, { redis: redis.connect() }).ready()).resolves.toBeUndefined();
    expect(provider.requests).toEqual([WELL_KNOWN, '/jwks']);
  });

  it('asks the provider once for many calls, and never again for what is fresh', async () => {
    const oidc = start();
    await Promise.all(Array.from({ length: 100 }, () => oidc.ready()));
    await oidc.ready();
    expect(provider.requests).toEqual([WELL_KNOWN, '/jwks']);
  });

  it('asks nothing of a provider whose metadata and keys are given', async () => {
    const metadata = { end_session_endpoint: null };
    await start({ discovery: false, metadata, jwks: { keys: [signer.jwk] } }).ready();
    expect(provider.requests).toEqual([]);
  });

  it('asks for no keys where the secret of the client is the only one', async () => {
    await start({ algorithms: 'HS256', clientSecret: 'x'.repeat(32) }).ready();
    expect(provider.requests).toEqual([WELL_KNOWN]);
  });

  const at = (path: string, answer: RequestListener): RequestListener => {
    return (req, res) => {
      if (req.url === path) answer(req, res);
      else serve(req, res);
    };
  };
  const keys = (...jwks: object[]) => serveMetadata(provider.issuer, jwks);
  const hang: RequestListener = () => undefined;

  it.each<[string, () => RequestListener, string]>([
    ['metadata are 500', () => fail, 'OAUTH_RESPONSE_IS_NOT_CONFORM'],
    ['metadata hang', () => hang, 'TimeoutError'],
    [
      'metadata are of another issuer',
      () => serveMetadata('https://b.example', []),
      'ISSUER_MISMATCH',
    ],
    ['keys are 500', () => at('/jwks', fail), 'JWKS_RESPONSE_NOT_CONFORM'],
    ['keys hang', () => at('/jwks', hang), 'TimeoutError'],
    ['keys are of no use', () => keys({ kty: 'RSA', n: 'AQAB', e: 'AQAB' }), 'NO_USABLE_KEY'],
    [
      'keys have no place',
      () => serveMetadata(provider.issuer, [], { jwks_uri: undefined }),
      'UNUSABLE_JWKS_URI',
    ],
  ])('rejects when the %s, and resolves at the next call when they are back', async (...row) => {
    const [, answer, reason] = row;
    provider.answer = answer();
    const oidc = start({}, { providerTimeout: 0.3 });
    const told: ProviderErrorEvent[] = [];
    oidc.on('provider-error', (event) => told.push(event));
    const { issuer } = provider;
    expect(await failure(oidc)).toMatchObject({ code: PROVIDER_CODE, issuer, reason });
    await until(() => told.length > 0);
    provider.answer = serve;
    await oidc.ready();
  });

  it('rejects when the server does not listen', async () => {
    const away = await startProviderServer();
    await away.close();
    const oidc = start({ issuer: away.issuer });
    const expected = { code: PROVIDER_CODE, issuer: away.issuer, reason: 'ECONNREFUSED' };
    expect(await failure(oidc)).toMatchObject(expected);
  });

  it('asks a provider that is away a few times only, however often it is called', async () => {
    provider.answer = fail;
    const oidc = start();
    for (let count = 0; count < 200; count += 1) await failure(oidc);
    expect(provider.requests.length).toBeGreaterThan(1);
    expect(provider.requests.length).toBeLessThan(20);
  });

  it('resolves while the provider is away, as long as the last good copies are kept', async () => {
    const oidc = start();
    const told: ProviderErrorEvent[] = [];
    oidc.on('provider-error', (event) => told.push(event));
    await oidc.ready();
    provider.answer = fail;
    letPass(3_601_000);
    await oidc.ready();
    await until(() => told.length === 2);
    await oidc.ready();
  });

  it('names the one of several providers that is away', async () => {
    const away = await startProviderServer();
    const { issuer } = away;
    const oidc = oidcLogout({ provider: [entry(), { ...entry(), issuer }] });
    parts.push(oidc);
    const reason = 'OAUTH_RESPONSE_IS_NOT_CONFORM';
    expect(await failure(oidc)).toMatchObject({ code: PROVIDER_CODE, issuer, reason });
    await away.close();
  });

  it.each([
    ['NO_INTROSPECTION_ENDPOINT', {}],
    ['UNUSABLE_INTROSPECTION_ENDPOINT', { introspection_endpoint: 'http://op.example.com/' }],
  ])('rejects with %s where opaque tokens cannot be introspected', async (reason, metadata) => {
    const { issuer } = provider;
    provider.answer = serveMetadata(issuer, [signer.jwk], metadata);
    const oidc = start({ introspection: 'opaque' });
    const told: ProviderErrorEvent[] = [];
    oidc.on('provider-error', (event) => told.push(event));
    for (let count = 0; count < 3; count += 1) {
      expect(await failure(oidc)).toMatchObject({ code: PROVIDER_CODE, issuer, reason });
    }
    expect(told).toEqual([{ issuer, operation: 'metadata', reason }]);
    const introspection_endpoint = `${issuer}/introspect`;
    provider.answer = serveMetadata(issuer, [signer.jwk], { introspection_endpoint });
    await oidc.ready();
  });

  it('needs the metadata of RFC 8414 where these alone can have the introspection endpoint', async () => {
    const { issuer } = provider;
    const path = '/.well-known/oauth-authorization-server';
    provider.answer = at(path, fail);
    const oidc = start({ introspection: 'always' });
    const expected = { code: PROVIDER_CODE, issuer, reason: 'HTTP_500' };
    expect(await failure(oidc)).toMatchObject(expected);
    provider.answer = at(path, (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ issuer, introspection_endpoint: `${issuer}/introspect` }));
    });
    await oidc.ready();
  });

  it('rejects when Redis is killed, and resolves when it is back', async () => {
    const oidc = start({}, { redis: redis.connect(), storeTimeout: 0.3 });
    await oidc.ready();
    await redis.kill();
    await until(async () => (await failure(oidc)) !== undefined);
    expect(await failure(oidc)).toMatchObject({ code: STORE_CODE, reason: 'not-connected' });
    await redis.restart();
    await until(async () => (await failure(oidc)) === undefined);
  });

  it('rejects in time while Redis is stopped, and resolves when it goes on', async () => {
    const oidc = start({}, { redis: redis.connect(), storeTimeout: 0.1 });
    await oidc.ready();
    redis.pause();
    expect(await failure(oidc)).toMatchObject({ code: STORE_CODE, reason: 'timeout' });
    redis.resume();
    await until(async () => (await failure(oidc)) === undefined);
  });

  it('rejects when an own store throws', async () => {
    const read = () => {
      throw new Error('away');
    };
    const store = { read, update: read, subscribe: () => () => undefined };
    expect(await failure(start({}, { store }))).toMatchObject({ code: STORE_CODE });
  });

  it('rejects after the close', async () => {
    const oidc = start();
    await oidc.ready();
    await oidc.close();
    expect(await failure(oidc)).toMatchObject({ code: PROVIDER_CODE, reason: 'AbortError' });
  });

  it('is asked by a probe as the page shows', async () => {
    const oidc = start();
    const app = express();
    const mount = openPage('docs/configuration.md').take('js', 'oidc.ready()');
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    (new Function('app', 'oidc', mount) as (...given: unknown[]) => void)(app, oidc);
    provider.answer = fail;
    const reason = 'OAUTH_RESPONSE_IS_NOT_CONFORM';
    const { issuer } = provider;
    const answer = await request(app).get('/ready').expect(503);
    expect(answer.body).toEqual({ code: PROVIDER_CODE, issuer, reason });
    provider.answer = serve;
    await request(app).get('/ready').expect(204);
  });
});
