import { beforeAll, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { INVALID_GRANT, INVALIDATED } from './answers.ts';
import { type App, newBrowser, useApps } from './app.ts';
import { Realm } from './realm.ts';

const SESSION_ENDED = { code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' };

const realm = Realm.current();
const start = useApps();
let app: App;

beforeAll(async () => {
  app = await start();
});

it('takes a new login under the sid of a session that ended only here', async () => {
  const other = await start();
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const { tokens, sid } = await app.logIn(user, browser);
  await other.logIn(user, browser);
  await app.oidc.sessions.end({ issuer: realm.issuer, sid });
  const second = Math.floor(Date.now() / 1000);
  expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  expect(await realm.sessionsOf(user)).toEqual([sid]);

  // A login of the very second of an end is refused.
  await until(() => Date.now() / 1000 > second + 1);
  const again = await app.logIn(user, browser);
  expect([again.wasAsked, again.sid]).toEqual([false, sid]);
  expect((await app.call(again.tokens.access_token)).status).toBe(200);
  expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  await realm.deleteSession(sid);
  expect(await app.call(again.tokens.access_token)).toEqual(INVALIDATED);
});

it('has one session for a login and the one that asks for the password again', async () => {
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const first = await app.logIn(user, browser);
  const second = await app.logIn(user, browser, { prompt: 'login' });
  expect([second.wasAsked, second.sid]).toEqual([true, first.sid]);
  await app.logOut(second.tokens, browser);
  for (const { tokens } of [first, second]) {
    expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  }
  expect(await realm.sessionsOf(user)).toEqual([]);
});

it('follows a refresh', async () => {
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const { tokens, sid } = await app.logIn(user, browser);
  const renewed = await app.refresh(tokens);
  await app.oidc.sessions.rotate(tokens, renewed);
  expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
  expect(await app.call(renewed.access_token)).toMatchObject({ status: 200, body: { sid } });
  expect((await app.call(tokens.access_token)).status).toBe(200);
  await realm.logOut(user);
  for (const { access_token } of [tokens, renewed]) {
    expect(await app.call(access_token)).toEqual(INVALIDATED);
  }
  await expect(app.refresh(renewed)).rejects.toMatchObject(INVALID_GRANT);
});

it('refuses the tokens of a refresh that was under way when the session ended', async () => {
  const user = await realm.addUser();
  const { tokens } = await app.logIn(user, newBrowser());
  const renewed = await app.refresh(tokens);
  await realm.logOut(user);
  await expect(app.oidc.sessions.rotate(tokens, renewed)).rejects.toMatchObject(SESSION_ENDED);
  expect(await app.call(renewed.access_token)).toEqual(INVALIDATED);
});

it('refuses the tokens of a login that was under way when the session ended', async () => {
  const user = await realm.addUser();
  const { tokens, sid } = await app.logIn(user, newBrowser());
  await realm.deleteSession(sid);
  await expect(app.oidc.sessions.save(tokens)).rejects.toMatchObject(SESSION_ENDED);
});
