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
import fc from 'fast-check';
import { exportJWK } from 'jose';
import request from 'supertest';
import {
  InvalidIdTokenError,
  type InvalidIdTokenCause,
  type InvalidLogoutTokenCause,
  InvalidTokenError,
  type OidcLogoutOptions,
  type ProviderOptions,
  type TokenRefusal,
} from '../lib/index.ts';
import { INVALID_TOKEN } from '../lib/refusals/access-token.ts';
import { INVALID_LOGOUT_TOKEN } from '../lib/refusals/logout-token.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  deliver,
  logOut,
  optionsFor,
} from './support/app.ts';
import { setTime } from './support/clock.ts';
import { createKeyPair } from './support/key-pair.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  type Signer,
  startProviderServer,
} from './support/provider.ts';

const NOW = 1_800_000_000;
const OTHER_ISSUER = 'https://other.example.com';
const KEY = { alg: 'ES256', kid: 'key-1' };

type Options = Omit<Partial<OidcLogoutOptions>, 'provider'>;

/** With the names of the events. */
type Told = [name: string, event: object][];

let server: ProviderServer;
let signer: Signer;
let stranger: Signer;
let rsaSigner: Signer;
let encryption: { alg: string; jwks: { keys: object[] } };
let issuer: string;
let apps: App[];

beforeAll(async () => {
  server = await startProviderServer();
  ({ issuer } = server);
  [signer, stranger, rsaSigner] = await Promise.all([
    createSigner(issuer, KEY),
    createSigner(issuer, KEY),
    createSigner(issuer),
  ]);
  const { privateKey } = await createKeyPair('RSA-OAEP-256');
  encryption = { alg: 'RSA-OAEP-256', jwks: { keys: [await exportJWK(privateKey)] } };
});

afterAll(() => server.close());

beforeEach(() => {
  apps = [];
  setTime(NOW * 1000);
});

afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(apps.map(({ oidc }) => oidc.close()));
});

function start(options: Options = {}, provider: Partial<ProviderOptions> = {}) {
  const entry = {
    algorithms: ['ES256'],
    logoutTokenAlgorithms: ['ES256'],
    clientSecret: 'secret',
    metadata: {
      end_session_endpoint: `${issuer}/logout`,
      introspection_endpoint: `${issuer}/introspect`,
    },
    ...provider,
  };
  const app = appWith(optionsFor(signer, { ...options, provider: entry as never }));
  apps.push(app);
  const told: Told = [];
  for (const name of ['token-refused', 'logout-token-refused', 'logout-token-unmatched'] as const) {
    app.oidc.on(name, (event) => told.push([name, event]));
  }
  return { ...app, told };
}

function introspecting(claims: Claims, introspection: 'opaque' | 'always' = 'opaque') {
  server.answer = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ client_id: CLIENT_ID, iss: issuer, exp: NOW + 600, ...claims }));
  };
  return start({}, { introspection });
}

async function save(app: App, tokens: Claims = {}, by: Claims = {}): Promise<string> {
  const access_token = await signer.accessToken(by);
  const id_token = await signer.idToken(by);
  await app.oidc.sessions.save({ access_token, id_token, ...tokens });
  return access_token;
}

const ofAccessToken = (claims: Claims = {}, header = {}) =>
  signer.sign({ aud: AUDIENCE, sub: 'alice', ...claims }, { typ: 'at+jwt', ...header });

/** Sends the token to the guard. */
function guarding(token: string | Promise<string>, app = start()) {
  return async () => ({ answer: await call(app, await token), told: app.told });
}

type Refused = () => Promise<{ answer: request.Response; told: Told }>;

/** What refuses a request, and the event; the issuer is told unless it is given as absent. */
type Case = [make: () => Refused | Promise<Refused>, event: object, status?: number];

const UNKNOWN = { issuer: undefined };

