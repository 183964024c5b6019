import { describe, expect, it } from '@jest/globals';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { appWith, call, deliver, logOut, optionsFor, redirectOf } from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import { AUDIENCE, type Claims, createSigner } from '../support/provider.ts';
import {
  frame,
  hintOf,
  INVALIDATED,
  type Login,
  now,
  revokedRefreshTokens,
  save,
  type SessionApp,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

const ENDED = { code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' };
const CONTRADICTS = { code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN', reason: 'of-another-session' };

useSessionWorld();

describe.each(['redis', 'memory'] as const)('a login in %s', (store) => {
  const start = () => world.start(store === 'redis' ? {} : { redis: undefined });

  it.each<[string, (app: SessionApp) => Promise<unknown>]>([
    [
      'a Logout Token of its sid',
      async (app) => deliver(app, await world.op.signer.logoutToken()).expect(200),
    ],
    [
      'a Logout Token of its sid alone',
      async (app) =>
        deliver(app, await world.op.signer.logoutToken({ sub: undefined })).expect(200),
    ],
    [
      'a Logout Token of its sub alone',
      async (app) =>
        deliver(app, await world.op.signer.logoutToken({ sid: undefined })).expect(200),
    ],
    ['the app, by sid', ({ oidc }) => oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' })],
    ['the app, by sub', ({ oidc }) => oidc.sessions.end({ issuer: world.op.issuer, sub: 'alice' })],
  ])('is refused where %s ended the session before the save', async (_what, end) => {
    const app = start();
    const tokens = await world.issue();
    await end(app);
    await expect(app.oidc.sessions.save(tokens)).rejects.toMatchObject(ENDED);
    const body: unknown = (await call(app, tokens.access_token).expect(401)).body;
    expect(body).toEqual(INVALIDATED);
    await world.op.untilAsked(1);
    expect(world.op.requests[0]?.form).toMatchObject({ token: tokens.refresh_token });
  });

  it('is refused where the front channel ended an earlier login of the session', async () => {
    const app = start();
    await save(app, await world.issue());
    const late = await world.issue();
    await frame(app).expect(200);
    await expect(app.oidc.sessions.save(late)).rejects.toMatchObject(ENDED);
    await call(app, late.access_token).expect(401);
  });

  it('is refused where its own logout came before the save', async () => {
    const app = start();
    const tokens = await world.issue();
    await logOut(app, { access_token: tokens.access_token }).expect(200);
    await expect(app.oidc.sessions.save(tokens)).rejects.toMatchObject(ENDED);
    await call(app, tokens.access_token).expect(401);
  });

  it('of the next second is saved and accepted, though its sid was used before', async () => {
    const app = start();
    const old = await save(app, await world.issue());
    await deliver(app, await world.op.signer.logoutToken()).expect(200);
    setTime(Date.now() + 1000);
    const next = await save(app, await world.issue());
    await call(app, next.access_token).expect(200);
    await call(app, old.access_token).expect(401);
  });

  it('gives its refreshed tokens only after rotate, where its sid was used before', async () => {
    const app = start();
    const past = now() - 60;
    await save(app, await world.issue({ iat: past, auth_time: past }));
    await app.oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' });
    setTime(Date.now() + 1000);
    const own = await save(app, await world.issue({ auth_time: past }));
    const refreshed = await world.issue({ auth_time: past });
    await call(app, refreshed.access_token).expect(401);
    await app.oidc.sessions.rotate(own, refreshed);
    await call(app, refreshed.access_token).expect(200);
  });

  it('leaves the access token before a refresh alive until it expires', async () => {
    const app = start();
    const own = await save(app, await world.issue());
    const refreshed = await world.issue();
    await app.oidc.sessions.rotate(own, refreshed);
    await call(app, own.access_token).expect(200);
    await logOut(app, { access_token: refreshed.access_token }).expect(200);
    await call(app, own.access_token).expect(401);
  });
});

describe('a refused answer', () => {
  const uses: [string, (app: SessionApp, old: Login, fresh: Login) => Promise<void>][] = [
    ['save', (app, _old, fresh) => app.oidc.sessions.save(fresh)],
    ['rotate', (app, old, fresh) => app.oidc.sessions.rotate(old, fresh)],
  ];

  it.each(
    uses.flatMap(([what, use]) => [
      [what, 'the session', { sid: 'sid-1' }, use] as const,
      [what, 'the user', { sub: 'alice' }, use] as const,
    ]),
  )(
    'to %s, after the end of %s, is not revoked while a newer login lives in the session',
    async (_what, _ended, name, use) => {
      const app = world.start();
      const old = await save(app, await world.issue({ iat: now() - 20 }));
      const fresh = await world.issue({ iat: now() - 10 });
      await app.oidc.sessions.end({ issuer: world.op.issuer, ...name });
      await world.op.untilAsked(1);
      setTime(Date.now() + 60_000);
      const newer = await save(app, await world.issue());
      setTime(Date.now() - 60_000);
      for (let count = 0; count < 2; count++) {
        await expect(use(app, old, fresh)).rejects.toMatchObject(ENDED);
      }
      await until(() => app.revocations.length === 5);
      expect(app.revocations.map(({ outcome }) => outcome)).toEqual([
        'revoked',
        ...Array.from({ length: 4 }, () => 'skipped'),
      ]);
      expect(revokedRefreshTokens(world.op)).toEqual([old.refresh_token]);
      await call(app, newer.access_token).expect(200);
    },
  );
});

describe('rotate', () => {
  it('finds the login once more for a minute, though expiredTokenGrace is shorter', async () => {
    const app = world.start({ expiredTokenGrace: 0 });
    const used = await save(app, await world.issue());
    const [key = ''] = await world.keys('r');
    for (const fresh of [await world.issue(), await world.issue()]) {
      await app.oidc.sessions.rotate(used, fresh);
      await call(app, fresh.access_token).expect(200);
    }
    expect(await world.admin.ttl(key)).toBeGreaterThan(50);
    expect(await world.admin.ttl(key)).toBeLessThanOrEqual(60);
  });

  it.each<[string, (mine: string) => object]>([
    ['never saved', () => ({ refresh_token: 'made-up' })],
    ['missing', () => ({})],
    ['empty', () => ({ refresh_token: '' })],
    ['of the victim, but an access token', (mine) => ({ refresh_token: mine })],
  ])('joins no session by its access token: refresh token %s', async (_what, refresh) => {
    const app = world.start();
    const victim = await save(app, await world.issue());
    const own = await world.issue({ sub: 'mallory', sid: 'sid-m' });
    const used = { access_token: victim.access_token, ...refresh(victim.access_token) };
    await expect(app.oidc.sessions.rotate(used, own)).rejects.toMatchObject(ENDED);
    const answer = await logOut(app, { access_token: victim.access_token }).expect(200);
    expect(hintOf(redirectOf(answer))).toBe(victim.id_token);
    expect(world.op.requests.map(({ form }) => form.token)).toContain(victim.refresh_token);
  });

  it.each<[string, Claims]>([
    ['a refreshed access token', { sub: 'mallory' }],
    ['a refreshed access token with a sid', { sub: 'mallory', sid: 'sid-m' }],
  ])('changes nothing where %s is of another user', async (_what, claims) => {
    const app = world.start();
    const own = await save(app, await world.issue());
    const before = await world.redis.dump();
    const other = { ...(await world.issue(claims)), id_token: undefined };
    await expect(app.oidc.sessions.rotate(own, other)).rejects.toMatchObject(CONTRADICTS);
    expect(await world.redis.dump()).toEqual(before);
    await call(app, own.access_token).expect(200);
  });

  it('changes nothing where a refreshed ID Token is of another user', async () => {
    const app = world.start();
    const own = await save(app, await world.issue());
    const before = await world.redis.dump();
    const { id_token } = await world.issue({ sub: 'mallory' });
    const refreshed = { ...(await world.issue()), id_token };
    await expect(app.oidc.sessions.rotate(own, refreshed)).rejects.toMatchObject({
      code: 'ERR_OIDC_LOGOUT_INVALID_ID_TOKEN',
      reason: 'another-subject',
      claim: 'sub',
      issuer: world.op.issuer,
    });
    expect(await world.redis.dump()).toEqual(before);
  });
});

describe('a refresh of a login that nobody saved', () => {
  it.each<[of: string, claims: Claims, outcome: string]>([
    ['this client', {}, 'revoked'],
    ['another client', { client_id: 'other' }, 'unsupported'],
  ])('has its tokens revoked where they are of %s alone', async (_whose, claims, outcome) => {
    const app = world.start({ revocation: 'all' });
    const { access_token, refresh_token } = await world.issue(claims);
    const used = { access_token: 'old', refresh_token: 'never saved' };
    const rotation = app.oidc.sessions.rotate(used, { access_token, refresh_token });
    await expect(rotation).rejects.toMatchObject(ENDED);
    await until(() => app.revocations.length === 2);
    expect(app.revocations.map((event) => event.outcome)).toEqual([outcome, outcome]);
    expect(world.op.requests).toHaveLength(outcome === 'revoked' ? 2 : 0);
  });
});

describe('the access token beside an ID Token', () => {
  it.each<[string, () => Promise<string>]>([
    ['of another user', () => world.op.signer.accessToken({ sub: 'mallory' })],
    ['of another session', () => world.op.signer.accessToken({ sid: 'sid-2' })],
    [
      'of another user, later',
      () => world.op.signer.accessToken({ sub: 'mallory', nbf: now() + 60 }),
    ],
  ])('is refused where it is %s, and nothing is stored', async (_what, foreign) => {
    const app = world.start();
    await save(app, await world.issue());
    const before = await world.redis.dump();
    const tokens = { ...(await world.issue()), access_token: await foreign() };
    await expect(app.oidc.sessions.save(tokens)).rejects.toMatchObject(CONTRADICTS);
    expect(await world.redis.dump()).toEqual(before);
  });

  it('is refused where it is of another provider of the app, and nothing is stored', async () => {
    const other = await createSigner('https://other.example.com');
    const providers = [world.op.signer, other].map((signer) => optionsFor(signer).provider);
    const options = { provider: providers, audience: AUDIENCE, redis: world.redis.connect() };
    const { oidc } = appWith(options as OidcLogoutOptions);
    const tokens = { ...(await world.issue()), access_token: await other.accessToken() };
    const saved = oidc.sessions.save(tokens);
    await expect(saved).rejects.toMatchObject({ ...CONTRADICTS, claim: 'iss' });
    expect(await world.redis.dump()).toEqual({});
    await oidc.close();
  });

  it.each<[string, () => Promise<string>]>([
    [
      'of an issuer without an entry',
      async () => (await createSigner('https://other.example.com')).accessToken(),
    ],
    [
      'for another API',
      () => world.op.signer.accessToken({ aud: 'https://graph.example.com', sub: 'pairwise' }),
    ],
    [
      'signed by no key of the provider',
      async () => (await createSigner(world.op.issuer)).accessToken({ sub: 'pairwise' }),
    ],
  ])('is no reason to refuse the login where it is %s', async (_what, foreign) => {
    const app = world.start();
    const own = await world.issue();
    const access_token = await foreign();
    await save(app, { ...own, access_token });
    await call(app, access_token).expect(401);
    await deliver(app, await world.op.signer.logoutToken()).expect(200);
    await world.op.untilAsked(1);
    expect(revokedRefreshTokens(world.op)).toEqual([own.refresh_token]);
  });

  describe('of another sub', () => {
    const startWith = (...subject_types_supported: string[]) => {
      const end_session_endpoint = `${world.op.issuer}/logout`;
      return world.start({
        provider: { metadata: { end_session_endpoint, subject_types_supported } },
      });
    };

    it('is of the login where the provider has pairwise identifiers alone', async () => {
      const app = startWith('pairwise');
      const login = await world.issue();
      const access_token = await world.op.signer.accessToken({ sub: 'pairwise' });
      const tokens = await save(app, { ...login, access_token });
      await call(app, access_token).expect(200);
      const renewed = await world.op.signer.accessToken({ sub: 'pairwise' });
      await app.oidc.sessions.rotate(tokens, { access_token: renewed });
      await call(app, renewed).expect(200);
      const answer = await logOut(app, { access_token: renewed }).expect(200);
      expect(hintOf(redirectOf(answer))).toBe(login.id_token);
      await call(app, access_token).expect(401);
      await call(app, renewed).expect(401);
    });

    it.each([
      ['public identifiers too', ['public', 'pairwise'], {}, 'sub'],
      ['pairwise identifiers alone, and another sid', ['pairwise'], { sid: 'sid-2' }, 'sid'],
    ])('is refused where the provider has %s', async (_what, types, claims, claim) => {
      const app = startWith(...types);
      const access_token = await world.op.signer.accessToken({ sub: 'pairwise', ...claims });
      const saved = save(app, { ...(await world.issue()), access_token });
      await expect(saved).rejects.toMatchObject({ ...CONTRADICTS, claim });
      expect(await world.redis.dump()).toEqual({});
    });
  });

  it.each<[string, () => Promise<string>]>([
    ['unsigned', async () => unsigned(await world.op.signer.accessToken({ sub: 'mallory' }))],
    [
      'altered in its signature',
      async () => altered(await world.op.signer.accessToken({ sub: 'mallory' })),
    ],
    [
      'signed by no key of the provider',
      async () => (await createSigner(world.op.issuer)).accessToken({ sub: 'mallory' }),
    ],
    ['of another user', () => world.op.signer.accessToken({ sub: 'mallory' })],
  ])('does not bring the victim’s sid where it is %s', async (_what, foreign) => {
    const app = world.start();
    const victim = await save(app, await world.issue());
    const own = await world.issue({ sub: 'mallory', sid: undefined });
    const tokens = { ...own, access_token: await foreign() };
    await app.oidc.sessions.save(tokens).catch(() => undefined);
    const answer = await logOut(app, { access_token: victim.access_token }).expect(200);
    expect(hintOf(redirectOf(answer))).toBe(victim.id_token);
  });

  it.each<[string, (token: string) => Promise<string> | string]>([
    ['altered in its signature', altered],
    ['forged', async () => (await createSigner(world.op.issuer)).accessToken()],
  ])('of the same user, %s, does not bring a sid either', async (_what, spoil) => {
    const app = world.start();
    const victim = await save(app, await world.issue());
    const own = await world.issue({ sid: undefined });
    const access_token = await spoil(await world.op.signer.accessToken());
    await save(app, { ...own, access_token });
    expect(await world.keys('s')).toHaveLength(2);
    const answer = await logOut(app, { access_token: victim.access_token }).expect(200);
    expect(hintOf(redirectOf(answer))).toBe(victim.id_token);
  });

  it('brings its sid where it is verified and of the same user', async () => {
    const app = world.start();
    const access_token = await world.op.signer.accessToken();
    const tokens = await save(app, { ...(await world.issue({ sid: undefined })), access_token });
    await deliver(app, await world.op.signer.logoutToken({ sub: undefined })).expect(200);
    await call(app, tokens.access_token).expect(401);
    await world.op.untilAsked(1);
    expect(world.op.requests[0]?.form).toMatchObject({ token: tokens.refresh_token });
  });

  it('brings no sid where it is opaque, or verified without a sub', async () => {
    const app = world.start({ provider: { accessTokens: { withoutSubject: true } } });
    await save(app, await world.issue());
    const withoutSub = await world.op.signer.accessToken({ sub: undefined });
    for (const access_token of ['opaque', withoutSub]) {
      const own = await world.issue({ sub: 'mallory', sid: undefined });
      await save(app, { ...own, access_token });
      await call(app, access_token).expect(200);
    }
    expect(await world.keys('s')).toHaveLength(3);
  });
});

function unsigned(jwt: string): string {
  return `${jwt.slice(0, jwt.lastIndexOf('.'))}.`;
}

function altered(jwt: string): string {
  return `${unsigned(jwt)}AAAA`;
}
