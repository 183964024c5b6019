import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import request from 'supertest';
import { type App, call, logOut, redirectOf } from '../support/app.ts';
import { type RedisWire, startRedisWire } from '../support/redis-wire.ts';
import {
  hintOf,
  type Login,
  now,
  revokedRefreshTokens,
  save,
  type SessionApp,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

const HOUR = 3600;
const OWN_LOGOUT = '/own-logout';
const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' };

useSessionWorld();

describe('a logout whose reply of the store was lost', () => {
  let wire: RedisWire;
  let client: Redis;

  /** An app whose next write is stored, and not answered. */
  async function startOnWire(): Promise<SessionApp> {
    wire = await startRedisWire(world.redis.path);
    client = new Redis({
      path: wire.path,
      retryStrategy: () => 20,
      autoResendUnfulfilledCommands: false,
    });
    client.on('error', () => undefined);
    return world.start({ redis: client, storeTimeout: 0.2 });
  }

  function loseNextReply(): void {
    wire.ask = (bytes) => {
      if (/\r\n(?:evalsha|set)\r\n/i.test(bytes)) wire.answer = () => '';
      return bytes;
    };
  }

  async function reconnect(): Promise<void> {
    await wire.shut();
    wire.ask = (bytes) => bytes;
    wire.answer = (bytes) => bytes;
    await wire.open();
    await until(() => client.status === 'ready');
  }

  afterEach(async () => {
    client.disconnect();
    await wire.close();
  });

  async function logOutInVain(app: SessionApp): Promise<Login> {
    const other = await save(app, await world.issue({ sub: 'bob', sid: 'sid-b' }));
    await logOut(app, { access_token: other.access_token }).expect(200);
    const tokens = await save(app, await world.issue());
    await until(() => app.revocations.length >= 1);
    app.ended.length = 0;
    world.op.reset();
    loseNextReply();
    await logOut(app, { access_token: tokens.access_token }).expect(503);
    await call({ app: listener.app }, tokens.access_token).expect(401);
    await reconnect();
    return tokens;
  }

  let listener: SessionApp;

  it('is revoked and told once it is sent again, with the ID Token', async () => {
    listener = await world.startListening();
    const app = await startOnWire();
    const { access_token, refresh_token, id_token } = await logOutInVain(app);
    const answer = await logOut(app, { access_token }).expect(200);
    expect(hintOf(redirectOf(answer))).toBe(id_token);
    await world.op.untilAsked(1);
    await until(() => app.ended.length > 0);
    expect(app.ended).toEqual([expect.objectContaining({ sid: 'sid-1', cause: 'logout' })]);
    expect(listener.ended.filter(({ sid }) => sid === 'sid-1')).toHaveLength(1);
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
    const [again, first] = [await logOut(app, { access_token }).expect(200), answer];
    expect(redirectOf(again)).toBe(redirectOf(first));
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
  });

  it('is revoked and told though nobody sends it again', async () => {
    listener = await world.startListening();
    const app = await startOnWire();
    const { refresh_token } = await logOutInVain(app);
    await world.op.untilAsked(1);
    await until(() => app.ended.length > 0);
    expect(app.ended).toEqual([expect.objectContaining({ sid: 'sid-1', cause: 'logout' })]);
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
  });
});

describe('a logout with an access token that expired long ago', () => {
  const expired = { iat: now() - 26 * HOUR, exp: now() - 25 * HOUR };

  it('ends the session of a live saved refresh token beside it', async () => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken(expired);
    const tokens = await save(app, await world.issue());
    const { refresh_token } = tokens;
    await logOut(app, { access_token, refresh_token }).expect(200);
    await call(app, tokens.access_token).expect(401);
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
  });

  it.each<[string, () => Promise<string | undefined>]>([
    ['none', () => Promise.resolve(undefined)],
    ['an unknown one', () => Promise.resolve('made-up')],
  ])('is refused with %s beside it', async (_what, refreshToken) => {
    const app = world.start();
    const tokens = await save(app, await world.issue());
    const access_token = await world.op.signer.accessToken(expired);
    const refresh_token = await refreshToken();
    await logOut(app, { access_token, ...(refresh_token && { refresh_token }) }).expect(401);
    await call(app, tokens.access_token).expect(200);
  });

  it('is refused beside a refresh token of another session, which lives on', async () => {
    const app = world.start();
    const tokens = await save(app, await world.issue());
    const access_token = await world.op.signer.accessToken({ ...expired, sid: 'sid-2' });
    const { refresh_token } = tokens;
    await logOut(app, { access_token, refresh_token }).expect(400);
    await call(app, tokens.access_token).expect(200);
  });
});