const ACCESS_TOKENS: Record<Exclude<TokenRefusal, 'of-another-session'>, Case> = {
  malformed: [
    async () => guarding((await ofAccessToken()).replace(/\.[^.]+$/, '')),
    { ...UNKNOWN },
  ],
  'opaque-unknown': [() => guarding('opaque-1'), { ...UNKNOWN }],
  'opaque-inactive': [() => guarding('opaque-1', introspecting({ active: false })), {}],
  'unknown-issuer': [
    () => guarding(ofAccessToken({ iss: OTHER_ISSUER })),
    { claim: 'iss', expected: () => issuer, found: OTHER_ISSUER, ...UNKNOWN },
  ],
  'other-issuer': [
    () => {
      const claims = { active: true, aud: AUDIENCE, iss: OTHER_ISSUER };
      return guarding('opaque-1', introspecting(claims));
    },
    { claim: 'iss', expected: () => issuer, found: OTHER_ISSUER },
  ],
  'wrong-audience': [
    () => guarding(ofAccessToken({ aud: ['account', 'other'] })),
    { claim: 'aud', expected: AUDIENCE, found: 'account, other' },
  ],
  'other-client': [
    () => {
      const claims = { active: true, token_type: 'Bearer', client_id: 'mobile' };
      return guarding('opaque-1', introspecting(claims));
    },
    { claim: 'client_id', expected: CLIENT_ID, found: 'mobile' },
  ],
  'not-yet-valid': [
    () => guarding(ofAccessToken({ nbf: NOW + 600 })),
    { claim: 'nbf', expected: 'in 5 s at most', found: 'in 600 s' },
  ],
  expired: [
    () => guarding(ofAccessToken({ exp: NOW - 60 })),
    { claim: 'exp', expected: '5 s ago at most', found: '60 s ago' },
  ],
  'lives-too-long': [
    () => guarding(ofAccessToken({ exp: NOW + 604_800 })),
    { claim: 'exp', expected: '86400 s at most', found: '604800 s' },
  ],
  'unknown-key': [
    () => guarding(ofAccessToken({}, { kid: 'other' })),
    { claim: 'kid', found: 'other' },
  ],
  'wrong-signature': [() => guarding(stranger.accessToken()), { claim: 'kid', found: 'key-1' }],
  'algorithm-not-allowed': [
    () => guarding(rsaSigner.accessToken()),
    { claim: 'alg', expected: 'ES256', found: 'RS256' },
  ],
  'unsupported-header': [
    () => guarding(ofAccessToken({}, { crit: ['x'], x: 1 })),
    { claim: 'crit' },
  ],
  'wrong-type': [
    () => guarding(ofAccessToken({}, { typ: 'dpop+jwt' })),
    { claim: 'typ', expected: 'at+jwt, JWT', found: 'dpop+jwt' },
  ],
  'logout-token': [() => guarding(signer.logoutToken({ aud: AUDIENCE })), { claim: 'events' }],
  'refresh-token': [
    async () => {
      const app = start();
      await save(app, { refresh_token: 'refresh-1' });
      return guarding('refresh-1', app);
    },
    { ...UNKNOWN },
  ],
  'like-id-token': [() => guarding(signer.idToken({ aud: [CLIENT_ID, AUDIENCE] })), {}],
  'claim-missing': [() => guarding(ofAccessToken({ exp: undefined })), { claim: 'exp' }],
  'claim-malformed': [() => guarding(ofAccessToken({ sub: ['alice'] })), { claim: 'sub' }],
  'subject-missing': [() => guarding(ofAccessToken({ sub: undefined })), {}],
  'sender-constrained': [() => guarding(ofAccessToken({ cnf: { jkt: 'x' } })), {}],
  inactive: [() => guarding(ofAccessToken(), introspecting({ active: false }, 'always')), {}],
  'introspection-unclear': [
    () => guarding('opaque-1', introspecting({ active: true, sub: 'alice' })),
    { claim: 'aud', expected: 'an API, or token_type' },
  ],
  'token-invalidated': [
    async () => {
      const [app, access_token] = [start(), await ofAccessToken()];
      await logOut(app, { access_token }).expect(200);
      return guarding(access_token, app);
    },
    {},
  ],
  'session-ended': [
    async () => {
      const app = start();
      const token = await save(app);
      await app.oidc.sessions.end({ issuer, sid: 'sid-1' });
      return guarding(token, app);
    },
    {},
  ],
  'subject-ended': [
    async () => {
      const app = start();
      await app.oidc.sessions.end({ issuer, sub: 'alice' });
      return guarding(ofAccessToken(), app);
    },
    {},
  ],
  'memory-lost': [
    () => guarding(ofAccessToken({ auth_time: 1000 }), start({ onStoreLoss: 'refuse' })),
    {},
  ],
  'insufficient-scope': [
    async () => {
      const [app, token] = [start(), await ofAccessToken({ scope: 'read openid' })];
      const write = request(app.app).get('/api/write').set('Authorization', `Bearer ${token}`);
      return async () => ({ answer: await write, told: app.told });
    },
    { claim: 'scope', expected: 'write', found: 'read, openid' },
    403,
  ],
  'refresh-token-of-another-session': [
    async () => {
      const app = start();
      const access_token = await save(app);
      await save(app, { refresh_token: 'refresh-2' }, { sid: 'sid-2' });
      const refused = logOut(app, { access_token, refresh_token: 'refresh-2' });
      return async () => ({ answer: await refused, told: app.told });
    },
    { endpoint: 'logout', ...UNKNOWN },
    400,
  ],
};

