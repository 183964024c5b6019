import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
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
import express from 'express';
import type { Redis } from 'ioredis';
import { CompactEncrypt, exportJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import request from 'supertest';
import {
  InvalidIdTokenError,
  type OidcLogoutOptions,
  type ProviderOptions,
  type SessionEndedEvent,
  SessionEndedError,
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
import { setTime } from '../support/clock.ts';
import { createKeyPair, takeRsaKey } from '../support/key-pair.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  LOGOUT_EVENT,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const OTHER_ISSUER = 'https://other.example.com';

const BY_BACK_CHANNEL = { cause: 'back-channel', revokesOfflineAccess: false };

const MALFORMED = 'The Logout Token is malformed';
const UNKNOWN_ISSUER = 'The Logout Token is of an unknown issuer';
const WRONG_KIND = 'The token is not a Logout Token';
const NOT_ENCRYPTED = 'The Logout Token is not encrypted as agreed';
const NOT_AUTHENTIC = 'The Logout Token is not authentic or not meant for this client';
const EXPIRED = 'The Logout Token expired, or is not of the past';
const NONCE = 'The Logout Token has a nonce';
const NO_EVENT = 'The Logout Token has no back-channel logout event';
const BAD_CLAIM = 'A claim of the Logout Token is missing or malformed';
const NO_SESSION = 'The Logout Token has neither sub nor sid';
const ANOTHER_SUBJECT = 'The sub and the sid of the Logout Token do not belong together';
const NO_BODY = 'The request has no body';
const NO_FIELD = 'The field logout_token is missing, empty or repeated';
const UNSUPPORTED = 'The media type, charset or encoding of the body is not supported';
const TOO_LARGE = 'The body is too large';

interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
}

let redis: RedisServer;
let signer: Signer;
let ecSigner: Signer;
let rawKey: KeyObject;
let keys: object[];
let apps: App[];
let clients: Redis[];
let app: App;
let session: Tokens;

beforeAll(async () => {
  redis = await startRedisServer();
  signer = await createSigner();
  ecSigner = await createSigner(signer.issuer, { alg: 'ES256', kid: 'ec' });
  rawKey = createPrivateKey({ key: takeRsaKey(), format: 'jwk' });
  const rawJwk = createPublicKey(rawKey).export({ format: 'jwk' });
  keys = [signer.jwk, ecSigner.jwk, { ...rawJwk, kid: 'raw', alg: 'RS256' }];
});

afterAll(() => redis.close());

beforeEach(async () => {
  apps = [];
  clients = [];
  app = start();
  session = await login();
});

afterEach(async () => {
  jest.useRealTimers();
  redis.resume();
  await Promise.all(apps.map(({ oidc }) => oidc.close()));
  for (const client of clients) client.disconnect();
  await redis.flush();
});

function connect(): Redis {
  const client = redis.connect();
  clients.push(client);
  return client;
}

function start(
  {
    provider,
    ...options
  }: Partial<Omit<OidcLogoutOptions, 'provider'>> & {
    provider?: Partial<ProviderOptions>;
  } = {},
  outer?: express.Express,
): App {
  const standard = optionsFor(signer, { provider: { jwks: { keys }, ...provider } });
  const started = appWith({ ...standard, redis: connect(), ...options }, outer);
  apps.push(started);
  return started;
}

async function login(claims: Claims = {}, at = app, by = signer): Promise<Tokens> {
  const tokens = { access_token: await by.accessToken(claims), id_token: await by.idToken(claims) };
  await at.oidc.sessions.save(tokens);
  return tokens;
}

function post(at = app): request.Test {
  return request(at.app).post(BACK_CHANNEL_LOGOUT);
}

function send(logout_token: string, at = app): request.Test {
  return post(at).type('form').send({ logout_token });
}

async function statusOf({ access_token }: { access_token: string }, at = app): Promise<number> {
  return (await call(at, access_token)).status;
}

function heardBy({ oidc }: App): SessionEndedEvent[] {
  const heard: SessionEndedEvent[] = [];
  oidc.on('session-ended', (event) => heard.push(event));
  return heard;
}

function namesOf({ events }: App): string[] {
  return events.map(([name]) => name);
}

/** What kinds of records the store holds once each end is settled, such as `x` of `oidc1:x{<digest>}`. */
async function kindsInStore(): Promise<string[]> {
  let keys: string[] = [];
  await until(async () => {
    // When the epoch begins is the guard's.
    keys = Object.keys(await redis.dump()).filter((key) => key !== 'oidc1:e');
    return !keys.some((key) => key.startsWith('oidc1:s'));
  });
  return keys.map((key) => /^oidc1:([a-z])/.exec(key)?.[1] ?? key).sort();
}

function expectPlain({ headers }: request.Response): void {
  expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
  expect(headers).not.toHaveProperty('set-cookie');
  expect(headers).not.toHaveProperty('location');
}

function expectError(answer: request.Response, error_description: string): void {
  expect(answer.status).toBe(400);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.body).toEqual({ error: 'invalid_request', error_description });
  expectPlain(answer);
}

/** Section 2.8: 400 with an explanation; the session lives on and nothing is stored. */
async function expectRefused(test: request.Test, error_description: string, at = app) {
  const before = await redis.dump();
  expectError(await test, error_description);
  expect(await redis.dump()).toEqual(before);
  expect(await statusOf(session, at)).toBe(200);
  expect(namesOf(at)).toEqual([]);
}

function expectOk(answer: request.Response): void {
  expect([answer.status, answer.text]).toEqual([200, '']);
  expectPlain(answer);
}

/** Section 2.8: exactly 200 without a body; the session is dead, and no more is stored than that. */
async function expectEnded(test: request.Test, at = app): Promise<void> {
  expectOk(await test);
  expect(await statusOf(session, at)).toBe(401);
  expect(await kindsInStore()).toEqual(['l', 't', 'x']);
  expect(at.events).toEqual([
    ['invalidated', { kind: 'session', issuer: signer.issuer, subject: 'alice', sid: 'sid-1' }],
  ]);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

let serial = 0;

/** The claims of a sound Logout Token. */
function soundClaims(claims: Claims = {}): Claims {
  const times = { iat: now(), exp: now() + 120 };
  const names = { iss: signer.issuer, aud: CLIENT_ID, sub: 'alice', sid: 'sid-1' };
  return { ...names, ...times, jti: `own-${++serial}`, events: LOGOUT_EVENT, ...claims };
}

function base64url(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url');
}

/** Signs any header and payload, as no JOSE library would. */
function signRaw(header: object, payload: string | Uint8Array): string {
  const head = JSON.stringify({ alg: 'RS256', kid: 'raw', ...header });
  const input = `${base64url(head)}.${base64url(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), rawKey).toString('base64url')}`;
}

/** The JSON of sound claims with this text in front of the closing brace. */
function claimsWith(text: string, claims: Claims = {}): string {
  return JSON.stringify(soundClaims(claims)).replace(/\}$/, `,${text}}`);
}

function signHmac(secret: Uint8Array, claims: Claims = {}, alg = 'HS256'): Promise<string> {
  return new SignJWT(soundClaims(claims)).setProtectedHeader({ alg, kid: 'key-1' }).sign(secret);
}

