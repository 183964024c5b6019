import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { INVALID_GRANT, INVALIDATED } from './answers.ts';
import { type App, type LoggedIn, newBrowser, SECRET, useApps } from './app.ts';
import { Realm, type User } from './realm.ts';

const DISABLED = { enabled: false };
const OFFLINE = { scope: 'openid offline_access' };

const realm = Realm.current();
const start = useApps();
let app: App;
let other: App;

beforeAll(async () => {
  [app, other] = await Promise.all([start(), start({ options: { revocation: 'never' } })]);
});

beforeEach(() => {
  app.logoutTokens.length = 0;
});

/** A user who is logged in to both apps in one session. */
async function logIn() {
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const login = await app.logIn(user, browser);
  return { user, browser, login, others: await other.logIn(user, browser) };
}

type Session = Awaited<ReturnType<typeof logIn>>;

const ENDS: [name: string, end: (session: Session) => Promise<unknown>][] = [
  [
    'the user logs out of another app',
    async ({ browser, others }) => browser.open(await other.logOut(others.tokens, browser)),
  ],
  ['the user signs the device out in the account console', deleteInAccount],
  ['an administrator signs the user out', ({ user }) => realm.logOut(user)],
  ['an administrator deletes the session', ({ login }) => realm.deleteSession(login.sid)],
  ['another app hands its refresh token in', logOutByRefreshToken],
];

async function deleteInAccount({ login: { sid, tokens } }: Session): Promise<void> {
  const headers = { Accept: 'application/json', Authorization: `Bearer ${tokens.access_token}` };
  const url = `${realm.issuer}/account/sessions/${sid}`;
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204);
}

async function logOutByRefreshToken({ others }: Session): Promise<void> {
  const { refresh_token } = others.tokens;
  const client = { client_id: other.clientId, client_secret: SECRET };
  const body = new URLSearchParams({ ...client, refresh_token });
  const url = `${realm.issuer}/protocol/openid-connect/logout`;
  expect((await fetch(url, { method: 'POST', body })).status).toBe(204);
}

it.each(ENDS)('ends the session at once when %s', async (_name, end) => {
  const session = await logIn();
  const { user, browser, login } = session;
  const { access_token } = login.tokens;
  expect((await app.call(access_token)).status).toBe(200);
  await end(session);
  expect(await app.call(access_token)).toEqual(INVALIDATED);
  expect(app.logoutTokens).toEqual([200]);
  expect(app.eventsOf(login.sid)).toContainEqual([
    'session-ended',
    {
      ...{ issuer: realm.issuer, subject: user.id, sid: login.sid },
      ...{ cause: 'back-channel', revokesOfflineAccess: false },
    },
  ]);
  expect(await realm.sessionsOf(user)).toEqual([]);
  await expect(app.refresh(login.tokens)).rejects.toMatchObject(INVALID_GRANT);
  const again = await app.logIn(user, browser);
  expect([again.wasAsked, again.sid === login.sid]).toEqual([true, false]);
  expect((await app.call(again.tokens.access_token)).status).toBe(200);
});

it('revokes later, and brings no session back', async () => {
  const { user, browser, login } = await logIn();
  await realm.logOut(user);
  await revoked(app, login);
  expect(await realm.sessionsOf(user)).toEqual([]);
  expect((await app.logIn(user, browser)).wasAsked).toBe(true);
});

it('leaves the other sessions of the user alone', async () => {
  const user = await realm.addUser();
  const [ended, kept] = [await app.logIn(user, newBrowser()), await app.logIn(user, newBrowser())];
  await realm.deleteSession(ended.sid);
  expect(await app.call(ended.tokens.access_token)).toEqual(INVALIDATED);
  expect((await app.call(kept.tokens.access_token)).status).toBe(200);
  expect(await realm.sessionsOf(user)).toEqual([kept.sid]);
});

it('ends all sessions of the user here where Logout Tokens name no session', async () => {
  const attributes = { 'backchannel.logout.session.required': 'false' };
  const bySubject = await start({ client: { attributes } });
  const user = await realm.addUser();
  const logins = [
    await bySubject.logIn(user, newBrowser()),
    await bySubject.logIn(user, newBrowser()),
  ] as const;
  await realm.deleteSession(logins[0].sid);
  for (const { tokens } of logins) {
    expect(await bySubject.call(tokens.access_token)).toEqual(INVALIDATED);
  }
  expect(await realm.sessionsOf(user)).toEqual([logins[1].sid]);
});

it.each<[name: string, act: (user: User) => Promise<void>]>([
  ['an administrator disables the user', ({ id }) => realm.act('PUT', `users/${id}`, DISABLED)],
  ['an administrator deletes the user', ({ id }) => realm.act('DELETE', `users/${id}`)],
  [
    'an administrator sets a password',
    ({ id }) => realm.act('PUT', `users/${id}/reset-password`, { type: 'password', value: 'new' }),
  ],
])('hears nothing when %s', async (_name, act) => {
  const { user, login } = await logIn();
  await act(user);
  expect(app.logoutTokens).toEqual([]);
  expect((await app.call(login.tokens.access_token)).status).toBe(200);
});

describe('offline access', () => {
  it.each([
    ['is spared', 'false', true],
    ['is revoked where the client has it so', 'true', false],
  ])('%s when its session ends', async (_name, setting, isAlive) => {
    const attributes = { 'backchannel.logout.revoke.offline.tokens': setting };
    const offline = await start({ client: { attributes } });
    const [user, browser] = [await realm.addUser(), newBrowser()];
    const { tokens: others } = await other.logIn(user, browser);
    const login = await offline.logIn(user, browser, OFFLINE);
    await browser.open(await other.logOut(others, browser));
    expect(await offline.call(login.tokens.access_token)).toEqual(INVALIDATED);
    if (!isAlive) await revoked(offline, login);
    expect(await realm.offlineSessionsOf(user, offline.id)).toEqual(isAlive ? [login.sid] : []);
  });

  it('ends when an administrator deletes the offline session', async () => {
    const user = await realm.addUser();
    const { tokens, sid } = await app.logIn(user, newBrowser(), OFFLINE);
    await realm.act('DELETE', `sessions/${sid}?isOffline=true`);
    expect(app.logoutTokens).toEqual([200]);
    expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
    await expect(app.refresh(tokens)).rejects.toMatchObject(INVALID_GRANT);
  });

  it('hears nothing when an administrator signs out a user who has no other session', async () => {
    const user = await realm.addUser();
    const { tokens, sid } = await app.logIn(user, newBrowser(), OFFLINE);
    await realm.logOut(user);
    expect(app.logoutTokens).toEqual([]);
    expect((await app.call(tokens.access_token)).status).toBe(200);
    expect(await realm.offlineSessionsOf(user, app.id)).toEqual([sid]);
  });
});

async function revoked(at: App, { sid }: LoggedIn): Promise<void> {
  await until(() => at.eventsOf(sid).some(([name]) => name === 'revocation'));
  expect(at.eventsOf(sid)).toContainEqual([
    'revocation',
    expect.objectContaining({ kind: 'refresh-token', outcome: 'revoked' }),
  ]);
}