/** Sends the Logout Token. */
function receiving(token: string | Promise<string>, app = start()): Refused {
  return async () => ({ answer: await deliver(app, await token), told: app.told });
}

const LOGOUT_TOKENS: Record<InvalidLogoutTokenCause, Case> = {
  malformed: [async () => receiving(`${await signer.logoutToken()}=`), {}],
  unreadable: [() => receiving('no token'), { ...UNKNOWN }],
  'unknown-issuer': [
    () => receiving(signer.logoutToken({ iss: OTHER_ISSUER })),
    { claim: 'iss', expected: () => issuer, found: OTHER_ISSUER, ...UNKNOWN },
  ],
  'wrong-type': [
    () => receiving(signer.logoutToken({}, { typ: 'at+jwt' })),
    { claim: 'typ', expected: 'logout+jwt, JWT', found: 'at+jwt' },
  ],
  'not-encrypted-as-agreed': [
    () => receiving(signer.logoutToken(), start({}, { idTokenEncryption: encryption })),
    { claim: 'alg', expected: 'RSA-OAEP-256', found: 'ES256' },
  ],
  'wrong-audience': [
    () => receiving(signer.logoutToken({ aud: 'mobile' })),
    { claim: 'aud', expected: CLIENT_ID, found: 'mobile' },
  ],
  'further-audiences': [
    () => receiving(signer.logoutToken({ aud: [CLIENT_ID, 'mobile'] }), start({ strict: true })),
    { claim: 'aud', expected: CLIENT_ID, found: 'web, mobile' },
  ],
  'not-yet-valid': [
    () => receiving(signer.logoutToken({ nbf: NOW + 60 })),
    { claim: 'nbf', expected: 'in 5 s at most', found: 'in 60 s' },
  ],
  'issued-in-future': [
    () => receiving(signer.logoutToken({ iat: NOW + 60 })),
    { claim: 'iat', expected: 'in 5 s at most', found: 'in 60 s' },
  ],
  expired: [
    () => receiving(signer.logoutToken({ exp: undefined, iat: NOW - 400 })),
    { claim: 'iat', expected: '305 s ago at most', found: '400 s ago' },
  ],
  'unknown-key': [
    () => receiving(signer.logoutToken({}, { kid: 'other' })),
    { claim: 'kid', found: 'other' },
  ],
  'wrong-signature': [() => receiving(stranger.logoutToken()), { claim: 'kid', found: 'key-1' }],
  'algorithm-not-allowed': [
    () => receiving(rsaSigner.logoutToken()),
    { claim: 'alg', expected: 'ES256', found: 'RS256' },
  ],
  'unsupported-header': [
    () => receiving(signer.logoutToken({}, { crit: ['x'], x: 1 })),
    { claim: 'crit' },
  ],
  nonce: [() => receiving(signer.logoutToken({ nonce: 'n' })), { claim: 'nonce' }],
  'event-missing': [() => receiving(signer.logoutToken({ events: {} })), { claim: 'events' }],
  'claim-missing': [() => receiving(signer.logoutToken({ jti: undefined })), { claim: 'jti' }],
  'claim-malformed': [() => receiving(signer.logoutToken({ sid: 7 })), { claim: 'sid' }],
  'session-missing': [() => receiving(signer.logoutToken({ sub: undefined, sid: undefined })), {}],
  'another-subject': [
    async () => {
      const app = start();
      await save(app);
      return receiving(signer.logoutToken({ sub: 'bob' }), app);
    },
    { claim: 'sub' },
  ],
};

