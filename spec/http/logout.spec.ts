import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import type { JWTPayload } from 'jose';
import request from 'supertest';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { type App, appWith, call, LOGOUT, optionsFor } from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { setTime } from '../support/clock.ts';
import { targetOf } from '../support/logout-page.ts';
import { createSigner } from '../support/provider.ts';
import { redis, signer, start as startApp, useRedisApps } from '../support/redis-apps.ts';
import { until } from '../support/until.ts';

const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };
const POST_LOGOUT = 'post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Flogged-out';
const STATE = '[\\w-]{43}';

useRedisApps();

interface Login {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

let serial = 0;

async function login({ oidc }: App, claims: JWTPayload = {}): Promise<Login> {
  const tokens = {
    access_token: await signer.accessToken(claims),
    id_token: await signer.idToken({ ...claims, exp: Math.floor(Date.now() / 1000) + 300 }),
    refresh_token: `refresh-${++serial}`,
  };
  await oidc.sessions.save(tokens);
  return tokens;
}

function post({ app }: App, body: object): request.Test {
  return request(app).post(LOGOUT).send(body);
}

describe.each(Object.keys(EXPRESS))('logout on %s', (version) => {
  let app: App;

  const start = (options: Partial<OidcLogoutOptions> = {}): App =>
    startApp(options, EXPRESS[version]?.());

  beforeEach(() => {
    app = start();
  });

  it('invalidates the tokens and answers where to send the browser', async () => {
    const { access_token, id_token, refresh_token } = await login(app);
    await call(app, access_token).expect(200);

    const answer = await post(app, { access_token, refresh_token });

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      ...NO_STORE,
      'content-type': 'application/json; charset=utf-8',
      'referrer-policy': 'no-referrer',
      vary: 'Accept',
    });
    const redirect = `https://op.example.com/logout?id_token_hint=${id_token}&client_id=web&${POST_LOGOUT}&state=${STATE}`;
    expect(answer.body).toEqual({
      redirect: expect.stringMatching(`^${redirect.replaceAll('?', '\\?')}$`),
    });
    await call(app, access_token).expect(401);
    const lives = await livesOf('oidc1:x*');
    expect(lives.map((ttl) => Math.round(ttl / 60))).toEqual([20160]);
    const isSettled = async () => (await livesOf('oidc1:s*')).every((ttl) => ttl <= 60);
    await until(isSettled);
    const records = Object.entries(await redis.dump()).filter(([key]) => key.startsWith('oidc1:s'));
    expect(records).toHaveLength(1);
    expect(JSON.stringify(records)).not.toContain(refresh_token);
  });

  it('shows the invalidation to another process on its next request', async () => {
    const elsewhere = start();
    const { access_token } = await login(app);
    await call(elsewhere, access_token).expect(200);
    await post(app, { access_token }).expect(200);
    await call(elsewhere, access_token).expect(401);
  });

  it.each<[string, (test: request.Test, token: string) => request.Test]>([
    ['JSON', (test, token) => test.send({ access_token: token })],
    ['JSON with token', (test, token) => test.send({ token })],
    ['JSON with both names', (test, token) => test.send({ access_token: token, token })],
    ['a form', (test, token) => test.type('form').send({ access_token: token })],
    [
      'application/vnd.elasticsearch+json',
      (test, token) =>
        test
          .type('application/vnd.elasticsearch+json; compatible-with=9')
          .send(JSON.stringify({ token })),
    ],
    [
      'application/x+json',
      (test, token) => test.type('application/x+json').send(JSON.stringify({ token })),
    ],
  ])('reads %s', async (_what, send) => {
    const { access_token } = await login(app);
    await send(request(app.app).post(LOGOUT), access_token).expect(200);
    await call(app, access_token).expect(401);
  });

