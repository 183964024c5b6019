import { createHmac, createPublicKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { TokenResponse } from '../../lib/index.ts';
import { type App, call, LOGOUT, optionsFor, redirectOf } from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import { AUDIENCE, type Claims, CLIENT_ID, createSigner } from '../support/provider.ts';
import { createRawSigner, encode, nestedJson } from '../support/raw-signer.ts';
import { redis, signer, start, useRedisApps } from '../support/redis-apps.ts';
import { until } from '../support/until.ts';

const MALFORMED = 'The access token is malformed or unknown';
const UNKNOWN_ISSUER = 'The access token is of an unknown issuer';
const NOT_AUTHENTIC = 'The access token is not authentic or not meant for this API';
const WRONG_KIND = 'The token is not an access token';
const EXPIRED = 'The access token expired';
const LIVES_TOO_LONG = 'The access token lives too long';
const SENDER_CONSTRAINED = 'The access token is bound to its sender, which cannot be checked';

const raw = createRawSigner();

useRedisApps();

let app: App;

beforeEach(() => {
  app = start();
});

function now(): number {
  return Math.floor(Date.now() / 1000);
}

async function save(access_token: string, tokens: Partial<TokenResponse> = {}): Promise<void> {
  await app.oidc.sessions.save({ access_token, id_token: await signer.idToken(), ...tokens });
}

async function expectRefused(
  token: string,
  error_description: string,
  at: App = app,
): Promise<void> {
  const answer = await call(at, token);
  expect(answer.body).toEqual({ error: 'invalid_token', error_description });
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe(
    `Bearer realm="api", error="invalid_token", error_description="${error_description}"`,
  );
}

function logOut(token: string, at: App = app): request.Test {
  return request(at.app).post(LOGOUT).send({ access_token: token });
}

/** The parts of a JWT, and what can be made of them. */
const SPELLINGS: [string, (header: string, payload: string, signature: string) => string][] = [
  ['without its signature', (h, p) => `${h}.${p}`],
  ['with an empty signature', (h, p) => `${h}.${p}.`],
  ['with padding', (h, p, s) => `${h}.${p}.${s}=`],
  ['with more padding', (h, p, s) => `${h}.${p}.${s}==`],
  ['with a fourth part', (h, p, s) => `${h}.${p}.${s}.x`],
  ['with an empty fourth part', (h, p, s) => `${h}.${p}.${s}.`],
  ['with five parts', (h, p, s) => `${h}.${p}.${s}.x.x`],
  ['with an empty payload', (h, _p, s) => `${h}..${s}`],
  ['as its header alone', (h) => h],
  ['as its header and a dot', (h) => `${h}.`],
];

describe('a JWT that was saved', () => {
  describe.each([false, true])('with strict: %j', (strict) => {
    beforeEach(() => {
      app = start({ strict });
    });

    it.each(SPELLINGS)('is refused %s, and ends nothing', async (_what, respell) => {
      const token = await signer.accessToken();
      await save(token);
      const [header = '', payload = '', signature = ''] = token.split('.');
      const other = respell(header, payload, signature);
      const before = Object.keys(await redis.dump()).sort();

      await expectRefused(other, MALFORMED);
      await logOut(other).expect(401, { error: 'invalid_token', error_description: MALFORMED });

      expect(Object.keys(await redis.dump()).sort()).toEqual(before);
      await call(app, token).expect(200);
    });
  });

  it.each<[string, () => Promise<string>, string]>([
    [
      'for another API',
      () => signer.accessToken({ aud: 'https://other.example.com' }),
      NOT_AUTHENTIC,
    ],
    ['for nobody', () => signer.accessToken({ aud: undefined }), NOT_AUTHENTIC],
    ['signed by a stranger', async () => (await createSigner()).accessToken(), NOT_AUTHENTIC],
    ['not valid yet', () => signer.accessToken({ nbf: now() + 600 }), NOT_AUTHENTIC],
    ['expired', () => signer.accessToken({ exp: now() - 60 }), EXPIRED],
    ['a Logout Token', () => signer.logoutToken({ aud: AUDIENCE }), WRONG_KIND],
  ])('is verified all the same: one %s', async (_what, make, error_description) => {
    const token = await make();
    await save(token);
    await expectRefused(token, error_description);
    await expectRefused(token.slice(0, token.lastIndexOf('.')), MALFORMED);
  });

  it('of another issuer is kept out', async () => {
    const token = await signer.accessToken({ iss: 'https://other.example.com' });
    await save(token);
    await expectRefused(token, UNKNOWN_ISSUER);
  });

  it('keeps out what is signed by nobody and has the same content', async () => {
    const token = await signer.accessToken();
    await save(token);
    await call(app, token).expect(200);
    const [header, payload] = token.split('.');
    await expectRefused(`${header}.${payload}.${encode('x'.repeat(256))}`, NOT_AUTHENTIC);
  });
});

describe('an opaque token that was saved', () => {
  const head = encode({ alg: 'dir', enc: 'A256GCM' });
  const jwe = `${head}..aXYtaXYtaXYt.Y2lwaGVydGV4dA.dGFndGFndGFndGFndA`;

  it.each<[string, string, string[]]>([
    ['a word', 'opaque-1', ['opaque-', 'opaque-1=', 'opaque-1.', 'OPAQUE-1']],
    [
      'words with dots',
      '0.AXEA.secret-1',
      ['0.AXEA', '0.AXEA.', '0.AXEA.secret-2', '0.AXEA.secret-1.'],
    ],
    [
      'an encrypted JWT',
      jwe,
      [`${jwe}=`, `${jwe.slice(0, -1)}B`, `${jwe}.x`, jwe.replace('..', '.x.')],
    ],
  ])('passes as %s, and in no other spelling', async (_what, token, others) => {
    await save(token);
    await call(app, token).expect(200);
    for (const other of others) await expectRefused(other, MALFORMED);
    await logOut(token).expect(200);
    await expectRefused(token, 'The access token was invalidated by a logout');
  });

  it('does not make its refresh token or its ID Token an access token', async () => {
    const id_token = await signer.idToken({ aud: [CLIENT_ID, AUDIENCE] });
    await save('opaque-1', { id_token, refresh_token: 'refresh-1' });
    await expectRefused('refresh-1', WRONG_KIND);
    await expectRefused(id_token, WRONG_KIND);
    await logOut('refresh-1').expect(401);
    await logOut(id_token).expect(401);
    await call(app, 'opaque-1').expect(200);
  });

  it('of one provider is that of no other', async () => {
    const second = await createSigner('https://second.example.com');
    const { provider: one } = optionsFor(signer);
    const { provider: two } = optionsFor(second);
    app = start({ provider: [one, two] as never });
    await save('opaque-1', { id_token: await second.idToken() });
    const answer = await call(app, 'opaque-1').expect(200);
    expect((answer.body as { payload: Claims }).payload.iss).toBe(second.issuer);
  });
});

it('is malformed what sessions are given and is neither a JWT nor opaque', async () => {
  const token = await signer.accessToken();
  const access_token = token.slice(0, token.lastIndexOf('.'));
  const expected = { code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN', reason: 'malformed' };
  const id_token = await signer.idToken();
  const { sessions } = app.oidc;
  await expect(sessions.save({ access_token, id_token })).rejects.toMatchObject(expected);
  await expect(sessions.rotate({ access_token: token }, { access_token })).rejects.toMatchObject(
    expected,
  );
  expect(await redis.dump()).toEqual({});
});

describe('an access token that looks like an ID Token', () => {
  const likeAnIdToken = (claims: Claims = {}, header = {}) =>
    signer.sign(
      { aud: [CLIENT_ID, AUDIENCE], sub: 'alice', sid: 'sid-1', at_hash: 'x', ...claims },
      header,
    );

  it.each<[string, Claims, object]>([
    ['at_hash', {}, {}],
    ['nonce', { at_hash: undefined, nonce: 'n' }, {}],
    ['nothing but the audience', { at_hash: undefined }, {}],
    ['the type JWT', {}, { typ: 'JWT' }],
  ])(
    'with %s passes once it was saved as one, and is logged out',
    async (_what, claims, header) => {
      const token = await likeAnIdToken(claims, header);
      await expectRefused(token, WRONG_KIND);
      await logOut(token).expect(401, { error: 'invalid_token', error_description: WRONG_KIND });
      await save(token, { id_token: await likeAnIdToken({ nonce: 'n-2' }) });
      await call(app, token).expect(200);
      await logOut(token).expect(200);
      await expectRefused(token, 'The access token was invalidated by a logout');
    },
  );

  it('is none where only the ID Token of the login looks like that', async () => {
    const id_token = await likeAnIdToken();
    await save(await signer.accessToken(), { id_token });
    await expectRefused(id_token, WRONG_KIND);
    await logOut(id_token).expect(401);
    await app.oidc.sessions
      .rotate({ access_token: await signer.accessToken() }, { access_token: id_token })
      .catch(() => undefined);
    await expectRefused(id_token, 'The access token was invalidated by a logout');
  });

  it.each<[string, Claims, object, object]>([
    ['with strict', { client_id: CLIENT_ID, jti: 'jti-1' }, {}, { strict: true }],
    ['with events', { events: {} }, {}, {}],
    ['of the type logout+jwt', {}, { typ: 'logout+jwt' }, {}],
    ['of another type', {}, { typ: 'secevent+jwt' }, {}],
    ['with the typ of an ID Token at Keycloak', { typ: 'ID' }, {}, {}],
    ['with the typ of a refresh token at Keycloak', { typ: 'Refresh' }, {}, {}],
    ['with the token_use of an ID Token', { token_use: 'id' }, {}, {}],
    ['with the tokenName of an ID Token', { tokenName: 'id_token' }, {}, {}],
    ['with the purpose of an ID Token', { purpose: 'id' }, {}, {}],
  ])('stays out though it was saved: %s', async (_what, claims, header, options) => {
    app = start(options);
    const token = await likeAnIdToken(claims, header);
    await save(token);
    await expectRefused(token, WRONG_KIND);
    await logOut(token).expect(401, { error: 'invalid_token', error_description: WRONG_KIND });
  });

  it.each<[string, () => Promise<string>]>([
    ['signed by a stranger', async () => (await createSigner()).idToken({ aud: AUDIENCE })],
    ['for another API', () => likeAnIdToken({ aud: CLIENT_ID })],
  ])('stays out though it was saved: %s', async (_what, make) => {
    const token = await make();
    await save(token);
    await expectRefused(token, NOT_AUTHENTIC);
  });

  it('is none by a login at another provider', async () => {
    const second = await createSigner('https://second.example.com');
    const { provider: one } = optionsFor(signer);
    const { provider: two } = optionsFor(second);
    app = start({ provider: [one, two] as never });
    const token = await likeAnIdToken();
    await app.oidc.sessions
      .save({ access_token: token, id_token: await second.idToken() })
      .catch(() => undefined);
    await expectRefused(token, WRONG_KIND);
  });

  it('is known in one round trip', async () => {
    const token = await likeAnIdToken();
    await save(token);
    const observer = redis.connect();
    // The first look of all begins the epoch.
    await call(start(), await signer.accessToken()).expect(200);
    await until(async () => (await observer.exists('oidc1:e')) === 1);
    await observer.config('RESETSTAT');
    await call(app, token).expect(200);
    const calls = [...(await observer.info('commandstats')).matchAll(/cmdstat_(\w+):calls=(\d+)/g)];
    const read = calls.filter(([, name]) => name === 'mget' || name === 'get');
    const ordinary = start();
    await observer.config('RESETSTAT');
    await call(ordinary, await signer.accessToken()).expect(200);
    const others = [
      ...(await observer.info('commandstats')).matchAll(/cmdstat_(\w+):calls=(\d+)/g),
    ];
    expect(read.map(([line]) => line)).toEqual(
      others.filter(([, name]) => name === 'mget' || name === 'get').map(([line]) => line),
    );
    expect(read).not.toEqual([]);
  });

  it('is let in with a near-cache from when it was saved', async () => {
    app = start({ nearCache: {} });
    const token = await likeAnIdToken();
    await expectRefused(token, WRONG_KIND);
    await expectRefused(token, WRONG_KIND);
    await save(token);
    await call(app, token).expect(200);
    await call(app, token).expect(200);
  });

  it('is not let in while nobody can tell, also with onStoreError: "allow"', async () => {
    const broken = redis.connect();
    app = start({ redis: broken, onStoreError: 'allow', storeTimeout: 0.2 });
    broken.disconnect();
    await call(app, await signer.accessToken()).expect(200);
    await call(app, await likeAnIdToken()).expect(503);
  });
});

describe('a sender-constrained token', () => {
  const bound: [string, Claims][] = [
    ['jkt', { cnf: { jkt: 'x' } }],
    ['x5t#S256', { cnf: { 'x5t#S256': 'x' } }],
    ['a member that nobody knows', { cnf: { other: 1 } }],
    ['nothing in cnf', { cnf: {} }],
    ['null as cnf', { cnf: null }],
    ['false as cnf', { cnf: false }],
    ['a text as cnf', { cnf: 'x' }],
    ['the typ of Keycloak', { typ: 'DPoP' }],
    ['the typ of Keycloak and cnf', { typ: 'DPoP', cnf: { jkt: 'x' } }],
  ];

  it.each(bound)('by %s is refused by the guard and taken by the logout', async (_what, claims) => {
    for (const isSaved of [false, true]) {
      const token = await signer.accessToken({ ...claims, sid: `sid-${isSaved}` });
      const id_token = await signer.idToken({ sid: `sid-${isSaved}` });
      if (isSaved) await save(token, { id_token });
      await expectRefused(token, SENDER_CONSTRAINED);
      await expectRefused(token, SENDER_CONSTRAINED);
      const answer = await logOut(token).expect(200);
      const redirect = redirectOf(answer);
      expect(new URL(redirect).searchParams.get('id_token_hint')).toBeNull();
      expect(new URL(redirect).searchParams.get('client_id')).toBe(CLIENT_ID);
    }
  });

  it.each(['DPoP', 'dpop', 'PoP', 'mac', 'N_A', 'Bearer ', ''])(
    'by the token_type %j that it was saved with is refused by the guard and taken by the logout',
    async (token_type) => {
      for (const token of ['opaque-1', await signer.accessToken()]) {
        await save(token, { token_type });
        await expectRefused(token, SENDER_CONSTRAINED);
        const answer = await logOut(token).expect(200);
        expect(answer.text).not.toContain('id_token_hint');
      }
    },
  );

  it.each(['Bearer', 'bearer', 'BEARER', undefined, null])(
    'is none by the token_type %j',
    async (token_type) => {
      for (const token of ['opaque-1', await signer.accessToken()]) {
        await save(token, { token_type } as never);
        await call(app, token).expect(200);
      }
    },
  );

  it('is refused after a refresh that made it one, with a near-cache too', async () => {
    app = start({ nearCache: {} });
    const old = { access_token: await signer.accessToken(), refresh_token: 'refresh-1' };
    await save(old.access_token, old);
    const access_token = await signer.accessToken();
    await call(app, access_token).expect(200);
    await app.oidc.sessions.rotate(old, { access_token, token_type: 'DPoP' });
    await expectRefused(access_token, SENDER_CONSTRAINED);
  });

  it('ends its session, and its refresh token', async () => {
    const tokens = {
      access_token: await signer.accessToken({ cnf: { jkt: 'x' } }),
      refresh_token: 'refresh-1',
    };
    await save(tokens.access_token, tokens);
    const other = await signer.accessToken();
    await call(app, other).expect(200);
    await request(app.app).post(LOGOUT).send(tokens).expect(200);
    await expectRefused(other, 'The access token was invalidated by a logout');
    const rotation = app.oidc.sessions.rotate(tokens, { access_token: other });
    await expect(rotation).rejects.toMatchObject({ code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' });
  });
});

describe('what is signed by the provider, and hostile all the same:', () => {
  const claims = () => ({
    iss: raw.issuer,
    aud: AUDIENCE,
    sub: 'alice',
    iat: now(),
    exp: now() + 600,
  });
  const header = { alg: 'RS256', kid: 'key-1', typ: 'at+jwt' };
  const text = (members: string) => JSON.stringify(claims()).replace(/}$/, `,${members}}`);
  const hmac = (key: string | Buffer, head: object) => {
    const input = `${encode(head)}.${encode(claims())}`;
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
  };
  const pem = () =>
    createPublicKey({ key: raw.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });

  beforeEach(() => {
    const provider = {
      jwks: { keys: [raw.jwk] },
      clientSecret: 's'.repeat(32),
      algorithms: ['RS256', 'HS256'],
    };
    app = start(optionsFor(signer, { provider }));
  });

  it.each<[string, () => string, string]>([
    ['b64 that is false', () => raw.sign({ ...header, b64: false }, claims()), NOT_AUTHENTIC],
    [
      'b64 that is false and critical',
      () => raw.sign({ ...header, b64: false, crit: ['b64'] }, claims()),
      NOT_AUTHENTIC,
    ],
    ['b64 that is a text', () => raw.sign({ ...header, b64: 'false' }, claims()), NOT_AUTHENTIC],
    [
      'a critical member that nobody knows',
      () => raw.sign({ ...header, crit: ['exp'], exp: 1 }, claims()),
      NOT_AUTHENTIC,
    ],
    [
      'a critical member that is not there',
      () => raw.sign({ ...header, crit: ['x'] }, claims()),
      NOT_AUTHENTIC,
    ],
    ['an empty crit', () => raw.sign({ ...header, crit: [] }, claims()), NOT_AUTHENTIC],
    ['a text as crit', () => raw.sign({ ...header, crit: 'b64' }, claims()), NOT_AUTHENTIC],
    ['alg none', () => raw.sign({ ...header, alg: 'none' }, claims()), NOT_AUTHENTIC],
    [
      'alg none and no signature',
      () => `${encode({ alg: 'none' })}.${encode(claims())}.`,
      MALFORMED,
    ],
    ['alg nOnE', () => raw.sign({ ...header, alg: 'nOnE' }, claims()), NOT_AUTHENTIC],
    ['alg rs256', () => raw.sign({ ...header, alg: 'rs256' }, claims()), NOT_AUTHENTIC],
    ['alg RS512 over RS256', () => raw.sign({ ...header, alg: 'RS512' }, claims()), NOT_AUTHENTIC],
    ['HS256 by the public key', () => hmac(pem(), { ...header, alg: 'HS256' }), NOT_AUTHENTIC],
    [
      'HS256 by the JSON of the public key',
      () => hmac(JSON.stringify(raw.jwk), { ...header, alg: 'HS256' }),
      NOT_AUTHENTIC,
    ],
    ['HS256 by the secret', () => hmac('s'.repeat(32), { ...header, alg: 'HS256' }), NOT_AUTHENTIC],
    ['an unknown kid', () => raw.sign({ ...header, kid: '../../key-1' }, claims()), NOT_AUTHENTIC],
    ['an empty kid', () => raw.sign({ ...header, kid: '' }, claims()), NOT_AUTHENTIC],
    [
      'a key of its own',
      () => {
        const own = createRawSigner();
        return own.sign({ ...header, jwk: own.jwk }, claims());
      },
      NOT_AUTHENTIC,
    ],
    ['a list as iss', () => raw.sign(header, { ...claims(), iss: [raw.issuer] }), UNKNOWN_ISSUER],
    ['a number as iss', () => raw.sign(header, { ...claims(), iss: 1 }), UNKNOWN_ISSUER],
    ['null as iss', () => raw.sign(header, { ...claims(), iss: null }), UNKNOWN_ISSUER],
    [
      'a slash more in iss',
      () => raw.sign(header, { ...claims(), iss: `${raw.issuer}/` }),
      UNKNOWN_ISSUER,
    ],
    [
      'iss twice, the last one of a stranger',
      () => raw.sign(header, text('"iss":"https://other.example.com"')),
      UNKNOWN_ISSUER,
    ],
    [
      'aud twice, the last one of a stranger',
      () => raw.sign(header, text('"aud":"https://other.example.com"')),
      NOT_AUTHENTIC,
    ],
    ['exp twice, the last one of the past', () => raw.sign(header, text('"exp":1')), EXPIRED],
    [
      'an object as aud',
      () => raw.sign(header, { ...claims(), aud: { [AUDIENCE]: true } }),
      NOT_AUTHENTIC,
    ],
    [
      'a list in a list as aud',
      () => raw.sign(header, { ...claims(), aud: [[AUDIENCE]] }),
      NOT_AUTHENTIC,
    ],
    ['an empty list as aud', () => raw.sign(header, { ...claims(), aud: [] }), NOT_AUTHENTIC],
    ['a text as exp', () => raw.sign(header, { ...claims(), exp: '9999999999' }), NOT_AUTHENTIC],
    ['true as exp', () => raw.sign(header, { ...claims(), exp: true }), NOT_AUTHENTIC],
    ['a list as exp', () => raw.sign(header, { ...claims(), exp: [now() + 600] }), NOT_AUTHENTIC],
    ['a negative exp', () => raw.sign(header, { ...claims(), exp: -1 }), EXPIRED],
    ['0 as exp', () => raw.sign(header, { ...claims(), exp: 0 }), EXPIRED],
    ['1e400 as exp', () => raw.sign(header, text('"exp":1e400')), LIVES_TOO_LONG],
    ['1e300 as exp', () => raw.sign(header, text('"exp":1e300')), LIVES_TOO_LONG],
    [
      'milliseconds as exp',
      () => raw.sign(header, { ...claims(), exp: Date.now() + 1000 }),
      LIVES_TOO_LONG,
    ],
    ['1e400 as nbf', () => raw.sign(header, text('"nbf":1e400')), NOT_AUTHENTIC],
    ['a text as nbf', () => raw.sign(header, { ...claims(), nbf: '1' }), NOT_AUTHENTIC],
    ['a text as iat', () => raw.sign(header, { ...claims(), iat: String(now()) }), NOT_AUTHENTIC],
    ['-1e400 as iat', () => raw.sign(header, text('"iat":-1e400')), LIVES_TOO_LONG],
    ['an empty sub', () => raw.sign(header, { ...claims(), sub: '' }), NOT_AUTHENTIC],
    ['a number as sub', () => raw.sign(header, { ...claims(), sub: 7 }), NOT_AUTHENTIC],
    ['null as sub', () => raw.sign(header, { ...claims(), sub: null }), NOT_AUTHENTIC],
    ['a list as sub', () => raw.sign(header, { ...claims(), sub: ['alice'] }), NOT_AUTHENTIC],
    ['a list as payload', () => raw.sign(header, [claims()]), MALFORMED],
    ['a text as payload', () => raw.sign(header, JSON.stringify('alice')), MALFORMED],
    ['null as payload', () => raw.sign(header, 'null'), MALFORMED],
    [
      'another JWT as payload',
      () => raw.sign({ ...header, cty: 'JWT' }, raw.sign(header, claims())),
      MALFORMED,
    ],
    [
      'something after its payload',
      () => raw.sign(header, `${JSON.stringify(claims())}x`),
      MALFORMED,
    ],
    ['a list as header', () => raw.sign([header], claims()), MALFORMED],
    ['no alg', () => raw.sign({ kid: 'key-1' }, claims()), MALFORMED],
    ['a list as alg', () => raw.sign({ ...header, alg: ['RS256'] }, claims()), MALFORMED],
    ['a list as typ', () => raw.sign({ ...header, typ: ['at+jwt'] }, claims()), WRONG_KIND],
    [
      'letters of another script in its typ',
      () => raw.sign({ ...header, typ: '\u0430t+jwt' }, claims()),
      WRONG_KIND,
    ],
    [
      'a payload that is no UTF-8',
      () => raw.sign(header, Buffer.from(text('"name":"\xff"'), 'latin1')),
      MALFORMED,
    ],
    ['a byte order mark', () => raw.sign(header, `\ufeff${JSON.stringify(claims())}`), MALFORMED],
    [
      'claims of 33 levels',
      () => raw.sign(header, nestedJson(33, JSON.stringify(claims()).slice(1, -1))),
      MALFORMED,
    ],
    [
      'claims of 1,000 levels',
      () => raw.sign(header, nestedJson(1000, JSON.stringify(claims()).slice(1, -1))),
      MALFORMED,
    ],
    [
      'a header of 1,000 levels',
      () => raw.sign(nestedJson(1000, JSON.stringify(header).slice(1, -1)), claims()),
      MALFORMED,
    ],
  ])('a token with %s is refused', async (_what, make, error_description) => {
    const token = make();
    await expectRefused(token, error_description);
    await expectRefused(token, error_description);
  });

  it.each<[string, () => string]>([
    [
      'claims of 32 levels',
      () => raw.sign(header, nestedJson(32, JSON.stringify(claims()).slice(1, -1))),
    ],
    ['b64 that is true', () => raw.sign({ ...header, b64: true }, claims())],
    [
      'other scripts in its header',
      () => raw.sign({ ...header, name: '\u0430\ud83d\ude00' }, claims()),
    ],
    ['an audience twice, the last one right', () => raw.sign(header, text(`"aud":"${AUDIENCE}"`))],
    ['a fraction in its exp', () => raw.sign(header, { ...claims(), exp: now() + 600.5 })],
    [
      'members of every object of JavaScript',
      () => raw.sign(header, text('"__proto__":{"events":{}},"constructor":1')),
    ],
  ])('a token with %s passes', async (_what, make) => {
    await call(app, make()).expect(200);
  });

  it('is over by its subject, whatever it says of its login', async () => {
    const token = raw.sign(header, text('"auth_time":1e400'));
    await call(app, token).expect(200);
    setTime(Date.now() + 1000);
    await app.oidc.sessions.end({ issuer: raw.issuer, sub: 'alice' });
    await expectRefused(token, 'The access token was invalidated by a logout');
  });
});