/** The event with the issuer, and with what is known only when the server runs. */
function eventOf(event: object): object {
  const members = Object.entries({ issuer, ...event }).map(([name, value]) => [
    name,
    typeof value === 'function' ? (value as () => string)() : value,
  ]);
  return Object.fromEntries(members) as object;
}

describe('a request is refused for its access token, and one event tells', () => {
  it.each(Object.entries(ACCESS_TOKENS))('%s', async (reason, [make, event, status = 401]) => {
    const { answer, told } = await (await make())();
    expect(answer.status).toBe(status);
    expect(told).toEqual([
      ['token-refused', { reason, ...eventOf({ endpoint: 'guard', ...event }) }],
    ]);
    if (status !== 401) return;
    const description = INVALID_TOKEN[reason as keyof typeof INVALID_TOKEN];
    expect(answer.body).toEqual({ error: 'invalid_token', error_description: description });
  });

  it('for every reason there is, but for the one of sessions', () => {
    const ofRequests = ['insufficient-scope', 'refresh-token-of-another-session'];
    const all = [...Object.keys(INVALID_TOKEN), ...ofRequests];
    expect([...Object.keys(ACCESS_TOKENS), 'of-another-session'].sort()).toEqual(all.sort());
  });

  it.each<[string, string, () => Promise<string>, object]>([
    [
      'of another issuer',
      'unknown-issuer',
      () => ofAccessToken({ iss: OTHER_ISSUER }),
      { claim: 'iss', expected: () => issuer, found: OTHER_ISSUER, ...UNKNOWN },
    ],
    [
      'of the day before yesterday',
      'expired',
      () => ofAccessToken({ exp: NOW - 90_000 }),
      { claim: 'exp', expected: '86400 s ago at most', found: '90000 s ago' },
    ],
    ['like an ID Token', 'like-id-token', () => signer.idToken({ aud: [CLIENT_ID, AUDIENCE] }), {}],
  ])('at a logout with one %s', async (_what, reason, make, event) => {
    const app = start();
    await logOut(app, { access_token: await make() }).expect(401);
    const expected = { reason, ...eventOf({ endpoint: 'logout', ...event }) };
    expect(app.told).toEqual([['token-refused', expected]]);
  });

  it('each time, also where the token was verified before', async () => {
    const app = start();
    const token = await ofAccessToken({ exp: NOW + 30 });
    await call(app, token).expect(200);
    setTime((NOW + 60) * 1000);
    await call(app, token).expect(401);
    await call(app, token).expect(401);
    const event = { reason: 'expired', found: '30 s ago' };
    expect(app.told).toMatchObject([
      ['token-refused', event],
      ['token-refused', event],
    ]);
  });

  it.each<[string, Claims, object]>([
    [
      'the typ of Keycloak',
      { typ: 'Refresh' },
      { claim: 'typ', expected: 'Bearer', found: 'Refresh' },
    ],
    ['the token_use of Cognito', { token_use: 'id' }, { claim: 'token_use', found: 'id' }],
    ['tokenName', { tokenName: 'id_token' }, { claim: 'tokenName', found: 'id_token' }],
    ['purpose', { purpose: 'id' }, { claim: 'purpose', found: 'id' }],
  ])('with the claim that tells the kind: %s', async (_what, claims, event) => {
    const app = start();
    await call(app, await ofAccessToken(claims, { typ: undefined })).expect(401);
    expect(app.told).toMatchObject([['token-refused', { reason: 'wrong-type', ...event }]]);
  });

  it('never without a refusal', async () => {
    const app = start();
    const token = await save(app);
    await call(app, token).expect(200);
    await request(app.app).get('/api').expect(401);
    await request(app.app).get('/api').set('Authorization', 'Bearer a b').expect(400);
    await logOut(app, {}).expect(400);
    await logOut(app, { access_token: token }).expect(200);
    await logOut(app, { access_token: token }).expect(200);
    expect(app.told).toEqual([]);
  });

  it('never for an outage', async () => {
    const app = introspecting({ active: true });
    server.answer = (_req, res) => res.writeHead(500).end();
    await call(app, 'opaque-1').expect(503);
    expect(app.told).toEqual([]);
  });
});

