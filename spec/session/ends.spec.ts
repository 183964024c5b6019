import { describe, expect, it } from '@jest/globals';
import {
  type InvalidatedEvent,
  SessionEndedError,
  type SessionEndedEvent,
} from '../../lib/index.ts';
import { sessionKey } from '../../lib/token/token-keys.ts';
import { call, deliver, logOut } from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import { type Claims, startProviderServer } from '../support/provider.ts';
import {
  frame,
  INVALIDATED,
  now,
  revokedRefreshTokens,
  save,
  type SessionApp,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

const SUBJECT_MISSING = {
  error: 'invalid_token',
  error_description: 'The access token names no subject',
};

useSessionWorld();

const sidsOf = (events: readonly SessionEndedEvent[]) => events.map(({ sid }) => sid);

const endSid = ({ oidc }: SessionApp, sid = 'sid-1') =>
  oidc.sessions.end({ issuer: world.op.issuer, sid });

const endSub = ({ oidc }: SessionApp) =>
  oidc.sessions.end({ issuer: world.op.issuer, sub: 'alice' });

const invalidatedKinds = ({ events }: SessionApp) =>
  events
    .filter(([name]) => name === 'invalidated')
    .map(([, event]) => (event as InvalidatedEvent).kind);

const notify = async (app: SessionApp, claims: Claims = {}) =>
  deliver(app, await world.op.signer.logoutToken(claims)).expect(200);

describe('an end beside a rotate at the same moment', () => {
  it.each<[string, (app: SessionApp, sid: string, access_token: string) => Promise<unknown>]>([
    ['the app', endSid],
    ['a Logout Token', (app, sid) => notify(app, { sid })],
    ['the front channel', (app, sid) => frame(app, sid).expect(200)],
    ['its logout', (app, _sid, access_token) => logOut(app, { access_token }).expect(200)],
  ])('by %s in another process is told once in each', async (_what, end) => {
    const [one, other] = [await world.startListening(), await world.startListening()];
    const sids = Array.from({ length: 25 }, (_, round) => `sid-${round}`);
    for (const sid of sids) {
      const old = await save(one, await world.issue({ sid }));
      const fresh = await world.issue({ sid });
      const rotate = async () =>
        one.oidc.sessions.rotate(old, fresh).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' });
        });
      await Promise.all([rotate(), end(other, sid, old.access_token)]);
      await call(one, old.access_token).expect(401);
      await call(other, fresh.access_token).expect(401);
    }
    await until(() => [one, other].every(({ ended }) => ended.length >= sids.length));
    expect([sidsOf(one.ended), sidsOf(other.ended)]).toEqual([sids, sids]);
  });
});

describe.each(['redis', 'memory'] as const)(
  'a sid that the provider uses again, in %s',
  (store) => {
    const start = () => world.start(store === 'redis' ? {} : { redis: undefined });

    it.each<[string, (app: SessionApp, access_token: string) => Promise<unknown>]>([
      ['back channel', (app) => notify(app)],
      ['logout', (app, access_token) => logOut(app, { access_token }).expect(200)],
      ['front channel', (app) => frame(app).expect(200)],
      ['app', (app) => endSid(app)],
    ])('lets an unsaved login pass that is later than the end by %s', async (_how, end) => {
      const app = start();
      const past = now() - 60;
      const old = await save(app, await world.issue({ iat: past, auth_time: past }));
      await end(app, old.access_token);
      const accessToken = (claims: Claims) => world.op.signer.accessToken(claims);
      const at = now() + 2;
      await call(app, await accessToken({ auth_time: at })).expect(200);
      await call(app, old.access_token).expect(401);
      await call(app, await accessToken({ iat: at, auth_time: past })).expect(401);
      await call(app, await accessToken({ iat: at })).expect(401);
      await call(app, await accessToken({ iat: at, auth_time: String(at) })).expect(401);
      await call(app, await accessToken({ iat: at, auth_time: null })).expect(401);
    });

    it.each<[string, Claims]>([
      ['its sid and sub', {}],
      ['its sid alone', { sub: undefined }],
      ['its sub alone', { sid: undefined }],
    ])('lives on when an older Logout Token of %s comes late', async (_what, claims) => {
      const app = start();
      const past = now() - 100;
      const old = await save(app, await world.issue({ iat: past }));
      const logoutToken = await world.op.signer.logoutToken({ ...claims, iat: past + 50 });
      const newer = await save(app, await world.issue());
      await deliver(app, logoutToken).expect(200);
      await call(app, newer.access_token).expect(200);
      await call(app, old.access_token).expect(401);
      expect([app.ended, world.op.requests]).toEqual([[], []]);
    });

    it('lives on when the Logout Token that ended it before comes again', async () => {
      const app = start();
      const past = now() - 3;
      const old = await save(app, await world.issue({ iat: past }));
      const logoutToken = await world.op.signer.logoutToken({ iat: past });
      await deliver(app, logoutToken).expect(200);
      const newer = await save(app, await world.issue());
      await deliver(app, logoutToken).expect(200);
      await call(app, newer.access_token).expect(200);
      await call(app, old.access_token).expect(401);
      expect(app.ended).toHaveLength(1);
    });

    it('lives on when the logout of the login before it comes again', async () => {
      const app = start();
      const { access_token } = await save(app, await world.issue({ iat: now() - 3 }));
      await logOut(app, { access_token }).expect(200);
      const newer = await save(app, await world.issue());
      await logOut(app, { access_token }).expect(200);
      await call(app, newer.access_token).expect(200);
    });
  },
);

