import { beforeAll, describe, expect, it } from '@jest/globals';
import { INVALID_GRANT, INVALIDATED } from './answers.ts';
import { type App, newBrowser, useApps } from './app.ts';
import { AUDIENCE } from './mappers.ts';
import { Realm } from './realm.ts';

const realm = Realm.current();
const start = useApps();

describe('a logout by tokens', () => {
  let app: App;

  beforeAll(async () => {
    app = await start();
  });

  it('ends the session here and at Keycloak, and comes back verified', async () => {
    const [user, browser] = [await realm.addUser(), newBrowser()];
    const { tokens, sid, wasAsked } = await app.logIn(user, browser);
    expect(wasAsked).toBe(true);
    expect(await realm.sessionsOf(user)).toEqual([sid]);
    expect(await app.call(tokens.access_token)).toMatchObject({
      status: 200,
      body: { sub: user.id, sid, azp: app.clientId, aud: [AUDIENCE, 'account'], typ: 'Bearer' },
    });

    const redirect = new URL(await app.logOut(tokens, browser));
    expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
    expect(redirect.origin + redirect.pathname).toBe(
      `${realm.issuer}/protocol/openid-connect/logout`,
    );
    expect(Object.fromEntries(redirect.searchParams)).toEqual({
      id_token_hint: tokens.id_token,
      client_id: app.clientId,
      post_logout_redirect_uri: `${app.url}/logged-out`,
      state: expect.stringMatching(/^[\w-]{43}$/),
    });
    const back = await browser.open(redirect.href);
    expect(back.url.origin + back.url.pathname).toBe(`${app.url}/logged-out`);
    expect(back.html).toBe('<h1>verified</h1>');
    expect(await realm.sessionsOf(user)).toEqual([]);
    await expect(app.refresh(tokens)).rejects.toMatchObject(INVALID_GRANT);

    const again = await app.logIn(user, browser);
    expect(again.wasAsked).toBe(true);
    expect(again.sid).not.toBe(sid);
    expect((await app.call(again.tokens.access_token)).status).toBe(200);
    expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  });

  it('revokes the tokens, which ends the session of the only client there', async () => {
    const [user, browser] = [await realm.addUser(), newBrowser()];
    const { tokens, sid } = await app.logIn(user, browser);
    await app.logOut(tokens, browser);
    expect(await realm.sessionsOf(user)).toEqual([]);
    const event = { issuer: realm.issuer, subject: user.id, sid };
    const revoked = { ...event, outcome: 'revoked', reason: undefined };
    expect(app.eventsOf(sid)).toEqual([
      ['session-ended', { ...event, cause: 'logout', revokesOfflineAccess: false }],
      ['revocation', { ...revoked, kind: 'refresh-token' }],
      ['revocation', { ...revoked, kind: 'access-token' }],
      ['logout', { ...event, repeated: false }],
    ]);
  });

  it('reaches the other apps of the session once the browser is there', async () => {
    const other = await start();
    const [user, browser] = [await realm.addUser(), newBrowser()];
    const { tokens, sid } = await app.logIn(user, browser);
    const joined = await other.logIn(user, browser);
    expect([joined.wasAsked, joined.sid]).toEqual([false, sid]);
    const redirect = await app.logOut(tokens, browser);
    expect(await realm.sessionsOf(user)).toEqual([sid]);
    expect((await other.call(joined.tokens.access_token)).status).toBe(200);
    expect((await browser.open(redirect)).html).toBe('<h1>verified</h1>');
    expect(await other.call(joined.tokens.access_token)).toEqual(INVALIDATED);
    expect(other.logoutTokens).toEqual([200]);
    expect(await realm.sessionsOf(user)).toEqual([]);
    await expect(other.refresh(joined.tokens)).rejects.toMatchObject(INVALID_GRANT);
  });

  it('revokes offline access as well', async () => {
    const [user, browser] = [await realm.addUser(), newBrowser()];
    const { tokens, sid } = await app.logIn(user, browser, { scope: 'openid offline_access' });
    expect(await realm.sessionsOf(user)).toEqual([]);
    expect(await realm.offlineSessionsOf(user, app.id)).toEqual([sid]);
    await app.logOut(tokens, browser);
    expect(await realm.offlineSessionsOf(user, app.id)).toEqual([]);
    expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
    await expect(app.refresh(tokens)).rejects.toMatchObject(INVALID_GRANT);
  });
});

it('leaves all to Keycloak where nothing is revoked', async () => {
  const app = await start({ options: { revocation: 'never' } });
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const { tokens, sid } = await app.logIn(user, browser);
  const redirect = await app.logOut(tokens, browser);
  expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  expect(await realm.sessionsOf(user)).toEqual([sid]);
  expect(app.logoutTokens).toEqual([]);
  expect((await browser.open(redirect)).html).toBe('<h1>verified</h1>');
  expect(await realm.sessionsOf(user)).toEqual([]);
  expect(app.logoutTokens).toEqual([200]);
  await expect(app.refresh(tokens)).rejects.toMatchObject(INVALID_GRANT);
});

it('has Keycloak ask the user where no ID Token is sent', async () => {
  const app = await start({
    provider: { idTokenHint: 'never' },
    options: { revocation: 'never' },
  });
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const { tokens, sid } = await app.logIn(user, browser);
  const redirect = await app.logOut(tokens, browser);
  expect([...new URL(redirect).searchParams.keys()]).toEqual([
    ...['client_id', 'post_logout_redirect_uri', 'state'],
  ]);
  const question = await browser.open(redirect);
  expect(await realm.sessionsOf(user)).toEqual([sid]);
  const back = await browser.submit(question, '/logout-confirm', { confirmLogout: 'Logout' });
  expect(back.html).toBe('<h1>verified</h1>');
  expect(await realm.sessionsOf(user)).toEqual([]);
});