describe('a Logout Token is refused, and one event tells', () => {
  it.each(Object.entries(LOGOUT_TOKENS))('%s', async (reason, [make, event]) => {
    const { answer, told } = await (await make())();
    expect(answer.status).toBe(400);
    const description = INVALID_LOGOUT_TOKEN[reason as InvalidLogoutTokenCause];
    expect(answer.body).toEqual({ error: 'invalid_request', error_description: description });
    const expected = { reason, ...eventOf({ endpoint: 'back-channel-logout', ...event }) };
    expect(told).toEqual([['logout-token-refused', expected]]);
  });

  it('for every reason there is', () => {
    expect(Object.keys(LOGOUT_TOKENS).sort()).toEqual(Object.keys(INVALID_LOGOUT_TOKEN).sort());
  });

  it.each<[string, string]>([
    ['no token', ''],
    ['no form', 'x'],
  ])('never for a request with %s', async (_what, text) => {
    const app = start();
    await request(app.app).post(BACK_CHANNEL_LOGOUT).type('text').send(text).expect(400);
    expect(app.told).toEqual([]);
  });
});

describe('a Logout Token that is accepted', () => {
  it.each<[string, Claims, object]>([
    ['sid', { sub: undefined }, { subject: undefined, sid: 'sid-1' }],
    ['sub', { sid: undefined }, { subject: 'alice', sid: undefined }],
    ['both', {}, { subject: 'alice', sid: 'sid-1' }],
  ])('and meets no saved login by %s is told once', async (_what, claims, event) => {
    const app = start();
    const token = await signer.logoutToken(claims);
    await deliver(app, token).expect(200, '');
    await deliver(app, token).expect(200, '');
    expect(app.told).toEqual([['logout-token-unmatched', { issuer, ...event }]]);
  });

  it.each<[string, Claims, Claims]>([
    ['sid', { sub: undefined }, {}],
    ['sub', { sid: undefined }, {}],
    ['sid of a login without one', {}, { sid: undefined }],
  ])('and ends a login by %s is told neither then nor later', async (_what, claims, login) => {
    const app = start();
    await save(app, {}, login);
    const token = await signer.logoutToken(claims);
    await deliver(app, token).expect(200, '');
    await deliver(app, token).expect(200, '');
    expect(app.told).toEqual([]);
  });
});