describe('what is stored of an end', () => {
  it.each([0, 5, 60])('outlives a token by twice the tolerance of %i s', async (clockTolerance) => {
    const app = world.start({ clockTolerance });
    const exp = now() + 30;
    const access_token = await world.op.signer.accessToken({ sid: undefined, exp });
    await logOut(app, { access_token }).expect(200);
    const [key = ''] = await world.keys('t');
    const expiresAt = Date.now() + (await world.admin.pttl(key));
    expect([0, 1]).toContain(Math.round(expiresAt / 1000) - exp - 2 * clockTolerance);
  });

  it('by the app is nothing of the session once its revocations are made', async () => {
    const app = world.start();
    await save(app, await world.issue());
    await endSid(app);
    await until(async () => (await world.keys('s')).length === 0);
  });

  it('of a refused login outlives its access token by twice the tolerance', async () => {
    const app = world.start({ clockTolerance: 60 });
    const tokens = await world.issue({ exp: now() + 30 });
    await endSid(app);
    await expect(app.oidc.sessions.save(tokens)).rejects.toThrow(SessionEndedError);
    const [key = ''] = await world.keys('t');
    expect([149, 150, 151]).toContain(await world.admin.ttl(key));
  });

  it('refuses a token until the tolerance ends with which it would be accepted', async () => {
    const app = world.start({ redis: undefined, clockTolerance: 60 });
    const exp = now() + 5;
    const [ended, alive] = [
      await world.op.signer.accessToken({ sid: undefined, exp }),
      await world.op.signer.accessToken({ sid: undefined, exp }),
    ];
    await logOut(app, { access_token: ended }).expect(200);
    for (const later of [1, 30, 59]) {
      setTime((exp + later) * 1000);
      await call(app, alive).expect(200);
      const body: unknown = (await call(app, ended).expect(401)).body;
      expect(body).toEqual(INVALIDATED);
    }
  });

  it.each<[string, (app: SessionApp) => Promise<unknown>, string]>([
    ['session', (app) => endSid(app), 'x'],
    ['subject', (app) => endSub(app), 'u'],
  ])('of a %s outlives the longest token and its tolerance', async (_what, end, letter) => {
    const times = { maxTokenLifetime: 3600, maxSessionLifetime: 60, clockTolerance: 100 };
    const app = world.start({ ...times, expiredTokenGrace: 0 });
    await save(app, await world.issue());
    await end(app);
    const [key = ''] = await world.keys(letter);
    expect(await world.admin.ttl(key)).toBeGreaterThan(3600 + 2 * 100);
  });

  it('ends an access token that was issued within the tolerance after the end by sid', async () => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken({ iat: now() + 4 });
    await endSid(app);
    await call(app, access_token).expect(401);
  });
});