describe.each(Object.keys(EXPRESS))('backChannelLogout on %s', (version) => {
  beforeEach(() => {
    app = start({}, EXPRESS[version]?.());
  });

  it('ends the session that a Logout Token names', async () => {
    await expectEnded(send(await signer.logoutToken()));
  });

  it('ignores other form fields (section 2.5)', async () => {
    const logout_token = await signer.logoutToken();
    await expectEnded(post().type('form').send({ ignored_parameter: 'x', logout_token }));
  });

  it('sets no cookie and takes no notice of one', async () => {
    await expectEnded(send(await signer.logoutToken()).set('Cookie', 'sid=1; oidc-logout=x'));
  });

  it.each(['get', 'head', 'put', 'delete', 'patch', 'options'] as const)(
    'answers 405 to %s',
    async (method) => {
      const logout_token = await signer.logoutToken();
      const before = await redis.dump();
      const agent = request(app.app);
      const answer = await agent[method](BACK_CHANNEL_LOGOUT)
        .query({ logout_token })
        .type('form')
        .send(`logout_token=${logout_token}`);
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
      expectPlain(answer);
      if (method !== 'head') {
        expect(answer.body).toEqual({
          error: 'invalid_request',
          error_description: 'The endpoint does not serve this method',
        });
      }
      expect(await redis.dump()).toEqual(before);
    },
  );

  const form = 'application/x-www-form-urlencoded';

  it.each<[string, string, (test: request.Test, token: string) => request.Test]>([
    ['JSON', UNSUPPORTED, (test, logout_token) => test.send({ logout_token })],
    ['multipart', UNSUPPORTED, (test, token) => test.field('logout_token', token)],
    ['text', UNSUPPORTED, (test, token) => test.type('text').send(`logout_token=${token}`)],
    [
      'no media type',
      UNSUPPORTED,
      (test, token) => test.send(Buffer.from(`logout_token=${token}`)),
    ],
    ['no body', NO_BODY, (test) => test],
    ['an empty form', NO_BODY, (test) => test.type('form').send('')],
    ['the token in the query', NO_BODY, (test, logout_token) => test.query({ logout_token })],
    [
      'the token in the query beside a form',
      NO_FIELD,
      (test, logout_token) => test.query({ logout_token }).type('form').send({ a: 'b' }),
    ],
    ['an empty token', NO_FIELD, (test) => test.type('form').send('logout_token=')],
    [
      'the token twice',
      NO_FIELD,
      (test, token) => test.type('form').send(`logout_token=${token}&logout_token=${token}`),
    ],
    [
      'the token as a member of a list',
      NO_FIELD,
      (test, token) => test.type('form').send(`logout_token[]=${token}`),
    ],
    [
      'too much',
      TOO_LARGE,
      (test, token) => test.type('form').send({ logout_token: token, more: 'x'.repeat(16_384) }),
    ],
    [
      'a token of 1 MB',
      TOO_LARGE,
      (test, token) => test.type('form').send({ logout_token: token + 'x'.repeat(2 ** 20) }),
    ],
    [
      'too many fields',
      TOO_LARGE,
      (test, token) => test.type('form').send(`${'a=1&'.repeat(1001)}logout_token=${token}`),
    ],
    [
      'what is not gzip, though it says so',
      'The body cannot be parsed',
      (test, token) =>
        test
          .set({ 'content-encoding': 'gzip', 'content-type': form })
          .serialize((data) => data as string)
          .send(Buffer.from(`logout_token=${token}`)),
    ],
    [
      'an unknown encoding',
      UNSUPPORTED,
      (test, logout_token) =>
        test.set('content-encoding', 'x-unknown').type('form').send({ logout_token }),
    ],
    [
      'an unknown charset',
      UNSUPPORTED,
      (test, token) =>
        test.set('content-type', `${form}; charset=utf-32`).send(`logout_token=${token}`),
    ],
  ])('refuses %s', async (_what, description, fill) => {
    await expectRefused(fill(post(), await signer.logoutToken()), description);
  });

  it('works behind parsers of the app', async () => {
    const outer = EXPRESS[version]?.() ?? express();
    outer.use(express.json(), express.urlencoded({ extended: true }));
    const parsed = start({}, outer);
    const nested = { logout_token: { a: await signer.logoutToken() } };
    await expectRefused(post(parsed).send({ logout_token: 'x' }), UNSUPPORTED, parsed);
    await expectRefused(post(parsed).type('form').send(nested), NO_FIELD, parsed);
    await expectEnded(send(await signer.logoutToken(), parsed), parsed);
  });
});

