import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { INVALID_GRANT, INVALIDATED } from './answers.ts';
import { type App, newBrowser, newClientId, SECRET, useApps } from './app.ts';
import { Realm } from './realm.ts';

const realm = Realm.current();
const start = useApps();

describe('accessTokens of a list of clients', () => {
  it.each([
    ['takes tokens that name no audience but account', { protocolMappers: [] }, {}],
    [
      'takes lightweight access tokens',
      { attributes: { 'client.use.lightweight.access.token.enabled': 'true' } },
      { withoutSubject: true },
    ],
  ])('%s', async (_name, client, more) => {
    const clientId = newClientId();
    const provider = { accessTokens: { clients: [clientId], ...more } };
    const app = await start({ clientId, client, provider });
    const [user, browser] = [await realm.addUser(), newBrowser()];
    const first = await app.logIn(user, browser);
    expect(await app.call(first.tokens.access_token)).toMatchObject({
      status: 200,
      body: decodeJwt(first.tokens.access_token),
    });
    await realm.deleteSession(first.sid);
    expect(await app.call(first.tokens.access_token)).toEqual(INVALIDATED);
    const second = await app.logIn(user, browser);
    const redirect = await app.logOut(second.tokens, browser);
    expect(await app.call(second.tokens.access_token)).toEqual(INVALIDATED);
    expect((await browser.open(redirect)).html).toBe('<h1>verified</h1>');
  });

  it('refuses tokens of any other client', async () => {
    const [app, other] = [
      await start({ provider: { accessTokens: { clients: ['another-client'] } } }),
      await start(),
    ];
    const user = await realm.addUser();
    const { tokens } = await other.logIn(user, newBrowser());
    expect((await app.call(tokens.access_token)).status).toBe(401);
  });
});

describe('two clients of one app', () => {
  let app: App;
  let mobile: App;

  beforeAll(async () => {
    const clientIds = [newClientId(), newClientId()] as const;
    const entries = clientIds.map((clientId) => ({
      ...{ issuer: realm.issuer, clientId, clientSecret: SECRET },
      postLogoutRedirectUri: `https://${clientId}.example.com/logged-out`,
    }));
    app = await start({ clientId: clientIds[0], options: { provider: entries } });
    const attributes = {
      'backchannel.logout.url': `${app.url}/oidc/back-channel-logout`,
      'post.logout.redirect.uris': entries[1]?.postLogoutRedirectUri,
    };
    mobile = await start({ clientId: clientIds[1], client: { attributes } });
  });

  beforeEach(() => {
    app.logoutTokens.length = 0;
  });

  /** Logins of a user at both clients, in a browser each. */
  async function logIn(browsers = [newBrowser(), newBrowser()] as const) {
    const user = await realm.addUser();
    const ofWeb = await app.logIn(user, browsers[0]);
    const ofMobile = await mobile.logIn(user, browsers[1]);
    await app.oidc.sessions.save(ofMobile.tokens);
    return { user, ofWeb, ofMobile };
  }

  it('are told apart in Logout Tokens', async () => {
    const { ofWeb, ofMobile } = await logIn();
    expect((await app.call(ofMobile.tokens.access_token)).status).toBe(200);
    await realm.deleteSession(ofMobile.sid);
    expect(app.logoutTokens).toEqual([200]);
    expect(await app.call(ofMobile.tokens.access_token)).toEqual(INVALIDATED);
    expect((await app.call(ofWeb.tokens.access_token)).status).toBe(200);
  });

  it('end together in the session that they share', async () => {
    const browser = newBrowser();
    const { user, ofWeb, ofMobile } = await logIn([browser, browser]);
    expect(ofMobile.sid).toBe(ofWeb.sid);
    await realm.logOut(user);
    expect(app.logoutTokens).toEqual([200, 200]);
    for (const { tokens } of [ofWeb, ofMobile]) {
      expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
    }
  });

  it('have each its own hint and revocation', async () => {
    const browser = newBrowser();
    const { user, ofMobile } = await logIn([newBrowser(), browser]);
    const redirect = new URL(await app.logOut(ofMobile.tokens, browser));
    expect(redirect.searchParams.get('client_id')).toBe(mobile.clientId);
    expect(redirect.searchParams.get('id_token_hint')).toBe(ofMobile.tokens.id_token);
    expect(redirect.searchParams.get('post_logout_redirect_uri')).toBe(
      `https://${mobile.clientId}.example.com/logged-out`,
    );
    expect(app.eventsOf(ofMobile.sid).filter(([name]) => name === 'revocation')).toEqual(
      ['refresh-token', 'access-token'].map((kind) => [
        'revocation',
        expect.objectContaining({ kind, outcome: 'revoked' }),
      ]),
    );
    await expect(mobile.refresh(ofMobile.tokens)).rejects.toMatchObject(INVALID_GRANT);
    expect(await realm.sessionsOf(user)).not.toContain(ofMobile.sid);
  });
});