describe('the end of all sessions of a user', () => {
  it.each<[string, (app: SessionApp) => Promise<unknown>]>([
    ['the app', endSub],
    ['a Logout Token', (app) => notify(app, { sid: undefined })],
  ])('by %s ends a login that is later by less than the tolerance', async (_what, end) => {
    const app = world.start();
    const { access_token } = await save(app, await world.issue({ iat: now() + 4 }));
    await end(app);
    await call(app, access_token).expect(401);
  });

  it('by the app does so again in the same second', async () => {
    const app = world.start();
    setTime(Date.now());
    await endSub(app);
    const { access_token } = await save(app, await world.issue({ iat: now() + 4 }));
    await endSub(app);
    await call(app, access_token).expect(401);
  });

  it('by a repeated Logout Token ends no later login', async () => {
    const app = world.start();
    const logoutToken = await world.op.signer.logoutToken({ sid: undefined });
    await deliver(app, logoutToken).expect(200);
    const { access_token } = await save(app, await world.issue({ iat: now() + 4 }));
    await deliver(app, logoutToken).expect(200);
    await call(app, access_token).expect(200);
  });
});

it('a delayed revocation is skipped where its session lived again, and ended again', async () => {
  const app = world.start({ revocationDelay: 1, revocation: 'refresh-token' });
  const iat = now() - 9;
  await save(app, await world.issue({ iat }));
  await notify(app, { iat });
  const { refresh_token } = await save(app, await world.issue());
  await notify(app);
  await until(() => app.revocations.length === 2);
  expect(app.revocations.map(({ outcome }) => outcome)).toEqual(['skipped', 'revoked']);
  expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
});

describe('a refresh token that comes after the end of its session', () => {
  it.each([
    ['is revoked', 'while the session is over', false],
    ['is not revoked', 'once the session is live again', true],
  ])('%s %s', async (_what, _when, isLive) => {
    const app = world.start({ encryptionKey: undefined, revocation: 'refresh-token' });
    const { access_token, refresh_token } = await save(app, await world.issue({ iat: now() - 9 }));
    await endSid(app);
    if (isLive) await save(app, await world.issue({ iat: now() + 60 }));
    await logOut(app, { access_token, refresh_token }).expect(200);
    await app.oidc.close();
    expect(revokedRefreshTokens(world.op)).toEqual(isLive ? [] : [refresh_token]);
  });
});

describe('what is told of an end', () => {
  it('is nothing of a session whose save went no further than the list of its user', async () => {
    const app = world.start();
    const { access_token } = await save(app, await world.issue());
    await world.admin.del(await world.keys('s'));
    await endSub(app);
    await call(app, access_token).expect(401);
    expect(app.ended).toEqual([]);
  });

  it.each<[string, (app: SessionApp) => Promise<unknown>, object]>([
    ['end({ sid })', endSid, { subject: undefined, sid: 'sid-1' }],
    ['end({ sub })', endSub, { subject: 'alice', sid: undefined }],
    [
      'end({ sid }) after its save',
      async (app) => {
        await save(app, await world.issue());
        await endSid(app);
      },
      { subject: 'alice', sid: 'sid-1' },
    ],
  ])('by %s needs no channel of Redis', async (_what, end, owner) => {
    await world.admin.acl('SETUSER', 'default', '-subscribe');
    try {
      const app = world.start();
      await end(app);
      expect(app.ended).toEqual([
        { issuer: world.op.issuer, ...owner, cause: 'app', revokesOfflineAccess: false },
      ]);
    } finally {
      await world.admin.acl('SETUSER', 'default', '+subscribe');
    }
  });

  it.each<[string, InvalidatedEvent['kind'], (app: SessionApp, token: string) => Promise<unknown>]>(
    [
      [
        'a logout',
        'access-token',
        (app, access_token) => logOut(app, { access_token }).expect(200),
      ],
      ['the app', 'session', (app) => endSid(app)],
      ['the app', 'subject', endSub],
    ],
  )('by %s names an invalidated %s once, however often it comes', async (_by, kind, end) => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken({ sid: undefined });
    setTime(Date.now());
    await end(app, access_token);
    await end(app, access_token);
    expect(invalidatedKinds(app)).toEqual([kind]);
  });

  it.each([
    ['a refresh token', 'refresh', ['access-token', 'refresh-token']],
    ['none', undefined, ['access-token']],
  ])('names the tokens of a refused login, with %s', async (_what, refresh_token, kinds) => {
    const app = world.start();
    const tokens = await world.issue();
    await endSid(world.start());
    await expect(app.oidc.sessions.save({ ...tokens, refresh_token })).rejects.toThrow(
      SessionEndedError,
    );
    expect(invalidatedKinds(app)).toEqual(kinds);
  });
});