describe('a Logout Token (section 2.4)', () => {
  it.each<[string, Claims, string]>([
    ['without iss', { iss: undefined }, UNKNOWN_ISSUER],
    ['with iss 7', { iss: 7 }, UNKNOWN_ISSUER],
    ['with a list as iss', { iss: ['https://op.example.com'] }, UNKNOWN_ISSUER],
    ['of another issuer', { iss: OTHER_ISSUER }, UNKNOWN_ISSUER],
    ['with a slash after its iss', { iss: 'https://op.example.com/' }, UNKNOWN_ISSUER],
    ['with its iss in other letters', { iss: 'https://OP.example.com' }, UNKNOWN_ISSUER],
    ['without aud', { aud: undefined }, NOT_AUTHENTIC],
    ['for another client', { aud: 'other' }, NOT_AUTHENTIC],
    ['for the client in other letters', { aud: 'WEB' }, NOT_AUTHENTIC],
    ['for other clients', { aud: ['other', 'webINVALID'] }, NOT_AUTHENTIC],
    ['for nobody', { aud: [] }, NOT_AUTHENTIC],
    ['with aud 7', { aud: 7 }, NOT_AUTHENTIC],
    ['with sub 7', { sub: 7 }, BAD_CLAIM],
    ['with an object as sub', { sub: {} }, BAD_CLAIM],
    ['with a list as sub', { sub: ['alice'] }, BAD_CLAIM],
    ['with an empty sub', { sub: '' }, BAD_CLAIM],
    ['with sub null', { sub: null }, BAD_CLAIM],
    ['with sid 7', { sid: 7 }, BAD_CLAIM],
    ['with an object as sid', { sid: {} }, BAD_CLAIM],
    ['with a list as sid', { sid: ['sid-1'] }, BAD_CLAIM],
    ['with an empty sid', { sid: '' }, BAD_CLAIM],
    ['with sid null', { sid: null }, BAD_CLAIM],
    ['with neither sub nor sid', { sub: undefined, sid: undefined }, NO_SESSION],
    ['without jti', { jti: undefined }, BAD_CLAIM],
    ['with jti 7', { jti: 7 }, BAD_CLAIM],
    ['with an empty jti', { jti: '' }, BAD_CLAIM],
    ['with jti null', { jti: null }, BAD_CLAIM],
    ['without iat', { iat: undefined }, BAD_CLAIM],
    ['with a text as iat', { iat: '1700000000' }, BAD_CLAIM],
    ['with iat null', { iat: null }, BAD_CLAIM],
    ['of the future', { iat: now() + 600, exp: now() + 900 }, EXPIRED],
    ['that expired', { iat: now() - 120, exp: now() - 60 }, EXPIRED],
    ['with a negative exp', { exp: -1 }, EXPIRED],
    ['with a text as exp', { exp: '9999999999' }, BAD_CLAIM],
    ['with exp null', { exp: null }, BAD_CLAIM],
    ['without exp that is old', { exp: undefined, iat: now() - 400 }, EXPIRED],
    ['that is not valid yet', { nbf: now() + 600 }, NOT_AUTHENTIC],
    ['without events', { events: undefined }, NO_EVENT],
    ['with events null', { events: null }, NO_EVENT],
    ['with a text as events', { events: EVENT }, NO_EVENT],
    ['with a list as events', { events: [EVENT] }, NO_EVENT],
    ['with no event', { events: {} }, NO_EVENT],
    ['with another event', { events: { 'http://schemas.openid.net/event/foobar': {} } }, NO_EVENT],
    ['with the event as https', { events: { [EVENT.replace('http:', 'https:')]: {} } }, NO_EVENT],
    ['with a text as event', { events: { [EVENT]: '{}' } }, NO_EVENT],
    ['with a list as event', { events: { [EVENT]: [] } }, NO_EVENT],
    ['with event null', { events: { [EVENT]: null } }, NO_EVENT],
    ['with event true', { events: { [EVENT]: true } }, NO_EVENT],
    ['with a nonce', { nonce: 'x' }, NONCE],
    ['with an empty nonce', { nonce: '' }, NONCE],
    ['with nonce null', { nonce: null }, NONCE],
    ['with an object as nonce', { nonce: {} }, NONCE],
  ])('%s is refused', async (_what, claims, description) => {
    await expectRefused(send(await signer.logoutToken(claims)), description);
  });

  it.each<[string, Claims]>([
    ['without sub', { sub: undefined }],
    ['without exp', { exp: undefined }],
    ['without exp that is not old yet', { exp: undefined, iat: now() - 100 }],
    ['that lives for a day', { exp: now() + 86_400 }],
    ['with fractions in its times', { iat: now() - 0.5, exp: now() + 600.5 }],
    ['that names several audiences', { aud: ['other', CLIENT_ID] }],
    ['with a member in its event', { events: { [EVENT]: { x: 1 } } }],
    ['with another event beside', { events: { ...LOGOUT_EVENT, 'https://x.example/event': {} } }],
    ['with unknown claims', { ignored_claim: 'ignored', toString: 1, auth_time: null }],
    ['that was valid before', { nbf: now() - 600 }],
  ])('%s is accepted', async (_what, claims) => {
    await redis.flush();
    session = await login({ iat: now() - 600 });
    await expectEnded(send(await signer.logoutToken(claims)));
  });

  it.each(['JWT', 'jwt', 'application/jwt', 'logout+jwt', 'LOGOUT+JWT', 'application/logout+jwt'])(
    'of the type %s is accepted',
    async (typ) => {
      await expectEnded(send(await signer.logoutToken({}, { typ })));
    },
  );

  it('without a type is accepted', async () => {
    await expectEnded(send(await signer.sign(soundClaims())));
  });

  it.each(['at+jwt', 'secevent+jwt', 'dpop+jwt', 'application/at+jwt', 'xlogout+jwt', '', 7, null])(
    'of the type %j is refused',
    async (typ) => {
      await expectRefused(send(signRaw({ typ }, JSON.stringify(soundClaims()))), WRONG_KIND);
    },
  );

  describe('of a provider with a type of its own', () => {
    const withTypes = (options: { strict?: boolean } = {}) =>
      start({ provider: { logoutTokenTypes: 'at+jwt' }, ...options });

    it.each(['at+jwt', 'AT+JWT', 'logout+jwt', 'JWT'])('%s is accepted', async (typ) => {
      app = withTypes();
      await expectEnded(send(await signer.logoutToken({}, { typ })));
    });

    it.each<[string, () => Promise<string>, string]>([
      ['another type', () => signer.logoutToken({}, { typ: 'application/at+jwt' }), WRONG_KIND],
      ['an access token', () => signer.accessToken({ aud: CLIENT_ID }), NO_EVENT],
    ])('takes no %s', async (_what, token, description) => {
      app = withTypes();
      await expectRefused(send(await token()), description);
    });

    it('is refused where strict', async () => {
      app = withTypes({ strict: true });
      await expectRefused(send(await signer.logoutToken({}, { typ: 'at+jwt' })), WRONG_KIND);
    });
  });

  it('has options for the clocks and for the age without exp', async () => {
    const old = { exp: undefined, iat: now() - 100 };
    const [young, tolerant] = [start({ logoutTokenMaxAge: 60 }), start({ clockTolerance: 60 })];
    await expectRefused(send(await signer.logoutToken(old), young), EXPIRED, young);
    const future = { iat: now() + 30, exp: now() + 60 };
    await expectRefused(send(await signer.logoutToken(future)), EXPIRED);
    const past = await signer.logoutToken({ iat: now() - 60, exp: now() - 30 });
    await expectRefused(send(past), EXPIRED);
    await expectEnded(send(past, tolerant), tolerant);
    expectOk(await send(await signer.logoutToken(future), tolerant));
  });

  describe('with strict', () => {
    beforeEach(() => {
      app = start({ strict: true });
    });

    it.each(['logout+jwt', 'Application/Logout+JWT'])('of type %s is accepted', async (typ) => {
      await expectEnded(send(await signer.logoutToken({ aud: [CLIENT_ID] }, { typ })));
    });

    it.each<[string, Claims, object, string]>([
      ['without a type', {}, {}, WRONG_KIND],
      ['of the type JWT', {}, { typ: 'JWT' }, WRONG_KIND],
      ['without exp', { exp: undefined }, { typ: 'logout+jwt' }, BAD_CLAIM],
      [
        'for several audiences',
        { aud: [CLIENT_ID, 'other'] },
        { typ: 'logout+jwt' },
        NOT_AUTHENTIC,
      ],
    ])('%s is refused', async (_what, claims, header, description) => {
      await expectRefused(send(await signer.sign(soundClaims(claims), header)), description);
    });
  });

  it('is explained in letters that RFC 6749 allows, whatever it contains', async () => {
    const hostile = '"\\\r\n\u0000<script>\u00e9\u{1f600}';
    const tokens = [
      hostile,
      await signer.logoutToken({ iss: hostile }),
      await signer.logoutToken({ sid: [hostile] }),
      await signer.logoutToken({ events: { [hostile]: {} } }),
      signRaw({ typ: hostile }, JSON.stringify(soundClaims())),
      signRaw({ kid: hostile }, JSON.stringify(soundClaims())),
    ];
    for (const token of tokens) {
      const answer = await send(token);
      const body = answer.body as Record<string, string>;
      expect([answer.status, Object.keys(body)]).toEqual([400, ['error', 'error_description']]);
      expect(body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
      expect(body.error_description).not.toContain('script');
    }
  });
});

describe('the form of a Logout Token (RFC 7515, RFC 8725)', () => {
  it('is one that the raw signer of these specs makes as well', async () => {
    await expectEnded(send(signRaw({}, JSON.stringify(soundClaims()))));
  });

  it.each<[string, () => string, string]>([
    ['exp 1e400', () => signRaw({}, claimsWith('"exp":1e400')), BAD_CLAIM],
    ['two iss, the last of another', () => signRaw({}, claimsWith('"iss":"x"')), UNKNOWN_ISSUER],
    ['two nonces', () => signRaw({}, claimsWith('"nonce":1,"nonce":null')), NONCE],
    ['two sids, the last empty', () => signRaw({}, claimsWith('"sid":""')), BAD_CLAIM],
    [
      'text after the claims',
      () => signRaw({}, `${JSON.stringify(soundClaims())}x`),
      UNKNOWN_ISSUER,
    ],
    ['a list as claims', () => signRaw({}, '[]'), UNKNOWN_ISSUER],
    ['null as claims', () => signRaw({}, 'null'), UNKNOWN_ISSUER],
    ['no claims', () => signRaw({}, ''), UNKNOWN_ISSUER],
    [
      'claims that are not UTF-8',
      () => signRaw({}, Buffer.from(claimsWith('"name":"\u00ff"'), 'latin1')),
      UNKNOWN_ISSUER,
    ],
    ['an unknown crit', () => signRaw({ crit: ['x'], x: 1 }, claimsWith('"a":1')), NOT_AUTHENTIC],
    ['an empty crit', () => signRaw({ crit: [] }, claimsWith('"a":1')), NOT_AUTHENTIC],
    ['a text as crit', () => signRaw({ crit: 'exp' }, claimsWith('"a":1')), NOT_AUTHENTIC],
    ['a crit of alg', () => signRaw({ crit: ['alg'] }, claimsWith('"a":1')), NOT_AUTHENTIC],
    ['a crit twice', () => signRaw({ crit: ['x', 'x'], x: 1 }, claimsWith('"a":1')), NOT_AUTHENTIC],
    [
      'an unencoded payload',
      () => signRaw({ crit: ['b64'], b64: false }, claimsWith('"a":1')),
      NOT_AUTHENTIC,
    ],
    ['no alg', () => signRaw({ alg: undefined }, claimsWith('"a":1')), MALFORMED],
    ['alg 7', () => signRaw({ alg: 7 }, claimsWith('"a":1')), MALFORMED],
  ])('is refused with %s', async (_what, make, description) => {
    await expectRefused(send(make()), description);
  });

  it('lets the last of two claims hold', async () => {
    const other = await login({ sid: 'sid-2' });
    expectOk(await send(signRaw({}, claimsWith('"sid":"sid-2"'))));
    expect([await statusOf(session), await statusOf(other)]).toEqual([200, 401]);
    await send(signRaw({}, claimsWith(`"iss":"${signer.issuer}"`, { iss: 'x' }))).expect(200);
    expect(await statusOf(session)).toBe(401);
  });

  it.each<[string, (token: string) => string, string]>([
    ['padding', (token) => `${token}=`, MALFORMED],
    ['a space after it', (token) => `${token} `, MALFORMED],
    ['a space before it', (token) => ` ${token}`, MALFORMED],
    ['a line break in it', (token) => token.replace(/.$/, '\n$&'), MALFORMED],
    ['base64 instead of base64url', (token) => `${token.slice(0, -4)}++//`, MALFORMED],
    ['one part', (token) => token.replaceAll('.', ''), UNKNOWN_ISSUER],
    ['two parts', (token) => token.slice(0, token.lastIndexOf('.')), UNKNOWN_ISSUER],
    ['four parts', (token) => `${token}.x`, UNKNOWN_ISSUER],
    ['five parts', (token) => `${token}.x.x`, UNKNOWN_ISSUER],
    ['no signature', (token) => token.slice(0, token.lastIndexOf('.') + 1), MALFORMED],
    ['no header', (token) => token.slice(token.indexOf('.')), MALFORMED],
    ['dots only', () => '..', UNKNOWN_ISSUER],
    ['words', () => 'not a token', UNKNOWN_ISSUER],
  ])('is refused with %s', async (_what, change, description) => {
    await expectRefused(send(change(await signer.logoutToken())), description);
  });
});

describe('the signature of a Logout Token (section 2.6, steps 2 and 3)', () => {
  it('of a stranger is refused', async () => {
    await expectRefused(send(await (await createSigner()).logoutToken()), NOT_AUTHENTIC);
  });

  it('of another text is refused', async () => {
    const [header, , signature] = (await signer.logoutToken()).split('.');
    const payload = base64url(JSON.stringify(soundClaims()));
    await expectRefused(send(`${header}.${payload}.${signature}`), NOT_AUTHENTIC);
  });

  it('with one bit flipped is refused', async () => {
    const token = await signer.logoutToken();
    const at = token.lastIndexOf('.') + 1;
    const flipped = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    await expectRefused(send(flipped), NOT_AUTHENTIC);
  });

  it.each(['none', 'None', 'nOnE', 'NONE'])('by alg %s is refused', async (alg) => {
    const unsigned = (signature: string) =>
      [
        base64url(JSON.stringify({ alg })),
        base64url(JSON.stringify(soundClaims())),
        signature,
      ].join('.');
    await expectRefused(send(unsigned('')), MALFORMED);
    await expectRefused(send(unsigned('AAAA')), NOT_AUTHENTIC);
    await expectRefused(send(signRaw({ alg }, JSON.stringify(soundClaims()))), NOT_AUTHENTIC);
  });

  it('by a published key of another algorithm than the agreed one is refused', async () => {
    const token = await ecSigner.logoutToken();
    await expectRefused(send(token), NOT_AUTHENTIC);
    const both = start({ provider: { algorithms: ['RS256', 'ES256'] } });
    await expectEnded(send(token, both), both);
  });

  it.each(['PS256', 'RS384', 'ES256', 'EdDSA'])(
    'of RS256 that is named %s is refused',
    async (alg) => {
      const many = start({ provider: { algorithms: ['RS256', alg] } });
      const token = signRaw({ alg }, JSON.stringify(soundClaims()));
      await expectRefused(send(token, many), NOT_AUTHENTIC, many);
    },
  );

  describe('by HMAC', () => {
    const clientSecret = 's'.repeat(32);

    it('with the public key of the provider is refused', async () => {
      const provider = { clientSecret, algorithms: ['RS256', 'HS256'] };
      const both = start({ provider });
      const pem = createPublicKey(rawKey).export({ format: 'pem', type: 'spki' }) as string;
      for (const key of [pem, pem.trim(), JSON.stringify(signer.jwk), signer.jwk.n as string, '']) {
        const token = await signHmac(Buffer.from(key.padEnd(32, '\0')));
        await expectRefused(send(token), NOT_AUTHENTIC);
        await expectRefused(send(token, both), NOT_AUTHENTIC, both);
      }
    });

    it('with the client secret is accepted where HS256 is agreed', async () => {
      const hmac = start({ provider: { clientSecret, logoutTokenAlgorithms: ['HS256'] } });
      const token = await signHmac(Buffer.from(clientSecret));
      await expectRefused(send(token), NOT_AUTHENTIC);
      await expectRefused(
        send(await signHmac(Buffer.from('x'.repeat(32))), hmac),
        NOT_AUTHENTIC,
        hmac,
      );
      await expectRefused(send(await signer.logoutToken(), hmac), NOT_AUTHENTIC, hmac);
      await expectEnded(send(token, hmac), hmac);
    });
  });

  it('may be by other algorithms than those of ID Tokens', async () => {
    const mixed = start({ provider: { logoutTokenAlgorithms: ['ES256'] } });
    await expectRefused(send(await signer.logoutToken(), mixed), NOT_AUTHENTIC, mixed);
    const id_token = await ecSigner.idToken();
    await expect(mixed.oidc.sessions.save({ ...session, id_token })).rejects.toThrow(
      InvalidIdTokenError,
    );
    await expectEnded(send(await ecSigner.logoutToken(), mixed), mixed);
  });

  it('is never looked for where the token itself says (RFC 8725, section 3.10)', async () => {
    const attacker = await startProviderServer();
    const { privateKey, publicKey } = await createKeyPair('RS256');
    const jwk = await exportJWK(publicKey);
    attacker.answer = serveMetadata(attacker.issuer, [{ ...jwk, kid: 'key-1' }]);
    const url = `${attacker.issuer}/jwks`;
    for (const header of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }, { kid: url }]) {
      const token = await new SignJWT(soundClaims())
        .setProtectedHeader({ alg: 'RS256', kid: 'key-1', ...header })
        .sign(privateKey);
      await expectRefused(send(token), NOT_AUTHENTIC);
    }
    expect(attacker.requests).toEqual([]);
    await attacker.close();
  });
});