const ID_TOKENS: Record<InvalidIdTokenCause, [() => Promise<string>, object]> = {
  malformed: [async () => `${await signer.idToken()}=`, {}],
  unreadable: [() => Promise.resolve('no token'), { ...UNKNOWN }],
  'unknown-issuer': [
    () => signer.idToken({ iss: OTHER_ISSUER }),
    { claim: 'iss', expected: () => issuer, found: OTHER_ISSUER, ...UNKNOWN },
  ],
  'wrong-type': [
    () => signer.sign({ aud: CLIENT_ID, sub: 'alice' }, { typ: 'at+jwt' }),
    { claim: 'typ', expected: 'JWT', found: 'at+jwt' },
  ],
  'logout-token': [() => signer.idToken({ events: {} }), { claim: 'events' }],
  'not-encrypted-as-agreed': [
    () => {
      const header = { alg: 'RSA-OAEP', enc: 'A256GCM', iss: issuer };
      const head = Buffer.from(JSON.stringify(header)).toString('base64url');
      return Promise.resolve(`${head}.a2V5.aXY.dGV4dA.dGFn`);
    },
    { claim: 'alg', expected: 'RSA-OAEP-256', found: 'RSA-OAEP' },
  ],
  'wrong-audience': [
    () => signer.idToken({ aud: 'mobile' }),
    { claim: 'aud', expected: CLIENT_ID, found: 'mobile' },
  ],
  'not-yet-valid': [
    () => signer.idToken({ nbf: NOW + 60 }),
    { claim: 'nbf', expected: 'in 0 s at most', found: 'in 60 s' },
  ],
  'unknown-key': [
    () => signer.sign({ aud: CLIENT_ID, sub: 'alice' }, { kid: 'other' }),
    { claim: 'kid', found: 'other' },
  ],
  'wrong-signature': [() => stranger.idToken(), { claim: 'kid', found: 'key-1' }],
  'algorithm-not-allowed': [
    () => rsaSigner.idToken(),
    { claim: 'alg', expected: 'ES256', found: 'RS256' },
  ],
  'unsupported-header': [
    () => signer.sign({ aud: CLIENT_ID, sub: 'alice' }, { crit: ['x'], x: 1 }),
    { claim: 'crit' },
  ],
  'claim-missing': [() => signer.idToken({ iat: undefined }), { claim: 'iat' }],
  'claim-malformed': [() => signer.idToken({ sub: '' }), { claim: 'sub' }],
  'another-subject': [() => signer.idToken({ sub: 'bob' }), { claim: 'sub' }],
};

describe('an ID Token is refused, and the error tells', () => {
  it.each(Object.entries(ID_TOKENS))('%s', async (reason, [make, evidence]) => {
    const { oidc, told, ...app } = start({}, { idTokenEncryption: encryption });
    const used = { access_token: 'opaque-1', refresh_token: 'refresh-1' };
    if (reason === 'another-subject') await save({ oidc, ...app }, used);
    const tokens = { access_token: 'opaque-2', id_token: await make() };
    const call =
      reason === 'another-subject'
        ? oidc.sessions.rotate(used, tokens)
        : oidc.sessions.save(tokens);
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidIdTokenError);
    const { claim, expected, found, issuer: of } = error as InvalidIdTokenError;
    expect({ claim, expected, found, issuer: of }).toEqual(eventOf(evidence));
    expect((error as InvalidIdTokenError).reason).toBe(reason);
    expect(told).toEqual([]);
  });

  it('and so is its access token, where it is of another session', async () => {
    const { oidc, told } = start();
    const access_token = await signer.accessToken({ sid: 'sid-2' });
    const saved = oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    await expect(saved).rejects.toThrow(InvalidTokenError);
    await expect(saved).rejects.toMatchObject({ reason: 'of-another-session' });
    expect(told).toEqual([]);
  });
});