describe('a login without a sid', () => {
  it('ends with a Logout Token of its sub and of a sid that nobody knows', async () => {
    const app = await world.startListening();
    const own = await save(app, await world.issue({ sid: undefined }));
    await notify(app);
    await call(app, own.access_token).expect(401);
    await world.op.untilAsked(1);
    expect(world.op.requests[0]?.form).toMatchObject({ token: own.refresh_token });
    expect(app.ended.map(({ cause, subject }) => [cause, subject])).toContainEqual([
      'back-channel',
      'alice',
    ]);
    expect(invalidatedKinds(app)).toEqual(['session', 'subject', 'session']);
  });

  it('is refused where it is saved after that Logout Token', async () => {
    const app = world.start();
    const own = await world.issue({ sid: undefined });
    await notify(app);
    await expect(app.oidc.sessions.save(own)).rejects.toMatchObject({
      code: 'ERR_OIDC_LOGOUT_SESSION_ENDED',
    });
  });

  it('lives on where a session of the sid is known, or the user is another one', async () => {
    const app = world.start();
    const own = await save(app, await world.issue({ sid: undefined }));
    const others = await save(app, await world.issue({ sub: 'bob', sid: undefined }));
    const session = await save(app, await world.issue());
    await notify(app);
    await call(app, session.access_token).expect(401);
    await call(app, own.access_token).expect(200);
    await call(app, others.access_token).expect(200);
  });

  it('lives on where the Logout Token names the sid alone', async () => {
    const app = world.start();
    const own = await save(app, await world.issue({ sid: undefined }));
    await notify(app, { sub: undefined });
    await call(app, own.access_token).expect(200);
  });

  it('lives on where the Logout Token is older', async () => {
    const app = world.start();
    const own = await save(app, await world.issue({ sid: undefined }));
    await notify(app, { iat: now() - 60 });
    await call(app, own.access_token).expect(200);
  });
});

describe('an access token without a sub', () => {
  it('is refused by the guard where nobody saved it, and taken by the logout', async () => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken({ sub: undefined });
    const body: unknown = (await call(app, access_token).expect(401)).body;
    expect(body).toEqual(SUBJECT_MISSING);
    await logOut(app, { access_token }).expect(200);
    expect((await call(app, access_token).expect(401)).body).toEqual(INVALIDATED);
  });

  it.each<[string, (app: SessionApp) => Promise<unknown>]>([
    ['end({ sub })', endSub],
    ['a Logout Token of its sub', (app) => notify(app, { sid: undefined })],
  ])('that was saved passes until %s', async (_what, end) => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken({ sub: undefined });
    await save(app, { ...(await world.issue()), access_token });
    await call(app, access_token).expect(200);
    await end(app);
    await call(app, access_token).expect(401);
  });

  it('is refused where it is opaque and its introspection names none', async () => {
    const server = await startProviderServer();
    server.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const claims = { active: true, aud: 'https://api.example.com', token_type: 'Bearer' };
      res.end(JSON.stringify({ ...claims, client_id: 'web', exp: now() + 60, iat: now() }));
    };
    const app = world.start({
      provider: {
        clientSecret: 'secret',
        introspection: 'opaque',
        metadata: { introspection_endpoint: `${server.issuer}/introspect` },
      },
    });
    const body: unknown = (await call(app, 'opaque').expect(401)).body;
    expect(body).toEqual(SUBJECT_MISSING);
    await server.close();
  });
});

it('a session with a sid is no login without one, whatever its digest begins with', async () => {
  const app = await world.startListening();
  const sids = Array.from({ length: 1000 }, (_, index) => `sid-${index}`);
  const sid = sids.find((each) => sessionKey(world.op.issuer, each).startsWith('-')) ?? '';
  const { access_token } = await save(app, await world.issue({ sid }));
  await notify(app, { sid: 'unknown' });
  await call(app, access_token).expect(200);
  await notify(app, { sid });
  await call(app, access_token).expect(401);
});