describe('the keys of the provider', () => {
  let server: ProviderServer;
  let remote: Signer;

  beforeEach(async () => {
    server = await startProviderServer();
    remote = await createSigner(server.issuer);
    server.answer = serveMetadata(server.issuer, [remote.jwk]);
    app = appWith({
      audience: AUDIENCE,
      redis: connect(),
      provider: { issuer: server.issuer, clientId: CLIENT_ID },
    });
    apps.push(app);
  });

  afterEach(() => server.close());

  it('are not asked for where the token can be refused without', async () => {
    const tokens = [
      'opaque',
      await signer.logoutToken(),
      await remote.logoutToken({ iss: `${server.issuer}/` }),
      await remote.logoutToken({ nonce: 'x' }),
      await remote.logoutToken({ events: {} }),
      await remote.logoutToken({ exp: now() - 60 }),
      await remote.logoutToken({}, { typ: 'at+jwt' }),
      await (await createSigner(server.issuer, { alg: 'ES256' })).logoutToken(),
    ];
    for (const token of tokens) await send(token).expect(400);
    expect(server.requests).toEqual([]);
  });

  it('are fetched twice at most for a hundred tokens with unknown keys', async () => {
    const strangers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => remote.logoutToken({}, { kid: `kid-${index}` })),
    );
    const answers = await Promise.all(strangers.map((token) => send(token)));
    for (const answer of answers) expectError(answer, NOT_AUTHENTIC);
    expect(server.requests.filter((path) => path === '/jwks').length).toBeLessThanOrEqual(2);
    expectOk(await send(await remote.logoutToken()));
  });

  it('may be new ones', async () => {
    expectOk(await send(await remote.logoutToken()));
    const next = await createSigner(server.issuer, { kid: 'key-2' });
    server.answer = serveMetadata(server.issuer, [remote.jwk, next.jwk]);
    expectOk(await send(await next.logoutToken({ sid: 'sid-2' })));
  });

  it('that cannot be had give 400, and the next try succeeds', async () => {
    const token = await remote.logoutToken();
    const { answer: available } = server;
    server.answer = (_req, res) => res.writeHead(500).end();
    const answer = await send(token);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'The OpenID Provider is not reachable',
    });
    expectPlain(answer);
    server.answer = available;
    await until(async () => (await send(token)).status === 200);
    expect(await statusOf({ access_token: await remote.accessToken() })).toBe(401);
  });
});