  it('reads gzip, and counts what comes out of it against the limit', async () => {
    const { access_token } = await login(app);
    const small = gzipSync(JSON.stringify({ access_token }));
    const large = gzipSync(JSON.stringify({ access_token, refresh_token: 'x'.repeat(20_000) }));
    const send = (body: Buffer) =>
      request(app.app)
        .post(LOGOUT)
        .set({ 'content-encoding': 'gzip', 'content-type': 'application/json' })
        .serialize((data) => data as string)
        .send(body);
    await send(large).expect(413);
    await call(app, access_token).expect(200);
    await send(small).expect(200);
  });

  it.each<[string, express.RequestHandler[]]>([
    ['JSON and forms', [express.json(), express.urlencoded({ extended: true })]],
    ['forms only', [express.urlencoded({ extended: false })]],
  ])('works behind an app that parses %s', async (_what, parsers) => {
    const outer = EXPRESS[version]?.() ?? express();
    outer.use(...parsers);
    const parsed = startApp({}, outer);
    for (const type of ['json', 'form']) {
      const { access_token } = await login(parsed, { sid: `sid-${type}` });
      await request(parsed.app).post(LOGOUT).type(type).send({ access_token }).expect(200);
      await call(parsed, access_token).expect(401);
    }
  });

  it('takes a body limit by option', async () => {
    const { access_token } = await login(app);
    await post(start({ bodyLimit: 100 }), { access_token }).expect(413);
    await call(app, access_token).expect(200);
  });

  describe('the redirect', () => {
    it('is that of the Elasticsearch documentation, with includeClientId: false', async () => {
      const op = await createSigner('https://op-provider.org');
      const elastic = appWith({
        ...optionsFor(op, {
          provider: { postLogoutRedirectUri: 'http://oidc-kibana.elastic.co/loggedout' },
        }),
        allowInsecureRequests: true,
        includeClientId: false,
        redis: redis.connect(),
      });
      const id_token = await op.idToken();
      const token =
        'dGhpcyBpcyBub3QgYSByZWFsIHRva2VuIGJ1dCBpdCBpcyBvbmx5IHRlc3QgZGF0YS4gZG8gbm90IHRyeSB0byByZWFkIHRva2VuIQ==';
      const refresh_token = 'vLBPvmAB6KvwvJZr27cS';
      await elastic.oidc.sessions.save({
        access_token: token,
        id_token,
        refresh_token,
        expires_in: 1200,
      });

      const answer = await post(elastic, { token, refresh_token }).expect(200);

      expect(Object.keys(answer.body as object)).toEqual(['redirect']);
      expect((answer.body as { redirect: string }).redirect).toMatch(
        new RegExp(
          `^https://op-provider\\.org/logout\\?id_token_hint=${id_token}` +
            `&post_logout_redirect_uri=http%3A%2F%2Foidc-kibana\\.elastic\\.co%2Floggedout&state=${STATE}$`,
        ),
      );
      await call(elastic, token).expect(401);
    });

    it('is null where the provider has no End Session endpoint, and the tokens are dead all the same', async () => {
      const bare = start(optionsFor(signer, { provider: { metadata: {} } }));
      const { access_token } = await login(bare);
      await post(bare, { access_token }).expect(200, { redirect: null });
      await call(bare, access_token).expect(401);
      await post(bare, { access_token }).expect(200, { redirect: null });
    });

    it.each([null, ''])(
      'is null where the End Session endpoint is %j',
      async (end_session_endpoint) => {
        const provider = { metadata: { end_session_endpoint } };
        const bare = start(optionsFor(signer, { provider: provider }));
        const { access_token } = await login(bare);
        await post(bare, { access_token }).expect(200, { redirect: null });
        await call(bare, access_token).expect(401);
      },
    );

    it('is not for the token of another client, where no audience tells whose API this is', async () => {
      const open = start({ audience: undefined });
      await login(open);
      const aud = 'https://other.example.com';
      const foreign = await signer.accessToken({ aud, client_id: 'other' });
      await post(open, { access_token: foreign }).expect(401);
      const own = await signer.accessToken({ aud });
      await post(open, { access_token: own }).expect(200);
    });

    it('has neither post_logout_redirect_uri nor state where none is configured', async () => {
      const bare = start(optionsFor(signer, { provider: { postLogoutRedirectUri: undefined } }));
      const { access_token, id_token } = await login(bare);
      await post(bare, { access_token }).expect(200, {
        redirect: `https://op.example.com/logout?id_token_hint=${id_token}&client_id=web`,
      });
    });

    it('has no id_token_hint for a session that was not saved', async () => {
      const answer = await post(app, { access_token: await signer.accessToken() }).expect(200);
      expect(parametersOf(answer)).toEqual(['client_id', 'post_logout_redirect_uri', 'state']);
    });

    it('carries the ID Token of the session also for a token that was not saved', async () => {
      const { id_token } = await login(app);
      const answer = await post(app, { access_token: await signer.accessToken() }).expect(200);
      expect(redirectOf(answer).searchParams.get('id_token_hint')).toBe(id_token);
    });
  });

