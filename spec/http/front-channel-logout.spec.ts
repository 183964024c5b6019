import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import request from 'supertest';
import type {
  FrontChannelLogoutOptions,
  OidcLogoutOptions,
  ProviderOptions,
} from '../../lib/index.ts';
import { type App, appWith, call, FRONT_CHANNEL_LOGOUT, optionsFor } from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import {
  type Claims,
  createSigner,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const PAGE =
  '<!doctype html><html lang="en"><title>Logged out</title><body><p>Logged out</p></body></html>';
const ISSUER_UNKNOWN = {
  error: 'invalid_request',
  error_description: 'The parameter iss is missing, repeated or not a configured issuer',
};
const SESSION_MISSING = {
  error: 'invalid_request',
  error_description: 'The parameter sid is missing, empty or repeated',
};
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };
const ISSUER = 'https://op.example.com';
const ISS = encodeURIComponent(ISSUER);
const ENDED = `?iss=${ISS}&sid=sid-1`;

/** The headers that helmet sets by default. */
const HELMET = {
  'Content-Security-Policy':
    "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Referrer-Policy': 'strict-origin',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'SAMEORIGIN',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
};

const setHelmetHeaders: RequestHandler = (_req, res, next) => {
  res.set(HELMET);
  next();
};

let redis: RedisServer;
let signer: Signer;

beforeAll(async () => {
  redis = await startRedisServer();
  signer = await createSigner(ISSUER);
});

afterAll(() => redis.close());

afterEach(() => redis.flush());

async function login({ oidc }: App, claims: Claims = {}, op = signer) {
  const access_token = await op.accessToken(claims);
  await oidc.sessions.save({ access_token, id_token: await op.idToken(claims) });
  return access_token;
}

function visit({ app }: App, query: string): request.Test {
  return request(app).get(FRONT_CHANNEL_LOGOUT + query);
}