describe('a token of another kind (RFC 8725, section 3.12)', () => {
  const refuse = async (id_token: string) => {
    const before = await redis.dump();
    const access_token = await signer.accessToken({ sid: 'sid-2' });
    const save = app.oidc.sessions.save({ access_token, id_token });
    await expect(save).rejects.toThrow(InvalidIdTokenError);
    expect(await redis.dump()).toEqual(before);
  };

  it.each([{}, { typ: 'JWT' }, { typ: 'logout+jwt' }])(
    'is a Logout Token with the header %j for the guard',
    async (header) => {
      const claims = soundClaims({ aud: [CLIENT_ID, AUDIENCE], scope: 'read' });
      const answer = await call(app, await signer.sign(claims, header));
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: 'invalid_token',
        error_description: 'The token is not an access token',
      });
    },
  );

  it('is an ID Token for the guard', async () => {
    const answer = await call(app, await signer.idToken({ aud: [CLIENT_ID, AUDIENCE] }));
    expect([answer.status, answer.body]).toEqual([
      401,
      { error: 'invalid_token', error_description: 'The token is not an access token' },
    ]);
  });

  it.each([{}, { typ: 'JWT' }, { typ: 'logout+jwt' }])(
    'is a Logout Token with the header %j for sessions.save',
    async (header) => {
      await refuse(await signer.sign(soundClaims(), header));
    },
  );

  it('is an access token for sessions.save', async () => {
    await refuse(await signer.accessToken({ aud: [CLIENT_ID, AUDIENCE] }));
  });

  it('is an ID Token for the back channel', async () => {
    await expectRefused(send(session.id_token), NONCE);
    const id_token = await signer.idToken({ nonce: undefined, jti: 'x' });
    await expectRefused(send(id_token), NO_EVENT);
  });

  it('is an access token for the back channel', async () => {
    const aud = [CLIENT_ID, AUDIENCE];
    await expectRefused(send(await signer.accessToken({ aud })), WRONG_KIND);
    await expectRefused(send(await signer.sign(soundClaims({ aud, events: undefined }))), NO_EVENT);
  });
});

interface EncryptionKey {
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

async function createEncryptionKey(alg: string, kid: string): Promise<EncryptionKey> {
  const { privateKey, publicKey } = await createKeyPair(alg);
  const [publicJwk, privateJwk] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)]);
  return { publicJwk, privateJwk: { ...privateJwk, kid, use: 'enc' } };
}

function encrypt(jwt: string, { publicJwk }: EncryptionKey, header: object): Promise<string> {
  return new CompactEncrypt(Buffer.from(jwt))
    .setProtectedHeader({ enc: 'A128CBC-HS256', cty: 'JWT', ...header } as never)
    .encrypt(publicJwk, { crit: { x: true } });
}