describe('logout({ tokens }) with a refresh token alone', () => {
  it.each<[string, object]>([
    ['no access_token', {}],
    ['an empty access_token', { access_token: '' }],
    ['an access_token of null', { access_token: null }],
  ])('ends its session: %s', async (_what, absent) => {
    const app = world.start();
    const { access_token, refresh_token } = await save(app, await world.issue());
    const tokens = () => ({ ...absent, refresh_token });
    app.app.use(OWN_LOGOUT, app.oidc.logout({ tokens }));
    const answer = await request(app.app).post(OWN_LOGOUT).set(SAME_ORIGIN).expect(200);
    expect(redirectOf(answer)).toContain(`${world.op.issuer}/logout?`);
    await call(app, access_token).expect(401);
    expect(app.ended).toHaveLength(1);
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
  });

  it('of a session that nobody knows ends nothing, and the browser gets out', async () => {
    const app = world.start();
    const tokens = () => ({ refresh_token: 'made-up' });
    app.app.use(OWN_LOGOUT, app.oidc.logout({ tokens }));
    const answer = await request(app.app).post(OWN_LOGOUT).set(SAME_ORIGIN).expect(200);
    expect(redirectOf(answer)).toContain('client_id=web');
    expect([app.ended, world.op.requests]).toEqual([[], []]);
    expect(await world.keys('[xsutlrp]')).toEqual([]);
  });
});

describe('a dead access token', () => {
  it.each<[string, (app: SessionApp) => Promise<string>]>([
    ['that was saved', async (app) => (await save(app, await world.issue())).access_token],
    ['that nobody saved', () => world.op.signer.accessToken()],
    ['that nobody saved, without a sid', () => world.op.signer.accessToken({ sid: undefined })],
  ])('%s vouches for no refresh token that is made up', async (_what, issue) => {
    const app = world.start();
    const access_token = await issue(app);
    await logOut(app, { access_token }).expect(200);
    await until(() => app.revocations.every(({ outcome }) => outcome === 'revoked'));
    const keys = (await world.keys('[xsutlr]')).sort();
    world.op.reset();
    for (let made = 0; made < 5; made++) {
      await logOut(app, { access_token, refresh_token: `made-up-${made}` }).expect(200);
    }
    expect((await world.keys('[xsutlr]')).sort()).toEqual(keys);
    expect(revokedRefreshTokens(world.op)).toEqual([]);
  });
});

describe('a provider whose end_session_endpoint is', () => {
  it.each([[5], [[]], [{}], [true], [''], ['http://op.example.com/logout'], [null]])(
    '%j gets no redirect, and the session ends',
    async (endSessionEndpoint) => {
      const { issuer } = world.op;
      world.op.metadata = { ...world.op.metadata, end_session_endpoint: endSessionEndpoint };
      const app = world.start({ provider: { metadata: undefined } });
      const { access_token } = await save(app, await world.issue());
      const answer = await logOut(app, { access_token }).expect(200);
      expect(answer.body).toEqual({ redirect: null });
      await call(app, access_token).expect(401);
      const told = app.events.filter(([name]) => name === 'provider-error');
      const isAbsent = endSessionEndpoint === null;
      const reason = 'UNUSABLE_END_SESSION_ENDPOINT';
      const event = { issuer, operation: 'metadata', reason };
      expect(told).toEqual(isAbsent ? [] : [['provider-error', event]]);
    },
  );
});

describe('ten logouts at once', () => {
  it.each<[string, object]>([
    ['with a sid', {}],
    ['without a sid', { sid: undefined }],
    ['without a sid and sub', { sid: undefined, sub: undefined }],
  ])('of a token that nobody saved, %s, revoke once', async (_what, claims) => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken({ ...claims });
    const tokens = { access_token, refresh_token: 'refresh' };
    const ten = Array.from({ length: 10 }, () => logOut(app, tokens).expect(200));
    await Promise.all(ten);
    await until(() => app.revocations.length >= 2);
    expect(world.op.requests.map(({ form }) => form.token)).toEqual(['refresh', access_token]);
  });

  it('of a saved session revoke once, in two processes', async () => {
    const [one, other] = [await world.startListening(), await world.startListening()];
    const { access_token, refresh_token } = await save(one, await world.issue());
    const ten = Array.from({ length: 10 }, (_, count) =>
      logOut(count % 2 ? one : other, { access_token, refresh_token }).expect(200),
    );
    await Promise.all(ten);
    await world.op.untilAsked(2);
    expect(new Set(revokedRefreshTokens(world.op))).toEqual(new Set([refresh_token]));
    await until(() => [one, other].every(({ ended }) => ended.length > 0));
    expect([one.ended.length, other.ended.length]).toEqual([1, 1]);
  });
});

