import { describe, expect, it } from '@jest/globals';
import { verifyLogoutToken } from '../../lib/index.ts';
import { call, deliver, logOut, redirectOf } from '../support/app.ts';
import { answerWith, listenToRevocations } from '../support/revocation-server.ts';
import {
  frame,
  now,
  revokedRefreshTokens,
  save,
  type SessionWorld,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { type Claims, CLIENT_ID, LOGOUT_EVENT } from '../support/provider.ts';
import { until } from '../support/until.ts';

useSessionWorld();

const REPEATED_PARAMETERS = ['client_id', 'post_logout_redirect_uri', 'state'];

describe('the front channel before the Logout Token of the same end', () => {
  it.each<[string, Claims]>([
    ['of the sid and sub', {}],
    ['of the sid alone', { sub: undefined }],
    ['of the sub alone', { sid: undefined }],
  ])(
    'leaves the refresh token to the Logout Token %s, which does not tell again',
    async (_what, claims) => {
      const [one, other] = [await world.startListening(), await world.startListening()];
      const { access_token, refresh_token } = await save(one, await world.issue());
      await frame(one).expect(200);
      await call(one, access_token).expect(401);
      expect(world.op.requests).toEqual([]);
      await deliver(other, await world.op.signer.logoutToken(claims)).expect(200);
      await world.op.untilAsked(1);
      await until(async () => (await world.keys('s')).length === 0);
      expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
      await until(() => [one, other].every(({ ended }) => ended.length > 0));
      const told = [one, other].map(({ ended }) => ended.map(({ cause }) => cause));
      expect(told).toEqual([['front-channel'], ['front-channel']]);
    },
  );

  it('leaves it to the app’s end, and to a logout', async () => {
    const app = world.start();
    const first = await save(app, await world.issue());
    const second = await save(app, await world.issue({ sid: 'sid-2' }));
    await frame(app).expect(200);
    await frame(app, 'sid-2').expect(200);
    await app.oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' });
    await logOut(app, { access_token: second.access_token }).expect(200);
    await world.op.untilAsked(3);
    const revoked = [first, second].map(({ refresh_token }) => refresh_token);
    expect(revokedRefreshTokens(world.op).sort()).toEqual(revoked.sort());
  });

  it('leaves no ID Token to a logout in the same second', async () => {
    const app = world.start();
    const { access_token } = await save(app, await world.issue());
    await frame(app).expect(200);
    const answer = await logOut(app, { access_token }).expect(200);
    const redirect = redirectOf(answer);
    expect([...new URL(redirect).searchParams.keys()]).toEqual(REPEATED_PARAMETERS);
  });

  it('revokes nothing by itself, once or again', async () => {
    const app = world.start();
    await save(app, await world.issue());
    await frame(app).expect(200);
    await frame(app).expect(200);
    await app.oidc.close();
    expect(world.op.requests).toEqual([]);
  });

  it('leaves the refresh token to no older Logout Token', async () => {
    const app = world.start();
    await save(app, await world.issue());
    await frame(app).expect(200);
    await deliver(app, await world.op.signer.logoutToken({ iat: now() - 60 })).expect(200);
    await app.oidc.close();
    expect(world.op.requests).toEqual([]);
  });
});

describe('what a Logout Token ends', () => {
  it('is revoked revocationDelay later, and not in the turn of the answer', async () => {
    const app = world.start({ revocationDelay: 1 });
    const { refresh_token } = await save(app, await world.issue());
    const told = listenToRevocations(app.oidc);
    await deliver(app, await world.op.signer.logoutToken()).expect(200);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(world.op.requests).toEqual([]);
    expect(app.ended).toHaveLength(1);
    const [event] = await told.until(1);
    expect(event).toMatchObject({ kind: 'refresh-token', outcome: 'revoked', sid: 'sid-1' });
    expect(revokedRefreshTokens(world.op)).toEqual([refresh_token]);
  });

  it('is revoked later by the sub as well', async () => {
    const app = world.start({ revocationDelay: 1 });
    await save(app, await world.issue());
    await save(app, await world.issue({ sid: 'sid-2' }));
    await deliver(app, await world.op.signer.logoutToken({ sid: undefined })).expect(200);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(world.op.requests).toEqual([]);
    await world.op.untilAsked(2);
  });

  it.each<[string, (app: ReturnType<SessionWorld['start']>) => Promise<unknown>]>([
    ['the app', ({ oidc }) => oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' })],
    ['a logout', async (app) => logOut(app, await tokenOf()).expect(200)],
  ])('waits, and what %s ends does not', async (_what, end) => {
    const app = world.start({ revocationDelay: 60 });
    await save(app, await world.issue());
    await end(app);
    await world.op.untilAsked(1);
  });

  it('is not revoked once the session lives again, which is told as skipped', async () => {
    const app = world.start({ revocationDelay: 1 });
    const told = listenToRevocations(app.oidc);
    const past = now() - 3;
    await save(app, await world.issue({ iat: past }));
    await deliver(app, await world.op.signer.logoutToken({ iat: past })).expect(200);
    const next = await save(app, await world.issue());
    expect((await told.until(1)).map(({ outcome }) => outcome)).toEqual(['skipped']);
    expect(world.op.requests).toEqual([]);
    await call(app, next.access_token).expect(200);
    await logOut(app, { access_token: next.access_token }).expect(200);
    await world.op.untilAsked(1);
    expect(revokedRefreshTokens(world.op)).toEqual([next.refresh_token]);
  });
});

const tokenOf = async () => ({ access_token: await world.op.signer.accessToken() });

describe('a revocation that is tried again', () => {
  it.each<
    [string, (app: ReturnType<SessionWorld['start']>, access_token: string) => Promise<unknown>]
  >([
    ['a logout', (app, access_token) => logOut(app, { access_token }).expect(200)],
    ['the app', ({ oidc }) => oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' })],
    [
      'a Logout Token',
      async (app) =>
        deliver(app, await world.op.signer.logoutToken({ iat: now() - 3 })).expect(200),
    ],
  ])('after %s is skipped once the session has a later login', async (_what, end) => {
    const app = world.start({ revocation: 'refresh-token' });
    const told = listenToRevocations(app.oidc);
    const old = await save(app, await world.issue({ iat: now() - 3 }));
    world.op.answer = answerWith(503);
    await end(app, old.access_token);
    await world.op.untilAsked(1);
    const next = await world.issue({ iat: now() + 1 });
    await save(app, next);
    world.op.answer = answerWith(200);
    expect((await told.until(1)).map(({ outcome }) => outcome)).toEqual(['skipped']);
    expect(revokedRefreshTokens(world.op)).toEqual([old.refresh_token]);
    await call(app, next.access_token).expect(200);
  });

  it('goes on while the session is over', async () => {
    const app = world.start({ revocation: 'refresh-token' });
    const told = listenToRevocations(app.oidc);
    const { access_token } = await save(app, await world.issue());
    world.op.answer = answerWith(503);
    await logOut(app, { access_token }).expect(200);
    await world.op.untilAsked(1);
    world.op.answer = answerWith(200);
    expect((await told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
    expect(world.op.requests).toHaveLength(2);
  });
});

describe('revoke_offline_access of a Logout Token', () => {
  const MEMBER = 'revoke_offline_access';

  it.each<[string, object, object, boolean]>([
    ['true', { [MEMBER]: true }, {}, true],
    ['false', { [MEMBER]: false }, {}, false],
    ['a text', { [MEMBER]: 'true' }, {}, false],
    ['a number', { [MEMBER]: 1 }, {}, false],
    ['absent', {}, {}, false],
    ['a claim and not beside the event', {}, { [MEMBER]: true }, false],
  ])('decides about offline_access: %s', async (_what, member, claims, isRevoked) => {
    const [app, other] = [await world.startListening(), await world.startListening()];
    const offline = await world.issue();
    await app.oidc.sessions.save({ ...offline, scope: 'openid offline_access' });
    const events = { ...LOGOUT_EVENT, ...member };
    await deliver(app, await world.op.signer.logoutToken({ ...claims, events })).expect(200);
    await until(() => [app, other].every(({ ended }) => ended.length > 0));
    for (const { ended } of [app, other]) {
      expect(ended).toEqual([expect.objectContaining({ revokesOfflineAccess: isRevoked })]);
    }
    await until(async () => (await world.keys('s')).length === 0);
    expect(revokedRefreshTokens(world.op)).toEqual(isRevoked ? [offline.refresh_token] : []);
  });

  it('reaches every session of a user', async () => {
    const app = world.start();
    const sids = ['sid-1', 'sid-2', 'sid-3'];
    for (const sid of sids) {
      await app.oidc.sessions.save({ ...(await world.issue({ sid })), scope: 'offline_access' });
    }
    const events = { ...LOGOUT_EVENT, [MEMBER]: true };
    const token = await world.op.signer.logoutToken({ sid: undefined, events });
    await deliver(app, token).expect(200);
    await world.op.untilAsked(3);
  });

  it.each([true, false])('is told by verifyLogoutToken: %s', async (isSet) => {
    const { signer } = world.op;
    const { issuer, jwk } = signer;
    const events = { ...LOGOUT_EVENT, ...(isSet && { [MEMBER]: true }) };
    const options = { issuer, clientId: CLIENT_ID };
    const verified = await verifyLogoutToken(await signer.logoutToken({ events }), jwk, options);
    expect(verified.revokesOfflineAccess).toBe(isSet);
  });
});