  describe('a caller that prefers HTML', () => {
    const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

    it('gets a page that goes on to the provider', async () => {
      const { access_token, id_token } = await login(app);
      const answer = await request(app.app)
        .post(LOGOUT)
        .type('form')
        .set(html)
        .send({ access_token });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        ...NO_STORE,
        'referrer-policy': 'no-referrer',
        vary: 'Accept',
      });
      expect(answer.headers).not.toHaveProperty('location');
      expect(targetOf(answer.text)).toContain(`?id_token_hint=${id_token}&client_id=web&`);
    });

    it.each([
      ['https://app.example.com/logged-out', 'https://app.example.com/logged-out'],
      [undefined, '/'],
    ])(
      'is sent home where there is no End Session endpoint (%s)',
      async (postLogoutRedirectUri, home) => {
        const provider = { metadata: {}, postLogoutRedirectUri };
        const bare = start(optionsFor(signer, { provider }));
        const { access_token } = await login(bare);
        const answer = await post(bare, { access_token }).set(html).expect(200);
        expect(targetOf(answer.text)).toBe(home);
      },
    );

    it.each(['application/json', '*/*', 'application/json, text/html;q=0.5', 'image/png'])(
      'is not one that accepts %s',
      async (accept) => {
        const { access_token } = await login(app);
        await post(app, { access_token }).set('Accept', accept).expect(200);
      },
    );
  });

  describe('an expired access token', () => {
    const hour = 3_600_000;

    it('is logged out as a live one, up to expiredTokenGrace', async () => {
      const now = Date.now();
      const { access_token, id_token } = await login(app);
      setTime(now + 20 * hour);
      await call(app, access_token).expect(401);
      const answer = await post(app, { access_token }).expect(200);
      expect(redirectOf(answer).searchParams.get('id_token_hint')).toBe(id_token);
    });

    it('ends the live tokens of its session', async () => {
      const expired = await signer.accessToken({ exp: Math.floor(Date.now() / 1000) - 100 });
      const live = await signer.accessToken();
      await call(app, live).expect(200);
      await post(app, { access_token: expired }).expect(200);
      await call(app, live).expect(401);
    });

    it.each<[string, (app: App, access_token: string) => Promise<void>]>([
      ['nobody saved', () => Promise.resolve()],
      [
        'a login has',
        async ({ oidc }, access_token) => {
          const id_token = await signer.idToken({ sid: undefined });
          await oidc.sessions.save({ access_token, id_token });
        },
      ],
    ])(
      'that %s stays dead when expiredTokenGrace is shorter than clockTolerance',
      async (_who, prepare) => {
        const tolerant = start({ expiredTokenGrace: 0, clockTolerance: 60 });
        const exp = Math.floor(Date.now() / 1000) - 10;
        const access_token = await signer.accessToken({ sid: undefined, exp });
        await prepare(tolerant, access_token);
        await call(tolerant, access_token).expect(200);
        await post(tolerant, { access_token }).expect(200);
        await call(tolerant, access_token).expect(401);
        const entries = await livesOf('oidc1:t*');
        expect(entries).toEqual([expect.any(Number)]);
        expect(entries[0]).toBeGreaterThan(45);
      },
    );

    it('is refused after expiredTokenGrace', async () => {
      const now = Date.now();
      const { access_token } = await login(app);
      setTime(now + 26 * hour);
      const answer = await post(app, { access_token });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: 'invalid_token',
        error_description: 'The access token expired',
      });
    });
  });

  describe('a repeated logout', () => {
    it('gets the identical redirect within retryWindow', async () => {
      const tokens = await login(app);
      const body = { access_token: tokens.access_token, refresh_token: tokens.refresh_token };
      const first = await post(app, body).expect(200);
      const again = await post(start(), body).expect(200);
      expect(again.body).toEqual(first.body);
    });

    it('gets no ID Token later', async () => {
      const brief = start({ retryWindow: 1 });
      const { access_token } = await login(brief);
      await post(brief, { access_token }).expect(200);
      await until(async () => (await livesOf('oidc1:s*')).length === 0);
      const answer = await post(brief, { access_token }).expect(200);
      expect(parametersOf(answer)).toEqual(['client_id', 'post_logout_redirect_uri', 'state']);
    });

    it('gets no ID Token at all with retryWindow: 0', async () => {
      const none = start({ retryWindow: 0 });
      const { access_token } = await login(none);
      await post(none, { access_token }).expect(200);
      await until(async () => (await livesOf('oidc1:s*')).length === 0);
      const answer = await post(none, { access_token }).expect(200);
      expect(parametersOf(answer)).toEqual(['client_id', 'post_logout_redirect_uri', 'state']);
    });

    it('of another token of the ended session gets no ID Token', async () => {
      const { access_token } = await login(app);
      const other = await signer.accessToken();
      await post(app, { access_token }).expect(200);
      expect(parametersOf(await post(app, { access_token: other }).expect(200))).not.toContain(
        'id_token_hint',
      );
    });

    it('is told as a repeat, and does not end a login that came after it', async () => {
      const first = await login(app);
      await post(app, { access_token: first.access_token }).expect(200);
      const second = await login(app);
      await post(app, { access_token: first.access_token }).expect(200);
      await call(app, second.access_token).expect(200);
      const owner = { issuer: signer.issuer, subject: 'alice', sid: 'sid-1' };
      expect(app.events.filter(([name]) => name === 'logout')).toEqual([
        ['logout', { ...owner, repeated: false }],
        ['logout', { ...owner, repeated: true }],
      ]);
    });
  });

  describe('sessions', () => {
    it('of the same user do not touch each other', async () => {
      const laptop = await login(app, { sid: 'laptop' });
      const phone = await login(app, { sid: 'phone' });
      await post(app, { access_token: laptop.access_token }).expect(200);
      await call(app, laptop.access_token).expect(401);
      await call(app, phone.access_token).expect(200);
    });

    it.each([
      ['the same sid', 'sid-1'],
      ['another sid', 'sid-2'],
      ['no sid', undefined],
    ])('of a later login with %s work at once, and the old ones stay out', async (_what, sid) => {
      const old = await login(app);
      await post(app, { access_token: old.access_token }).expect(200);
      const renewed = await login(app, { sid });
      await call(app, renewed.access_token).expect(200);
      await call(app, old.access_token).expect(401);
      await post(app, { access_token: renewed.access_token }).expect(200);
      await call(app, renewed.access_token).expect(401);
    });

    it('end by a token that something else had invalidated before', async () => {
      const access_token = await signer.accessToken({ iat: Math.floor(Date.now() / 1000) - 10 });
      await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
      const later = await signer.accessToken({ iat: Math.floor(Date.now() / 1000) + 5 });
      await call(app, access_token).expect(401);
      await call(app, later).expect(200);
      await post(app, { access_token }).expect(200);
      await call(app, later).expect(401);
    });

    it('end in all their tokens where the ID Token names none, and the access token does', async () => {
      const id_token = await signer.idToken({ sid: undefined });
      const [first, second] = [await signer.accessToken(), await signer.accessToken()];
      const saved = { access_token: first, id_token, refresh_token: 'r1' };
      await app.oidc.sessions.save(saved);
      await app.oidc.sessions.rotate(saved, { access_token: second });
      const unsaved = await signer.accessToken();
      await post(app, { access_token: second }).expect(200);
      for (const token of [first, second, unsaved]) await call(app, token).expect(401);
      const later = await login(app);
      await call(app, later.access_token).expect(200);
      await app.oidc.sessions.end({ issuer: signer.issuer, sid: 'sid-1' });
      await call(app, later.access_token).expect(401);
    });

    it('are not saved where access token and ID Token name them differently', async () => {
      const [id_token, access_token] = [
        await signer.idToken({ sid: 'b' }),
        await signer.accessToken({ sid: 'a' }),
      ];
      await expect(app.oidc.sessions.save({ access_token, id_token })).rejects.toMatchObject({
        code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN',
        reason: 'of-another-session',
      });
      expect(await redis.dump()).toEqual({});
    });

    it('end with tokens that are minted after the logout', async () => {
      const { access_token } = await login(app);
      await post(app, { access_token }).expect(200);
      await call(app, await signer.accessToken({ iat: Math.floor(Date.now() / 1000) + 5 })).expect(
        401,
      );
    });

    it('without a sid end with all tokens that were saved for them', async () => {
      const first = await login(app, { sid: undefined });
      const access_token = await signer.accessToken({ sid: undefined });
      await app.oidc.sessions.rotate(first, { access_token, refresh_token: 'rotated' });
      await call(app, first.access_token).expect(200);
      await call(app, access_token).expect(200);
      await post(app, { access_token }).expect(200);
      await call(app, access_token).expect(401);
      await call(start(), first.access_token).expect(401);
    });

    it('of opaque tokens end as well', async () => {
      const id_token = await signer.idToken();
      await app.oidc.sessions.save({ access_token: 'opaque-1', id_token, expires_in: 600 });
      await app.oidc.sessions.save({ access_token: 'opaque-2', id_token, expires_in: 600 });
      await call(app, 'opaque-1').expect(200);
      await post(app, { access_token: 'opaque-1' }).expect(200);
      await call(app, 'opaque-1').expect(401);
      await call(app, 'opaque-2').expect(401);
    });

    it('are found by the refresh token when the access token tells of none', async () => {
      const saved = await login(app, { sid: undefined });
      const access_token = await signer.accessToken({ sid: undefined });
      const answer = await post(app, { access_token, refresh_token: saved.refresh_token }).expect(
        200,
      );
      expect(redirectOf(answer).searchParams.get('id_token_hint')).toBe(saved.id_token);
      await call(app, saved.access_token).expect(401);
    });
  });

  describe('a refresh token', () => {
    const foreign = {
      error: 'invalid_request',
      error_description: 'The refresh token belongs to another session',
    };

    it('of another provider is refused, though the access token has no sub and no sid', async () => {
      const stranger = await createSigner('https://other.example.com');
      const provider = [optionsFor(signer).provider, optionsFor(stranger).provider].flat();
      const both = start({ provider });
      const own = await login(both);
      const access_token = await stranger.accessToken({ sub: undefined, sid: undefined });
      const answer = await post(both, { access_token, refresh_token: own.refresh_token });
      expect([answer.status, answer.body]).toEqual([400, foreign]);
      await call(both, own.access_token).expect(200);
    });

    it.each([
      ['another session', { sid: 'sid-2' }],
      ['another user', { sub: 'bob', sid: 'sid-3' }],
    ])('of %s is refused, and nothing changes', async (_what, claims) => {
      const own = await login(app);
      const other = await login(app, claims);
      const before = await redis.dump();
      const { access_token } = own;
      await post(app, { access_token, refresh_token: other.refresh_token }).expect(400, foreign);
      expect(await redis.dump()).toEqual(before);
      await call(app, own.access_token).expect(200);
      await call(app, other.access_token).expect(200);
    });

    it('of another user is refused also beside a token of no known session', async () => {
      const access_token = await signer.accessToken({ sid: undefined });
      const { refresh_token } = await login(app, { sub: 'bob', sid: 'sid-3' });
      await post(app, { access_token, refresh_token }).expect(400, foreign);
      await call(app, access_token).expect(200);
    });

    it('of a later login with the same sid is refused beside a dead token', async () => {
      const first = await login(app);
      await post(app, { access_token: first.access_token }).expect(200);
      const { refresh_token } = await login(app);
      await post(app, { access_token: first.access_token, refresh_token }).expect(400, foreign);
    });

    it('hits no token but itself: whoever signs nothing cannot name the token of another', async () => {
      const bob = await login(app, { sub: 'bob', sid: 'sid-2' });
      const unsigned = bob.access_token.replace(/[^.]+$/, 'AAAA');
      const access_token = await signer.accessToken();
      await post(app, { access_token, refresh_token: unsigned }).expect(200);
      await post(app, { access_token, refresh_token: bob.access_token }).expect(200);
      await call(app, bob.access_token).expect(200);
    });

    it('that nobody knows is invalidated with the access token', async () => {
      const access_token = await signer.accessToken();
      await post(app, { access_token, refresh_token: 'unknown' }).expect(200);
      const kinds = ['x', 't', 'r'].map((letter) => livesOf(`oidc1:${letter}*`));
      expect((await Promise.all(kinds)).map(({ length }) => length)).toEqual([1, 1, 1]);
    });
  });

  describe('a bad request', () => {
    it.each<[string, unknown, string]>([
      ['an empty object', {}, 'The field access_token is missing or empty'],
      ['an empty token', { token: '' }, 'The field access_token is missing or empty'],
      ['a null token', { token: null }, 'The field access_token is not a string'],
      ['a number', { access_token: 1 }, 'The field access_token is not a string'],
      ['an array', { access_token: ['a'] }, 'The field access_token is not a string'],
      ['an object', { access_token: { toString: 'a' } }, 'The field access_token is not a string'],
      ['two tokens', { access_token: 'a', token: 'b' }, 'The fields access_token and token differ'],
      [
        'an empty refresh token',
        { token: 'a', refresh_token: '' },
        'The field refresh_token is empty',
      ],
      [
        'a null refresh token',
        { token: 'a', refresh_token: null },
        'The field refresh_token is not a string',
      ],
      ['an unknown field', { token: 'a', tokn: 'b' }, 'The body has an unknown field: tokn'],
      [
        'a field named constructor',
        { token: 'a', constructor: 'b' },
        'The body has an unknown field: constructor',
      ],
      ['a field that is no name', { token: 'a', 'a"b\u00e9': 1 }, 'The body has an unknown field'],
      ['a list', [], 'The body is not a JSON object'],
      ['a string', '"a"', 'The body is not a JSON object'],
      ['null', 'null', 'The body is not a JSON object'],
      ['a truncated object', '{"token":', 'The body cannot be parsed'],
      ['no JSON', 'token=a', 'The body cannot be parsed'],
      [
        'a prototype',
        '{"token":"a","__proto__":{"x":1}}',
        'The body has an unknown field: __proto__',
      ],
    ])('with %s is answered 400', async (_what, body, error_description) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await request(app.app).post(LOGOUT).type('json').send(text);
      expect(answer.status).toBe(400);
      expect(answer.headers).toMatchObject(NO_STORE);
      expect(answer.body).toEqual({ error: 'invalid_request', error_description });
      expect(await redis.dump()).toEqual({});
    });

    it.each(['token=a&token=b', 'access_token[]=a', 'token[x]=a', 'token=', 'x=1'])(
      'with the form %s is answered 400',
      async (form) => {
        await request(app.app).post(LOGOUT).type('form').send(form).expect(400);
      },
    );

    it.each<[string, string, string]>([
      ['text', 'text/plain', 'a'],
      ['XML', 'application/xml', '<a/>'],
      ['a multipart form', 'multipart/form-data; boundary=x', '--x--'],
      ['an unknown charset', 'application/json; charset=x-unknown', '{}'],
    ])('with %s is answered 415', async (_what, type, body) => {
      const answer = await request(app.app).post(LOGOUT).set('Content-Type', type).send(body);
      expect(answer.status).toBe(415);
      expect(answer.body).toEqual({
        error: 'invalid_request',
        error_description: 'The media type, charset or encoding of the body is not supported',
      });
    });

    it('with an unknown content encoding is answered 415', async () => {
      await post(app, { token: 'a' }).set('Content-Encoding', 'x-unknown').expect(415);
    });

    it('without a body is answered 400', async () => {
      await request(app.app).post(LOGOUT).expect(400, {
        error: 'invalid_request',
        error_description: 'The request has no body',
      });
    });

    it.each(['get', 'put', 'delete', 'patch', 'head', 'options'] as const)(
      'by %s is answered 405',
      async (method) => {
        const { access_token } = await login(app);
        const test = request(app.app)[method](LOGOUT);
        const answer = await test.send(JSON.stringify({ access_token }));
        expect(answer.status).toBe(405);
        expect(answer.headers).toMatchObject({ ...NO_STORE, allow: 'POST' });
        await call(app, access_token).expect(200);
      },
    );
  });

  describe('a token that is no access token of this app', () => {
    const hs256 = () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'HS256' })}.${part({ iss: signer.issuer })}.AAAA`;
    };

    it.each<[string, () => Promise<string>]>([
      ['opaque and unknown', () => Promise.resolve('unknown')],
      ['very long', () => Promise.resolve('x'.repeat(16_000))],
      [
        'unsigned',
        async () => (await signer.accessToken()).replace(/^[^.]+/, 'eyJhbGciOiJub25lIn0'),
      ],
      ['signed with HS256', () => Promise.resolve(hs256())],
      ['signed by a stranger', async () => (await createSigner()).accessToken()],
      [
        'of another issuer',
        async () => (await createSigner('https://other.example.com')).accessToken(),
      ],
      ['an ID Token', () => signer.idToken()],
      [
        'an ID Token without nonce',
        () => signer.idToken({ nonce: undefined, aud: ['web', 'https://api.example.com'] }),
      ],
      [
        'a Logout Token',
        () => signer.sign({ aud: 'https://api.example.com', events: {} }, { typ: 'logout+jwt' }),
      ],
      [
        'of another type',
        () => signer.sign({ aud: 'https://api.example.com' }, { typ: 'dpop+jwt' }),
      ],
      ['for another API', () => signer.accessToken({ aud: 'https://other.example.com' })],
      ['without exp', () => signer.accessToken({ exp: undefined })],
      ['with a text as exp', () => signer.accessToken({ exp: '9999999999' })],
      ['with an exp beyond all time', () => signer.accessToken({ exp: 1e300 })],
      ['with nbf in the future', () => signer.accessToken({ nbf: 9999999999 })],
      ['with padding', async () => `${await signer.accessToken()}=`],
    ])('(%s) is answered 401, and nothing changes', async (_what, make) => {
      const answer = await post(app, { access_token: await make() });
      expect(answer.status).toBe(401);
      expect(answer.headers).toMatchObject(NO_STORE);
      expect(answer.headers['www-authenticate']).toMatch(
        /^Bearer realm="api", error="invalid_token", error_description="[\w ]+"$/,
      );
      expect(answer.body).toEqual({
        error: 'invalid_token',
        error_description: expect.any(String),
      });
      expect(await redis.dump()).toEqual({});
    });
  });
});

async function livesOf(pattern: string): Promise<number[]> {
  const client = redis.connect();
  const keys = await client.keys(pattern);
  const lives = await Promise.all(keys.map((key) => client.ttl(key)));
  return lives.sort((a, b) => a - b);
}

function redirectOf({ body }: request.Response): URL {
  return new URL((body as { redirect: string }).redirect);
}

function parametersOf(answer: request.Response): string[] {
  return [...redirectOf(answer).searchParams.keys()];
}