describe('an encrypted Logout Token (section 2.6, step 1)', () => {
  const alg = 'RSA-OAEP-256';
  let key: EncryptionKey;
  let nextKey: EncryptionKey;

  const startWith = (keys: readonly EncryptionKey[], other: object = {}) =>
    start({
      provider: {
        idTokenEncryption: { alg, jwks: { keys: keys.map((each) => each.privateJwk) }, ...other },
      },
    });

  beforeAll(async () => {
    key = await createEncryptionKey(alg, 'enc-1');
    nextKey = await createEncryptionKey(alg, 'enc-2');
  });

  beforeEach(() => {
    app = startWith([key]);
  });

  it.each([
    ['RSA-OAEP-256', 'A128CBC-HS256'],
    ['RSA-OAEP-256', 'A256GCM'],
    ['ECDH-ES', 'A128CBC-HS256'],
    ['ECDH-ES', 'A256GCM'],
    ['ECDH-ES+A128KW', 'A128GCM'],
  ])('by %s and %s is accepted', async (agreed, enc) => {
    const own = await createEncryptionKey(agreed, 'own');
    const at = startWith([own], { alg: agreed, enc });
    await expectEnded(
      send(await encrypt(await signer.logoutToken(), own, { alg: agreed, enc }), at),
      at,
    );
  });

  it.each<[string, object]>([
    ['iss in its header', { iss: 'https://op.example.com' }],
    ['iss, sub and aud in its header', { iss: 'https://op.example.com', sub: 'alice', aud: 'web' }],
    ['the kid of the key', { kid: 'enc-1' }],
    ['a kid that nobody knows', { kid: 'other' }],
    ['no cty', { cty: undefined }],
  ])('with %s is accepted', async (_what, header) => {
    await expectEnded(send(await encrypt(await signer.logoutToken(), key, { alg, ...header })));
  });

  it.each([{}, { kid: 'enc-1' }])(
    'to the old key with %j is accepted beside a new one',
    async (kid) => {
      const both = startWith([nextKey, key]);
      await expectEnded(
        send(await encrypt(await signer.logoutToken(), key, { alg, ...kid }), both),
        both,
      );
    },
  );

  it.each([{}, { kid: 'enc-2' }])(
    'to the new key with %j is accepted beside an old one',
    async (kid) => {
      const both = startWith([key, nextKey]);
      const token = await encrypt(await signer.logoutToken(), nextKey, { alg, ...kid });
      await expectEnded(send(token, both), both);
    },
  );

  it.each<[string, (jwt: string) => string | Promise<string>, string]>([
    ['is not encrypted', (jwt) => jwt, NOT_ENCRYPTED],
    ['is for another key', (jwt) => encrypt(jwt, nextKey, { alg }), NOT_ENCRYPTED],
    ['names another kid', (jwt) => encrypt(jwt, nextKey, { alg, kid: 'enc-1' }), NOT_ENCRYPTED],
    ['has another enc', (jwt) => encrypt(jwt, key, { alg, enc: 'A256GCM' }), NOT_ENCRYPTED],
    ['has another alg', (jwt) => encrypt(jwt, key, { alg: 'RSA-OAEP' }), NOT_ENCRYPTED],
    [
      'was changed on its way',
      async (jwt) => (await encrypt(jwt, key, { alg })).replace(/.{4}$/, 'AAAA'),
      NOT_ENCRYPTED,
    ],
    [
      'is encrypted twice',
      async (jwt) => encrypt(await encrypt(jwt, key, { alg }), key, { alg }),
      MALFORMED,
    ],
    [
      'has no signature inside',
      () => encrypt(new UnsecuredJWT(soundClaims()).encode(), key, { alg }),
      MALFORMED,
    ],
    [
      'has claims and no JWT inside',
      () => encrypt(JSON.stringify(soundClaims()), key, { alg }),
      MALFORMED,
    ],
    [
      "has a stranger's signature inside",
      async () => encrypt(await (await createSigner()).logoutToken(), key, { alg }),
      NOT_AUTHENTIC,
    ],
    [
      'has an unknown iss in its header',
      (jwt) => encrypt(jwt, key, { alg, iss: OTHER_ISSUER }),
      UNKNOWN_ISSUER,
    ],
    [
      'is of another issuer than its header says',
      async () =>
        encrypt(await signer.logoutToken({ iss: OTHER_ISSUER }), key, { alg, iss: signer.issuer }),
      UNKNOWN_ISSUER,
    ],
    [
      'has another sub in its header',
      (jwt) => encrypt(jwt, key, { alg, sub: 'bob' }),
      NOT_ENCRYPTED,
    ],
    ['has another aud in its header', (jwt) => encrypt(jwt, key, { alg, aud: 'x' }), NOT_ENCRYPTED],
    ['has an unknown crit', (jwt) => encrypt(jwt, key, { alg, crit: ['x'], x: 1 }), NOT_ENCRYPTED],
    [
      'has a nonce inside',
      async () => encrypt(await signer.logoutToken({ nonce: null }), key, { alg }),
      NONCE,
    ],
  ])('that %s is refused', async (_what, make, description) => {
    await expectRefused(send(await make(await signer.logoutToken())), description);
  });

  it.each([
    [{ iss: 'https://op.example.com' }, MALFORMED],
    [{}, UNKNOWN_ISSUER],
  ])('with the header %j is refused where none was agreed', async (header, description) => {
    const plain = start();
    const token = await encrypt(await signer.logoutToken(), key, { alg, ...header });
    await expectRefused(send(token, plain), description, plain);
  });

  it('has its like in an ID Token, of which the logout sends what is inside', async () => {
    const inner = await signer.idToken({ sid: 'sid-2' });
    const id_token = await encrypt(inner, key, { alg });
    const access_token = await signer.accessToken({ sid: 'sid-2' });
    await app.oidc.sessions.save({ access_token, id_token });
    const answer = await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    const redirect = redirectOf(answer);
    expect(new URL(redirect).searchParams.get('id_token_hint')).toBe(inner);
    expect(inner.split('.')).toHaveLength(3);
  });

  it('ends a login whose ID Token was encrypted', async () => {
    const claims = { sid: 'sid-2' };
    const id_token = await encrypt(await signer.idToken(claims), key, { alg });
    const access_token = await signer.accessToken(claims);
    await app.oidc.sessions.save({ access_token, id_token });
    expectOk(await send(await encrypt(await signer.logoutToken(claims), key, { alg })));
    expect([await statusOf({ access_token }), await statusOf(session)]).toEqual([401, 200]);
  });
});

describe('what a Logout Token ends (section 2.7)', () => {
  it('is the session of its sid, and no other of the user', async () => {
    const phone = await login({ sid: 'phone' });
    const bob = await login({ sub: 'bob', sid: 'sid-bob' });
    const heard = heardBy(app);
    expectOk(await send(await signer.logoutToken()));
    const living = [await statusOf(session), await statusOf(phone), await statusOf(bob)];
    expect(living).toEqual([401, 200, 200]);
    const owner = { issuer: signer.issuer, subject: 'alice', sid: 'sid-1' };
    expect(heard).toEqual([{ ...owner, ...BY_BACK_CHANNEL }]);
  });

  it('is kept until every token of the session is gone', async () => {
    expectOk(await send(await signer.logoutToken({ exp: now() + 600 })));
    const client = connect();
    const ttls = async (prefix: string) => {
      const found = Object.keys(await redis.dump()).filter((key) => key.startsWith(prefix));
      return Promise.all(found.map((key) => client.ttl(key)));
    };
    expect((await ttls('oidc1:x')).map((ttl) => Math.round(ttl / 3600))).toEqual([336]);
  });

  it('is what a refresh in flight would bring as well', async () => {
    expectOk(await send(await signer.logoutToken()));
    const access_token = await signer.accessToken();
    await expect(app.oidc.sessions.rotate(session, { access_token })).rejects.toThrow(
      SessionEndedError,
    );
    expect(await statusOf({ access_token })).toBe(401);
  });

  it('is a session that was never saved, too', async () => {
    const heard = heardBy(app);
    const access_token = await signer.accessToken({ sid: 'unsaved' });
    expectOk(await send(await signer.logoutToken({ sid: 'unsaved', sub: undefined })));
    expect([await statusOf({ access_token }), await statusOf(session)]).toEqual([401, 200]);
    expect(heard).toEqual([
      { issuer: signer.issuer, subject: undefined, sid: 'unsaved', ...BY_BACK_CHANNEL },
    ]);
  });

  it.each<[string, Claims]>([
    ['sid', { sid: 'unknown', sub: undefined }],
    ['sid and sub', { sid: 'unknown', sub: 'unknown' }],
    ['sub', { sid: undefined, sub: 'unknown' }],
    ['sid in other letters', { sid: 'SID-1' }],
    ['sub in other letters', { sid: undefined, sub: 'Alice' }],
  ])('is nothing when nobody knows the %s: 200', async (_what, claims) => {
    expectOk(await send(await signer.logoutToken(claims)));
    expect(await statusOf(session)).toBe(200);
  });

  it('has ended already after a logout by the user: 200, and no news', async () => {
    const heard = heardBy(app);
    const { access_token } = session;
    await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    expectOk(await send(await signer.logoutToken()));
    expect(heard.map(({ cause }) => cause)).toEqual(['logout']);
  });

  it('is nothing when its sid is that of another user', async () => {
    await expectRefused(send(await signer.logoutToken({ sub: 'bob' })), ANOTHER_SUBJECT);
    await expectEnded(send(await signer.logoutToken()));
  });

  it('may have any sid', async () => {
    const sid = 'a b&c#d%e"f\'g\\h/../{*}\u00e9';
    const odd = await login({ sid });
    expectOk(await send(await signer.logoutToken({ sid })));
    expect([await statusOf(odd), await statusOf(session)]).toEqual([401, 200]);
  });

  it('is the session of its sid though it was issued before the login, within clockTolerance', async () => {
    await expectEnded(send(await signer.logoutToken({ iat: now() - 3 })));
  });

  it('is no login that came later, beyond clockTolerance', async () => {
    const heard = heardBy(app);
    expectOk(await send(await signer.logoutToken({ iat: now() - 60 })));
    expect([await statusOf(session), heard]).toEqual([200, []]);
  });

  it('is no login of the second after, when the token comes again within clockTolerance', async () => {
    const token = await signer.logoutToken();
    expectOk(await send(token));
    setTime(Date.now() + 1000);
    const later = await login();
    expectOk(await send(token));
    expect([await statusOf(session), await statusOf(later)]).toEqual([401, 200]);
  });

  it('is a login with an opaque access token, too', async () => {
    const tokens = { access_token: 'opaque', id_token: await signer.idToken({ sid: 'sid-2' }) };
    await app.oidc.sessions.save(tokens);
    expect(await statusOf(tokens)).toBe(200);
    expectOk(await send(await signer.logoutToken({ sid: 'sid-2' })));
    expect([await statusOf(tokens), await statusOf(session)]).toEqual([401, 200]);
  });

  it('is 50 sessions by 50 tokens at once', async () => {
    const sids = Array.from({ length: 50 }, (_, index) => `sid-many-${index}`);
    const logins = await Promise.all(sids.map((sid) => login({ sid })));
    const answers = await Promise.all(
      sids.map(async (sid) => send(await signer.logoutToken({ sid }))),
    );
    answers.forEach(expectOk);
    const living = await Promise.all(logins.map((tokens) => statusOf(tokens)));
    expect(new Set(living)).toEqual(new Set([401]));
    expect(await statusOf(session)).toBe(200);
  });
});