describe('what an event tells of a token', () => {
  const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';

  it.each<[string, unknown, string]>([
    ['several', ['a', 7, null, true, { b: 1 }, ['c']], 'a, 7, null, true, object, object'],
    ['an empty text', '', ''],
    ['a number', 7, '7'],
    ['an object', { a: jwt }, 'object'],
    ['other letters', '\u00e9"\\\r\n\u001b[31m\u{1f600}', '?"\\???[31m??'],
    ['many', Array<string>(50).fill('123456789'), '123456789, '.repeat(20).slice(0, 200)],
    ['a long text', 'a b'.repeat(100), '(withheld)'],
    ['a JWT', jwt, '(withheld)'],
    ['a JWT in a URL', `https://a.example/?token=${jwt}`, '(withheld)'],
    ['a JWT in a list', ['account', jwt], '(withheld)'],
    ['the beginning of a JWT', jwt.slice(0, 10), '(withheld)'],
    ['a header with a space', Buffer.from('{ "alg": "x" }').toString('base64url'), '(withheld)'],
    ['a signature', 'Zm9v'.repeat(21), '(withheld)'],
    ['two long parts', `${'a'.repeat(20)}.${'b'.repeat(30)}`, '(withheld)'],
    ['an address', 'alice@example.com', '(withheld)'],
    ['the sub', 'alice-1', '(withheld)'],
    ['the sub in a URL', 'https://a.example/alice-1', '(withheld)'],
    ['the sid', 'sid-of-alice', '(withheld)'],
    ['the name in a list', ['account', 'Alice A.'], '(withheld)'],
    [
      'the kid of a thumbprint',
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    ],
    [
      'a client at Google',
      '407408718192-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com',
      '407408718192-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com',
    ],
  ])('is fit to be read: %s', async (_what, aud, found) => {
    const app = start();
    const personal = { sub: 'alice-1', sid: 'sid-of-alice', name: 'Alice A.' };
    await call(app, await ofAccessToken({ aud, ...personal })).expect(401);
    expect(app.told).toMatchObject([['token-refused', { reason: 'wrong-audience', found }]]);
  });

  it('is printable, short, and nothing of the token or its user, whatever is sent', async () => {
    const app = start();
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }));
    const hostile = fc.oneof(
      text,
      fc.tuple(text, fc.constantFrom('sub', 'body', 'head', 'jwt'), text),
      fc.jsonValue(),
    );
    const sub = fc.string({ minLength: 3, maxLength: 40 });
    const names = fc.record(
      { iss: hostile, aud: hostile, typ: hostile, kid: hostile, alg: hostile },
      { requiredKeys: [] },
    );
    const property = async (of: string, given: Record<string, unknown>, isSigned: boolean) => {
      const parts: Record<string, string> = { sub: of, jwt };
      const fill = (value: unknown): unknown =>
        Array.isArray(value) && value.length === 3 && String(value[1]) in parts
          ? `${String(value[0])}${parts[String(value[1])] ?? ''}${String(value[2])}`
          : value;
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const { iss = issuer, aud = AUDIENCE } = given;
      const claims = { iss: fill(iss), aud: fill(aud), sub: of, exp: NOW + 60 };
      parts.body = encode(claims);
      const { typ, kid = 'key-1', alg = 'ES256' } = given;
      const header = { typ: fill(typ), kid: fill(kid), alg: fill(alg) };
      parts.head = encode(header);
      const forged = `${parts.head}.${parts.body}.${Buffer.from(of).toString('base64url')}`;
      const token = isSigned ? await signer.sign(claims) : forged;
      app.told.length = 0;
      await call(app, token);
      await deliver(app, token).expect(400);
      for (const [, event] of app.told) {
        const { expected = '', found = '' } = event as { expected?: string; found?: string };
        for (const told of [expected, found]) expect(told).toMatch(/^[\x20-\x7e]{0,200}$/);
        if (found === '(withheld)') continue;
        const secrets = [token, ...token.split('.'), of].filter((secret) => secret.length > 2);
        for (const secret of secrets) expect(found).not.toContain(secret);
      }
      expect(
        app.told.map(([name]) => name).filter((name) => name === 'logout-token-refused'),
      ).toHaveLength(1);
    };
    await fc.assert(fc.asyncProperty(sub, names, fc.boolean(), property), { numRuns: 200 });
  });
});