describe.each(Object.keys(EXPRESS))('frontChannelLogout on %s', (version) => {
  let app: App;

  function start(options: Partial<OidcLogoutOptions> = {}, set?: (app: Express) => void): App {
    const outer = EXPRESS[version]?.();
    if (outer !== undefined) set?.(outer);
    return appWith({ ...optionsFor(signer), redis: redis.connect(), ...options }, outer);
  }

  const startWith = (provider: Partial<ProviderOptions>) => start(optionsFor(signer, { provider }));

  beforeEach(() => {
    app = start();
  });

  it('ends the session that iss and sid name, without a cookie', async () => {
    const access_token = await login(app);
    await call(app, access_token).expect(200);

    const answer = await visit(app, ENDED);

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      ...NO_STORE,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; frame-ancestors ${ISSUER}`,
      'referrer-policy': 'no-referrer',
    });
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.text).toBe(PAGE);
    await call(app, access_token).expect(401);
  });

  it('ends every token of that session, in every process, and no other session', async () => {
    const first = await login(app);
    const unsaved = await signer.accessToken();
    const other = await login(app, { sid: 'sid-2' });
    const bobs = await login(app, { sub: 'bob', sid: 'sid-3' });
    await visit(app, ENDED).expect(200, PAGE);
    const elsewhere = start();
    for (const dead of [first, unsaved]) await call(elsewhere, dead).expect(401);
    for (const alive of [other, bobs]) await call(elsewhere, alive).expect(200);
  });

  it('answers the same for a session that has ended, and changes nothing more', async () => {
    await login(app);
    await visit(app, ENDED).expect(200, PAGE);
    const before = await redis.dump();
    await visit(app, ENDED).expect(200, PAGE);
    expect(await redis.dump()).toEqual(before);
  });

  it.each([
    ['an unknown sid', `?iss=${ISS}&sid=sid-9`, 200, {}],
    ['a sid in capitals', `?iss=${ISS}&sid=SID-1`, 200, {}],
    ['a sid with a space behind', `?iss=${ISS}&sid=sid-1%20`, 200, {}],
    ['a sid encoded twice', `?iss=${ISS}&sid=sid%252D1`, 200, {}],
    ['a sid twice', `?iss=${ISS}&sid=sid-1&sid=sid-2`, 400, SESSION_MISSING],
    ['the same sid twice', `?iss=${ISS}&sid=sid-1&sid=sid-1`, 400, SESSION_MISSING],
    ['a sid beside an empty one', `?iss=${ISS}&sid=&sid=sid-1`, 400, SESSION_MISSING],
    ['a sid in an array', `?iss=${ISS}&sid[]=sid-1`, 400, SESSION_MISSING],
    ['an empty sid', `?iss=${ISS}&sid=`, 400, SESSION_MISSING],
    ['iss alone', `?iss=${ISS}`, 400, SESSION_MISSING],
    ['nothing', '', 400, SESSION_MISSING],
    ['an empty query', '?', 400, SESSION_MISSING],
    ['another iss', '?iss=https%3A%2F%2Fother.example.com&sid=sid-1', 400, ISSUER_UNKNOWN],
    ['an iss with a slash behind', `?iss=${ISS}%2F&sid=sid-1`, 400, ISSUER_UNKNOWN],
    ['an iss in capitals', `?iss=${ISS.toUpperCase()}&sid=sid-1`, 400, ISSUER_UNKNOWN],
    ['an iss with its port', `?iss=${ISS}%3A443&sid=sid-1`, 400, ISSUER_UNKNOWN],
    ['an iss encoded twice', `?iss=${encodeURIComponent(ISS)}&sid=sid-1`, 400, ISSUER_UNKNOWN],
    ['an iss twice', `?iss=${ISS}&iss=${ISS}&sid=sid-1`, 400, ISSUER_UNKNOWN],
    ['an empty iss', '?iss=&sid=sid-1', 400, ISSUER_UNKNOWN],
    ['an empty iss beside a right one', `?iss=&iss=${ISS}&sid=sid-1`, 400, ISSUER_UNKNOWN],
    ['the name of a member of every object', '?iss=__proto__&sid=sid-1', 400, ISSUER_UNKNOWN],
  ])('leaves the session alive for %s', async (_what, query, status, body) => {
    const access_token = await login(app);
    const before = await redis.dump();

    const answer = await visit(app, query);

    expect([answer.status, answer.body]).toEqual([status, body]);
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(await redis.dump()).toEqual(before);
    await call(app, access_token).expect(200);
  });

  it('leaves a session alive that was not saved, because nothing is signed', async () => {
    const access_token = await signer.accessToken();
    await visit(app, ENDED).expect(200, PAGE);
    expect(await redis.dump()).toEqual({});
    await call(app, access_token).expect(200);
  });

  it('sends an error as JSON, without a referrer for what follows', async () => {
    const answer = await visit(app, `?iss=${ISS}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(SESSION_MISSING);
    expect(answer.headers).toMatchObject({
      ...NO_STORE,
      'content-type': 'application/json; charset=utf-8',
      'referrer-policy': 'no-referrer',
    });
  });

  it('needs no iss where there is one provider', async () => {
    const access_token = await login(app);
    await visit(app, '?sid=sid-1').expect(200, PAGE);
    await call(app, access_token).expect(401);
  });

  it('needs iss where there are two providers, and ends the session of that one', async () => {
    const other = await createSigner('https://other.example.com');
    const provider = [optionsFor(signer).provider, optionsFor(other).provider].flat();
    app = start({ provider });
    const [here, there] = [await login(app), await login(app, {}, other)];
    await visit(app, '?sid=sid-1').expect(400, ISSUER_UNKNOWN);
    await call(app, there).expect(200);
    await visit(app, ENDED.replace('op.', 'other.')).expect(200, PAGE);
    await call(app, there).expect(401);
    await call(app, here).expect(200);
  });

  it.each([
    'a b',
    'a&sid=b',
    'a#b',
    '100%',
    '%41',
    'a+b',
    'a?b',
    '"\'`',
    '<script>alert(1)</script>',
    '../..//\\',
    '{"a":[1]}',
    '!~'.repeat(100),
  ])('takes the sid %s after one decoding, and reflects nothing of it', async (sid) => {
    const [odd, plain] = [await login(app, { sid }), await login(app, { sid: 'a' })];
    const answer = await visit(app, `?iss=${ISS}&sid=${encodeURIComponent(sid)}`);
    expect([answer.status, answer.text]).toEqual([200, PAGE]);
    expect(Object.values(answer.headers).join('\n')).not.toContain(sid);
    await call(app, odd).expect(401);
    await call(app, plain).expect(200);
  });

  it('takes a question mark in the query for a part of the value (RFC 3986, section 3.4)', async () => {
    const [odd, plain] = [await login(app, { sid: 'a?b' }), await login(app, { sid: 'a' })];
    await visit(app, `?iss=${ISS}&sid=a?b`).expect(200, PAGE);
    await call(app, plain).expect(200);
    await call(app, odd).expect(401);
  });

  it.each(['%', '%zz', '%ff', '%00', '%0d%0aSet-Cookie:%20a=b'])(
    'survives the malformed sid %s',
    async (sid) => {
      const answer = await visit(app, `?iss=${ISS}&sid=${sid}`);
      expect([answer.status, answer.text]).toEqual([200, PAGE]);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    },
  );

  it('reflects nothing of a wrong iss', async () => {
    const answer = await visit(app, '?iss=%3Cscript%3E&sid=sid-1');
    expect([answer.status, answer.body]).toEqual([400, ISSUER_UNKNOWN]);
    expect(Object.values(answer.headers).join('\n')).not.toContain('script');
  });

  it.each([false, 'simple', 'extended'])(
    'works with the query parser %s of the app',
    async (parser) => {
      app = start({}, (outer) => outer.set('query parser', parser));
      const access_token = await login(app);
      await visit(app, `?iss=${ISS}&sid=sid-1&sid=sid-1`).expect(400, SESSION_MISSING);
      await call(app, access_token).expect(200);
      await visit(app, ENDED).expect(200, PAGE);
      await call(app, access_token).expect(401);
    },
  );

  it('ignores other parameters', async () => {
    const access_token = await login(app);
    await visit(app, `${ENDED}&post_logout_redirect_uri=https%3A%2F%2Fevil&a=b&a=c`).expect(200);
    await call(app, access_token).expect(401);
  });

  describe('in a frame', () => {
    it('undoes what helmet forbids, here and nowhere else', async () => {
      app = start({}, (outer) => outer.use(setHelmetHeaders));
      const { headers } = await visit(app, ENDED).expect(200, PAGE);
      expect(headers).toMatchObject({
        'content-security-policy': `default-src 'none'; frame-ancestors ${ISSUER}`,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'strict-transport-security': HELMET['Strict-Transport-Security'],
      });
      expect(headers).not.toHaveProperty('x-frame-options');
      expect(headers).not.toHaveProperty('cross-origin-resource-policy');
      expect(headers).not.toHaveProperty('cross-origin-embedder-policy');
      const elsewhere = await request(app.app).get('/api').expect(401);
      const kept = Object.entries(HELMET).map(([name, value]) => [name.toLowerCase(), value]);
      expect(elsewhere.headers).toMatchObject(Object.fromEntries(kept) as object);
    });

    it.each<[string, Partial<ProviderOptions>, string]>([
      [
        'its End Session endpoint is elsewhere',
        { metadata: { end_session_endpoint: 'https://login.example.net:8443/out?a=b' } },
        `${ISSUER} https://login.example.net:8443`,
      ],
      ['it has no End Session endpoint', { metadata: {} }, ISSUER],
      [
        'it is not reachable',
        { issuer: 'http://127.0.0.1:1/realm', metadata: undefined },
        'http://127.0.0.1:1',
      ],
    ])('can be shown by the provider alone when %s', async (_when, provider, origins) => {
      app = startWith(provider);
      const { headers } = await visit(app, '?sid=sid-1').expect(200, PAGE);
      const policy = `default-src 'none'; frame-ancestors ${origins}`;
      expect(headers['content-security-policy']).toBe(policy);
    });

    it('is of the provider that iss names', async () => {
      const other = await createSigner('https://other.example.com');
      app = start({ provider: [optionsFor(signer).provider, optionsFor(other).provider].flat() });
      const { headers } = await visit(app, '?iss=https%3A%2F%2Fother.example.com&sid=a').expect(
        200,
      );
      const policy = "default-src 'none'; frame-ancestors https://other.example.com";
      expect(headers['content-security-policy']).toBe(policy);
    });
  });

  it('asks the provider for its metadata at most, never to revoke', async () => {
    const server = await startProviderServer();
    const { issuer } = server;
    const op = await createSigner(issuer);
    const endpoints = { revocation_endpoint: `${issuer}/revoke` };
    server.answer = serveMetadata(issuer, [op.jwk], endpoints);
    app = start(optionsFor(op, { provider: { metadata: undefined } }));
    const access_token = await login(app, {}, op);
    await visit(app, '?sid=sid-1').expect(200, PAGE);
    await call(app, access_token).expect(401);
    expect(server.requests).toEqual(['/.well-known/openid-configuration']);
    await app.oidc.close();
    await server.close();
  });

  it('ends the session though the provider never answers for its metadata', async () => {
    const server = await startProviderServer();
    const { issuer } = server;
    const op = await createSigner(issuer);
    server.answer = () => undefined;
    app = start({
      ...optionsFor(op, { provider: { metadata: undefined } }),
      providerTimeout: 0.05,
    });
    const access_token = await login(app, {}, op);
    const { headers } = await visit(app, '?sid=sid-1').expect(200, PAGE);
    const policy = `default-src 'none'; frame-ancestors ${issuer}`;
    expect(headers['content-security-policy']).toBe(policy);
    await call(app, access_token).expect(401);
    await server.close();
  });

  it('answers HEAD with no body, and ends nothing', async () => {
    const access_token = await login(app);
    const before = await redis.dump();
    const answer = await request(app.app).head(FRONT_CHANNEL_LOGOUT + ENDED);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      ...NO_STORE,
      'content-security-policy': `default-src 'none'; frame-ancestors ${ISSUER}`,
    });
    expect(answer.text).toBeUndefined();
    expect(await redis.dump()).toEqual(before);
    await call(app, access_token).expect(200);
  });

  it.each(['post', 'put', 'delete', 'patch', 'options'] as const)(
    'answers 405 to %s',
    async (method) => {
      const access_token = await login(app);
      const answer = await request(app.app)[method](FRONT_CHANNEL_LOGOUT + ENDED);
      expect(answer.status).toBe(405);
      expect(answer.headers).toMatchObject({ ...NO_STORE, allow: 'GET, HEAD' });
      expect(answer.body).toEqual({
        error: 'invalid_request',
        error_description: 'The endpoint does not serve this method',
      });
      await call(app, access_token).expect(200);
    },
  );

  it.each([
    ['Sec-Purpose', 'prefetch'],
    ['Sec-Purpose', 'prefetch;prerender'],
    ['Sec-Purpose', 'prefetch;anonymous-client-ip'],
    ['Purpose', 'prefetch'],
    ['X-Moz', 'prefetch'],
  ])('answers 204 to %s: %s, and ends nothing', async (name, value) => {
    const access_token = await login(app);
    const before = await redis.dump();
    const answer = await visit(app, ENDED).set(name, value);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers).toMatchObject(NO_STORE);
    expect(await redis.dump()).toEqual(before);
    await call(app, access_token).expect(200);
  });

  describe('when Redis', () => {
    const expectUnavailable = async (test: request.Test) => {
      const answer = await test;
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({ ...NO_STORE, 'retry-after': '1' });
      expect(answer.body).toEqual({
        error: 'temporarily_unavailable',
        error_description: 'The invalidation list is not reachable',
      });
    };

    it('is down, answers 503 and does not claim the end', async () => {
      const access_token = await login(app);
      const client = redis.connect();
      const cut = start({ redis: client });
      client.disconnect();
      await expectUnavailable(visit(cut, ENDED));
      const names = cut.events.map(([name]) => name);
      expect(new Set(names)).toEqual(new Set(['store-error']));
      await call(app, access_token).expect(200);
    });

    it('refuses the write, answers 503, and the next try succeeds', async () => {
      const access_token = await login(app);
      const admin = redis.connect();
      await admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha');
      const refused = await visit(app, ENDED);
      await admin.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha');
      expect(refused.status).toBe(503);
      expect(app.events).toEqual([['store-error', { operation: 'endSession', reason: 'NOPERM' }]]);
      await call(app, access_token).expect(200);
      await visit(app, ENDED).expect(200, PAGE);
      await call(app, access_token).expect(401);
    });
  });

  describe('with tokens of its own session, asked without iss and sid', () => {
    const OWN = '/own-front-channel-logout';
    const FRAME = { 'Sec-Fetch-Dest': 'iframe', Cookie: 'session=1' };
    let kept: Record<string, string> | undefined;
    let lookUps: number;

    function mount(at: App, tokens?: FrontChannelLogoutOptions['tokens']): App {
      const find = ({ headers }: Request) => {
        lookUps += 1;
        return headers.cookie === undefined ? undefined : kept;
      };
      at.app.use(OWN, at.oidc.frontChannelLogout({ tokens: tokens ?? find }));
      return at;
    }

    const visitOwn = ({ app: at }: App, headers: object = FRAME, query = '') =>
      request(at)
        .get(OWN + query)
        .set({ ...headers });

    beforeEach(() => {
      [kept, lookUps] = [undefined, 0];
      mount(app);
    });

    it.each<[string, Claims]>([
      ['of a session', {}],
      ['without a sid', { sid: undefined }],
    ])('ends the login %s that its tokens are of, and no other one', async (_what, claims) => {
      const access_token = await login(app, claims);
      const other = await login(app, { sid: 'sid-2' });
      const bobs = await login(app, { sub: 'bob', sid: 'sid-3' });
      kept = { access_token };
      const answer = await visitOwn(app);
      expect([answer.status, answer.text]).toEqual([200, PAGE]);
      const policy = `default-src 'none'; frame-ancestors ${ISSUER}`;
      expect(answer.headers).toMatchObject({ ...NO_STORE, 'content-security-policy': policy });
      await call(app, access_token).expect(401);
      for (const alive of [other, bobs]) await call(app, alive).expect(200);
    });

    it('ends the login of a refresh token alone, and keeps that token for a signed end', async () => {
      const revoking = mount(
        start({
          encryptionKey: new Uint8Array(32),
          ...optionsFor(signer, {
            // Nobody listens on port 1: a revocation would fail, and be told.
            provider: { metadata: { revocation_endpoint: 'http://127.0.0.1:1/revoke' } },
          }),
        }),
      );
      const told: unknown[] = [];
      revoking.oidc.on('revocation', (event) => told.push(event));
      const access_token = await signer.accessToken();
      const tokens = { access_token, refresh_token: 'refresh-1' };
      await revoking.oidc.sessions.save({ ...tokens, id_token: await signer.idToken() });
      kept = { refresh_token: 'refresh-1' };
      await visitOwn(revoking).expect(200, PAGE);
      await call(revoking, access_token).expect(401);
      const client = redis.connect();
      const [record = ''] = await client.keys('oidc1:s*');
      await until(async () => (await client.hget(record, 'left')) === 'h');
      expect(told).toEqual([]);
    });

    it.each<[string, object, string, number]>([
      ['a document', { ...FRAME, 'Sec-Fetch-Dest': 'document' }, '', 400],
      ['an image', { ...FRAME, 'Sec-Fetch-Dest': 'image' }, '', 400],
      ['an old frame', { ...FRAME, 'Sec-Fetch-Dest': 'frame' }, '', 400],
      ['a browser that does not say what it wants', { Cookie: 'session=1' }, '', 400],
      ['iss alone', FRAME, `?iss=${ISS}`, 400],
      ['an empty sid', FRAME, '?sid=', 400],
      ['another sid', FRAME, '?sid=sid-9', 200],
      ['another iss', FRAME, '?iss=https%3A%2F%2Fother.example.com', 400],
    ])('asks its session nothing for %s', async (_what, headers, query, status) => {
      kept = { access_token: await login(app) };
      await visitOwn(app, headers, query).expect(status);
      expect(lookUps).toBe(0);
      await call(app, kept.access_token ?? '').expect(200);
    });

    it('ends what iss and sid name as before', async () => {
      kept = { access_token: await login(app, { sid: 'sid-2' }) };
      const named = await login(app);
      await visitOwn(app, FRAME, ENDED).expect(200, PAGE);
      await call(app, named).expect(401);
      await call(app, kept.access_token ?? '').expect(200);
    });

    it('ends nothing for a browser that fetches ahead', async () => {
      kept = { access_token: await login(app) };
      await visitOwn(app, { ...FRAME, 'Sec-Purpose': 'prefetch' }).expect(204);
      await request(app.app).head(OWN).set(FRAME).expect(200);
      expect(lookUps).toBe(0);
      await call(app, kept.access_token ?? '').expect(200);
    });

    function refusalsOf({ oidc }: App): object[] {
      const told: object[] = [];
      oidc.on('token-refused', (event) => told.push(event));
      return told;
    }

    const expired = { claim: 'exp', expected: '86400 s ago at most', issuer: ISSUER };

    it.each<[string, () => Promise<string | undefined>, object | undefined]>([
      ['has no tokens', () => Promise.resolve(undefined), undefined],
      ['has a token that nobody saved', () => signer.accessToken({ sid: 'sid-9' }), undefined],
      [
        'has a token that expired long ago',
        () => signer.accessToken({ exp: 1 }),
        { reason: 'expired', ...expired, found: expect.stringMatching(/^\d+ s ago$/) },
      ],
      [
        'has a forged token',
        async () => (await createSigner(ISSUER)).accessToken(),
        { reason: 'wrong-signature', claim: 'kid', found: 'key-1', issuer: ISSUER },
      ],
      ['has a token that is none', () => Promise.resolve('garbage'), { reason: 'opaque-unknown' }],
    ])('answers the page where its session %s, and changes nothing', async (_what, make, event) => {
      const told = refusalsOf(app);
      const access_token = await make();
      kept = access_token === undefined ? undefined : { access_token };
      await visitOwn(app).expect(200, PAGE);
      expect(Object.keys(await redis.dump()).filter((key) => key !== 'oidc1:e')).toEqual([]);
      expect(app.events).toEqual([]);
      expect(told).toEqual(event ? [{ ...event, endpoint: 'front-channel-logout' }] : []);
    });

    it('ends the login of a refresh token beside a dead access token, and tells why it is dead', async () => {
      const told = refusalsOf(app);
      const access_token = await signer.accessToken();
      const id_token = await signer.idToken();
      await app.oidc.sessions.save({ access_token, id_token, refresh_token: 'refresh-1' });
      kept = { access_token: 'garbage', refresh_token: 'refresh-1' };
      await visitOwn(app).expect(200, PAGE);
      expect(told).toEqual([{ reason: 'opaque-unknown', endpoint: 'front-channel-logout' }]);
      await call(app, access_token).expect(401);
    });

    it('answers 400 to tokens of two sessions, tells why, and ends neither', async () => {
      const told = refusalsOf(app);
      const access_token = await login(app);
      const others = await signer.accessToken({ sid: 'sid-2' });
      const id_token = await signer.idToken({ sid: 'sid-2' });
      const refresh_token = 'refresh-2';
      await app.oidc.sessions.save({ access_token: others, id_token, refresh_token });
      kept = { access_token, refresh_token };
      const answer = await visitOwn(app).expect(400);
      expect(answer.body).toEqual({
        error: 'invalid_request',
        error_description: 'The refresh token belongs to another session',
      });
      const reason = 'refresh-token-of-another-session';
      expect(told).toEqual([{ reason, endpoint: 'front-channel-logout' }]);
      for (const alive of [access_token, others]) await call(app, alive).expect(200);
    });

    it('tells of no refusal where the store is away, nor where a sid is missing', async () => {
      const client = redis.connect();
      const cut = mount(start({ redis: client }));
      const told = refusalsOf(cut);
      kept = { access_token: await signer.accessToken() };
      client.disconnect();
      await visitOwn(cut).expect(503);
      await visitOwn(cut, FRAME, '?sid=').expect(400);
      expect(told).toEqual([]);
    });

    it('may be framed by each of several providers', async () => {
      const other = await createSigner('https://other.example.com');
      const provider = [optionsFor(signer).provider, optionsFor(other).provider].flat();
      const answer = await visitOwn(mount(start({ provider }))).expect(200, PAGE);
      const ancestors = `default-src 'none'; frame-ancestors ${ISSUER} ${other.issuer}`;
      expect(answer.headers['content-security-policy']).toBe(ancestors);
    });

    it.each<[string, () => never]>([
      [
        'throws',
        () => {
          throw new Error('own');
        },
      ],
      ['rejects', () => Promise.reject(new Error('own')) as never],
      ['finds what is no text', () => ({ access_token: 1 }) as never],
    ])('leaves it to the app where its function %s', async (_what, tokens) => {
      const failing = mount(start(), tokens);
      failing.app.use(((_error, _req, res, _next) => {
        res.status(500).end('handed over');
      }) satisfies ErrorRequestHandler);
      await visitOwn(failing).expect(500, 'handed over');
    });

    it('answers 503 while the store is away', async () => {
      kept = { access_token: await login(app) };
      const client = redis.connect();
      const cut = mount(start({ redis: client }));
      client.disconnect();
      await visitOwn(cut).expect(503);
      await call(app, kept.access_token ?? '').expect(200);
    });
  });

  it('tells what was invalidated', async () => {
    await login(app);
    await visit(app, ENDED).expect(200);
    const owner = { issuer: ISSUER, subject: 'alice', sid: 'sid-1' };
    expect(app.events).toEqual([['invalidated', { kind: 'session', ...owner }]]);
  });
});