describe('a Logout Token with sub only', () => {
  const ofSubject = (claims: Claims = {}) => signer.logoutToken({ sid: undefined, ...claims });

  it('ends every session of the user, and tells of each', async () => {
    const phone = await login({ sid: 'phone' });
    const withoutSid = await login({ sid: undefined });
    const bob = await login({ sub: 'bob', sid: 'sid-bob' });
    const heard = heardBy(app);
    expectOk(await send(await ofSubject()));
    for (const tokens of [session, phone, withoutSid]) expect(await statusOf(tokens)).toBe(401);
    expect(await statusOf(bob)).toBe(200);
    const event = { issuer: signer.issuer, subject: 'alice', ...BY_BACK_CHANNEL };
    expect(heard).toHaveLength(3);
    expect(heard).toEqual(
      expect.arrayContaining(['sid-1', 'phone', undefined].map((sid) => ({ ...event, sid }))),
    );
  });

  it('puts the user and each session on the list', async () => {
    expectOk(await send(await ofSubject()));
    expect(await kindsInStore()).toEqual(['l', 't', 'u', 'x']);
    const told = { issuer: signer.issuer, subject: 'alice', sid: undefined };
    expect(app.events).toEqual([
      ['invalidated', { kind: 'subject', ...told }],
      ['invalidated', { kind: 'session', ...told, sid: 'sid-1' }],
    ]);
  });

  it('tells nothing more where it comes again', async () => {
    const token = await ofSubject();
    expectOk(await send(token));
    app.events.length = 0;
    expectOk(await send(token));
    expect(app.events).toEqual([]);
  });

  it('tells of the user where no session was saved', async () => {
    const heard = heardBy(app);
    expectOk(await send(await ofSubject({ sub: 'bob' })));
    expect(heard).toEqual([
      { issuer: signer.issuer, subject: 'bob', sid: undefined, ...BY_BACK_CHANNEL },
    ]);
  });

  it('that comes late spares logins after it', async () => {
    const heard = heardBy(app);
    const late = await ofSubject({ iat: now() - 60 });
    const old = await login({ sid: 'old', iat: now() - 120 });
    expectOk(await send(late));
    const after = await login({ sid: 'after' });
    expect([await statusOf(old), await statusOf(session), await statusOf(after)]).toEqual([
      401, 200, 200,
    ]);
    expect(heard.map(({ sid }) => sid)).toEqual(['old']);
  });

  it('that comes late spares a later login with the sid of an earlier one', async () => {
    await login({ sid: 'same', iat: now() - 120 });
    const later = { ...(await login({ sid: 'same' })), refresh_token: 'refresh-later' };
    await app.oidc.sessions.save(later);
    expectOk(await send(await ofSubject({ iat: now() - 60 })));
    expect(await statusOf(later)).toBe(200);
    const access_token = await signer.accessToken({ sid: 'same' });
    await app.oidc.sessions.rotate(later, { access_token });
    expect(await statusOf({ access_token })).toBe(200);
  });

  it.each<[string, () => Claims, number]>([
    ['issued before it', () => ({ iat: now() - 120 }), 401],
    ['issued after it', () => ({ iat: now() }), 200],
    ['of an earlier login, though issued after it', () => ({ auth_time: now() - 120 }), 401],
    ['of a later login', () => ({ auth_time: now() }), 200],
    ['that says neither', () => ({ iat: undefined }), 401],
  ])('answers for a token that was not saved, %s, by its times', async (_what, claims, status) => {
    const access_token = await signer.accessToken({ sid: undefined, ...claims() });
    expectOk(await send(await ofSubject({ iat: now() - 60 })));
    expect(await statusOf({ access_token })).toBe(status);
  });

  it('ends more sessions than fit into one call of the store', async () => {
    const logins = await Promise.all(
      Array.from({ length: 100 }, (_, index) => login({ sid: `sid-many-${index}` })),
    );
    expectOk(await send(await ofSubject()));
    for (const tokens of [logins[0], logins[50], logins[99]]) {
      expect(tokens && (await statusOf(tokens))).toBe(401);
    }
    const ended = app.events.filter(([name]) => name === 'invalidated');
    expect(ended).toHaveLength(1 + 100 + 1);
  });
});