describe('an access token that is bound to its sender', () => {
  it.each<[string, object]>([
    ['cnf and the typ of Keycloak', { typ: 'DPoP', cnf: { jkt: 'thumbprint' } }],
    ['cnf', { cnf: { jkt: 'thumbprint' } }],
    ['a certificate', { cnf: { 'x5t#S256': 'thumbprint' } }],
    ['the typ of Keycloak', { typ: 'DPoP' }],
  ])('ends its session at the logout, without the ID Token: %s', async (_what, claims) => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken({ ...claims });
    const own = await world.issue();
    await app.oidc.sessions.save({ ...own, access_token, token_type: 'DPoP' });
    const sibling = await save(app, await world.issue());
    const { refresh_token } = own;
    const answer = await logOut(app, { access_token, refresh_token }).expect(200);
    expect(hintOf(redirectOf(answer))).toBeNull();
    await call(app, sibling.access_token).expect(401);
    expect(new Set(revokedRefreshTokens(world.op))).toContain(refresh_token);
  });

  it('ends its session where it is opaque and was saved so', async () => {
    const app = world.start();
    const own = await world.issue();
    await app.oidc.sessions.save({ ...own, access_token: 'opaque', token_type: 'DPoP' });
    const answer = await logOut(app, { access_token: 'opaque' }).expect(200);
    expect(hintOf(redirectOf(answer))).toBeNull();
    expect(revokedRefreshTokens(world.op)).toEqual([own.refresh_token]);
  });
});

describe('the state of a logout', () => {
  const stateOf = (answer: { body: unknown }) =>
    new URL(redirectOf(answer)).searchParams.get('state') ?? '';
  const cookieOf = ({ headers }: { headers: Record<string, unknown> }) =>
    ((headers['set-cookie'] as string[] | undefined)?.[0] ?? '').split(';', 1)[0] ?? '';
  const back = ({ app }: App, state: string, cookie: string) =>
    request(app).get('/logged-out').query({ state }).set('Cookie', cookie);

  it.each<[string, object | undefined]>([
    ['has no tokens', undefined],
    ['has a refresh token that nobody knows', { refresh_token: 'made-up' }],
    ['has a forged access token', { access_token: 'forged' }],
  ])('is in the cookie alone where the app’s session %s', async (_what, found) => {
    const app = world.start();
    const returnTo = () => '/bye';
    app.app.use(OWN_LOGOUT, app.oidc.logout({ tokens: () => found as never, returnTo }));
    const answers = [];
    for (let count = 0; count < 3; count++) {
      answers.push(await request(app.app).post(OWN_LOGOUT).set(SAME_ORIGIN).expect(200));
    }
    expect(await world.keys('*')).toEqual([]);
    for (const answer of answers) {
      const body: unknown = (await back(app, stateOf(answer), cookieOf(answer)).expect(200)).body;
      expect(body).toEqual({ outcome: 'verified', returnTo: '/bye' });
    }
  });

  it('is in the store where a session ended', async () => {
    const app = world.start();
    const { access_token } = await save(app, await world.issue());
    await logOut(app, { access_token }).expect(200);
    expect(await world.keys('p')).toHaveLength(1);
  });

  it('is in the cookie alone where a token was dead for longer than retryWindow', async () => {
    const app = world.start({ retryWindow: 1 });
    const { access_token } = await save(app, await world.issue());
    const first = await logOut(app, { access_token }).expect(200);
    const [record = ''] = await world.keys('s');
    await until(async () => (await world.admin.exists(record)) === 0);
    const later = await logOut(app, { access_token }).set('Return-To', '/bye').expect(200);
    expect(stateOf(later)).not.toBe(stateOf(first));
    expect(hintOf(redirectOf(later))).toBeNull();
    expect(await world.keys('p')).toHaveLength(1);
    const body: unknown = (await back(app, stateOf(later), cookieOf(later)).expect(200)).body;
    expect(body).toEqual({ outcome: 'verified', returnTo: '/bye' });
  });
});