describe('a Logout Token that is delivered again', () => {
  it('is answered 200 and does nothing', async () => {
    const heard = heardBy(app);
    const token = await signer.logoutToken();
    expectOk(await send(token));
    const before = await redis.dump();
    expectOk(await send(token));
    expect(await redis.dump()).toEqual(before);
    expect([namesOf(app), heard.length]).toEqual([['invalidated'], 1]);
  });

  it('at the same time is answered 200 and does nothing', async () => {
    const heard = heardBy(app);
    const token = await signer.logoutToken();
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(token)));
    answers.forEach(expectOk);
    expect([namesOf(app), heard.length]).toEqual([['invalidated'], 1]);
    expect(await statusOf(session)).toBe(401);
  });

  it('to another process is answered 200 and does nothing', async () => {
    const elsewhere = start();
    const token = await signer.logoutToken();
    expectOk(await send(token));
    expectOk(await send(token, elsewhere));
    expect([namesOf(app), namesOf(elsewhere)]).toEqual([['invalidated'], []]);
    expect(await statusOf(session, elsewhere)).toBe(401);
  });

  /** Ends other sessions in each process until every one has heard of an end in each. */
  async function hearEachOther(...processes: [App, SessionEndedEvent[]][]): Promise<void> {
    const round = ++serial;
    const markers = processes.map((_, index) => `${round}-${index}-`);
    const isHeard = ([, heard]: [App, SessionEndedEvent[]]) =>
      markers.every((marker) => heard.some(({ sid }) => sid?.startsWith(marker)));
    while (!processes.every(isHeard)) {
      const ends = processes.map(([{ oidc }], index) =>
        oidc.sessions.end({ issuer: signer.issuer, sid: `${markers[index]}${++serial}` }),
      );
      await Promise.all(ends);
    }
  }

  it('to two processes at the same time ends the session, and one of them tells of it', async () => {
    const elsewhere = start();
    const processes = [app, elsewhere].map((each): [App, SessionEndedEvent[]] => [
      each,
      heardBy(each),
    ]);
    await hearEachOther(...processes);
    const token = await signer.logoutToken();
    const answers = await Promise.all([send(token), send(token, elsewhere)]);
    answers.forEach(expectOk);
    expect([await statusOf(session), await statusOf(session, elsewhere)]).toEqual([401, 401]);
    await hearEachOther(...processes);
    for (const [, heard] of processes) {
      expect(heard.filter(({ cause }) => cause === 'back-channel')).toHaveLength(1);
    }
  });

  it('spares a login that came in between', async () => {
    const token = await signer.logoutToken();
    expectOk(await send(token));
    setTime(Date.now() + 1000);
    const later = await login();
    expect(await statusOf(later)).toBe(200);
    expectOk(await send(token));
    expect(await statusOf(later)).toBe(200);
  });

  it('in another spelling is the same', async () => {
    const token = await signer.logoutToken();
    expectOk(await send(token));
    setTime(Date.now() + 1000);
    const later = await login();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.slice(-1));
    expectOk(await send(token.slice(0, -1) + (alphabet[last ^ 1] ?? '')));
    expect(await statusOf(later)).toBe(200);
  });

  it('with another jti is another one', async () => {
    expectOk(await send(await signer.logoutToken()));
    setTime(Date.now() + 1000);
    const later = await login();
    expectOk(await send(await signer.logoutToken()));
    expect(await statusOf(later)).toBe(401);
  });

  it('after it was refused is not a repeat', async () => {
    const jti = 'once';
    expectError(await send(await signer.logoutToken({ jti, nonce: 'x' })), NONCE);
    expectError(await send(await signer.logoutToken({ jti, sub: 'bob' })), ANOTHER_SUBJECT);
    await expectEnded(send(await signer.logoutToken({ jti })));
  });
});

describe('a Redis that', () => {
  function expectUnavailable(answer: request.Response): void {
    expect(answer.status).toBe(400);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'The invalidation list is not reachable',
    });
    expectPlain(answer);
  }

  async function untilReachable(): Promise<void> {
    const access_token = await signer.accessToken({ sid: 'other' });
    await until(async () => (await statusOf({ access_token })) !== 503);
  }

  /** The delivery that follows a failed one. */
  async function expectSecondTry(token: string, heard: readonly object[]): Promise<void> {
    expectOk(await send(token));
    expect(await statusOf(session)).toBe(401);
    expectOk(await send(token));
    expect(heard).toHaveLength(1);
  }

  it('was killed: 400, and the next try succeeds', async () => {
    const heard = heardBy(app);
    const token = await signer.logoutToken();
    await redis.kill();
    const answer = await send(token);
    await redis.restart();
    expectUnavailable(answer);
    await untilReachable();
    await expectSecondTry(token, heard);
  });

  it('is stopped: 400, and the next try succeeds', async () => {
    const heard = heardBy(app);
    const token = await signer.logoutToken();
    redis.pause();
    const answer = await send(token);
    redis.resume();
    expectUnavailable(answer);
    await untilReachable();
    await expectSecondTry(token, heard);
  });

  it.each<[string, Claims]>([
    ['sid', {}],
    ['sub', { sid: undefined }],
  ])(
    'is killed while tokens with %s are on their way: no 200 for nothing',
    async (_what, claims) => {
      const sids = Array.from({ length: 20 }, (_, index) => `sid-${index}`);
      const tokens = await Promise.all(
        sids.map((sid) => signer.logoutToken({ sid, sub: sid, ...claims })),
      );
      redis.pause();
      const deliveries = tokens.map((token) => send(token).then((answer) => answer));
      await redis.kill();
      const answers = await Promise.all(deliveries);
      await redis.restart();
      answers.forEach(expectUnavailable);
      await untilReachable();
      for (const token of tokens) expectOk(await send(token));
    },
  );

  it('refuses the list: 400, and the next try succeeds', async () => {
    const heard = heardBy(app);
    const token = await signer.logoutToken();
    const admin = connect();
    await admin.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha');
    const answer = await send(token);
    await admin.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha');
    expectUnavailable(answer);
    expect([await statusOf(session), heard]).toEqual([200, []]);
    await expectSecondTry(token, heard);
  });

  it('is not asked for a token that is refused', async () => {
    const client = connect();
    const alone = start({ redis: client });
    client.disconnect();
    expectError(await send('opaque', alone), UNKNOWN_ISSUER);
    expectError(await send(await signer.logoutToken({ nonce: 'x' }), alone), NONCE);
    expectError(await send(await (await createSigner()).logoutToken(), alone), NOT_AUTHENTIC);
    expect(alone.events).toEqual([]);
  });
});

describe('two providers', () => {
  let other: Signer;
  let there: Tokens;

  beforeEach(async () => {
    other = await createSigner(OTHER_ISSUER);
    const entries = [optionsFor(signer).provider, optionsFor(other).provider].flat();
    app = appWith({ ...optionsFor(signer), provider: entries, redis: connect() });
    apps.push(app);
    there = await login({}, app, other);
  });

  it.each<[string, Claims]>([
    ['sid', { sub: undefined }],
    ['sub', { sid: undefined }],
    ['sid and sub', {}],
  ])('with the same names do not end sessions of each other by %s', async (_what, claims) => {
    const jti = 'same';
    expectOk(await send(await other.logoutToken({ jti, ...claims })));
    expect([await statusOf(session), await statusOf(there)]).toEqual([200, 401]);
    expectOk(await send(await signer.logoutToken({ jti, ...claims })));
    expect([await statusOf(session), await statusOf(there)]).toEqual([401, 401]);
  });

  it('with the same kid do not sign for each other', async () => {
    const forged = await other.logoutToken({ iss: signer.issuer });
    await expectRefused(send(forged), NOT_AUTHENTIC);
    expect(await statusOf(there)).toBe(200);
  });

  it('are told apart by the iss in the header of what they encrypt', async () => {
    const alg = 'RSA-OAEP-256';
    const key = await createEncryptionKey(alg, 'enc');
    const idTokenEncryption = { alg, jwks: { keys: [key.privateJwk] } };
    const entries = [signer, other].flatMap(
      (each) => optionsFor(each, { provider: { idTokenEncryption } }).provider,
    );
    app = appWith({ ...optionsFor(signer), provider: entries, redis: connect() });
    apps.push(app);
    const token = await other.logoutToken();
    await expectRefused(send(await encrypt(token, key, { alg })), UNKNOWN_ISSUER);
    const wrong = await encrypt(token, key, { alg, iss: signer.issuer });
    await expectRefused(send(wrong), UNKNOWN_ISSUER);
    expectOk(await send(await encrypt(token, key, { alg, iss: OTHER_ISSUER })));
    expect([await statusOf(session), await statusOf(there)]).toEqual([200, 401]);
  });
});
