import { describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, exportPKCS8 } from 'jose';
import { createKeyPair } from '../support/key-pair.ts';
import { INVALIDATED } from './answers.ts';
import { type App, type LoggedIn, newBrowser, useApps } from './app.ts';
import { AUDIENCE, API_AUDIENCE, clientAudience, hardcodedClaim, LIGHTWEIGHT } from './mappers.ts';
import { Realm } from './realm.ts';

const NOT_OURS = {
  status: 401,
  body: {
    error: 'invalid_token',
    error_description: 'The access token is not authentic or not meant for this API',
  },
};
const NOT_ACTIVE = {
  status: 401,
  body: {
    error: 'invalid_token',
    error_description: 'The provider says that the access token is not active',
  },
};

const realm = Realm.current();
const start = useApps();

const logIn = async (app: App) => app.logIn(await realm.addUser(), newBrowser());

const claimsOf = ({ tokens }: LoggedIn) => decodeJwt(tokens.access_token);

async function expectGuarded(app: App, login: LoggedIn): Promise<void> {
  expect((await app.call(login.tokens.access_token)).status).toBe(200);
  await realm.deleteSession(login.sid);
  expect(app.logoutTokens).toEqual([200]);
  expect(await app.call(login.tokens.access_token)).toEqual(INVALIDATED);
}

describe('the audience', () => {
  it('is Keycloak itself without a mapper, and the guard refuses the token', async () => {
    const app = await start({ client: { protocolMappers: [] } });
    const login = await logIn(app);
    expect(claimsOf(login).aud).toBe('account');
    expect(await app.call(login.tokens.access_token)).toEqual(NOT_OURS);
  });

  it('is missing without full scope, and the guard refuses the token', async () => {
    const app = await start({ client: { protocolMappers: [], fullScopeAllowed: false } });
    const login = await logIn(app);
    expect(claimsOf(login)).not.toHaveProperty('aud');
    expect(await app.call(login.tokens.access_token)).toEqual(NOT_OURS);
  });
});

describe('lightweight access tokens', () => {
  const attributes = { 'client.use.lightweight.access.token.enabled': 'true' };

  it('name neither an audience nor the user, and the guard refuses them', async () => {
    const app = await start({ client: { attributes } });
    const login = await logIn(app);
    expect(Object.keys(claimsOf(login)).sort()).toEqual([
      ...['azp', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'typ'],
    ]);
    expect(await app.call(login.tokens.access_token)).toEqual(NOT_OURS);
  });

  it('are taken with mappers for both', async () => {
    const app = await start({ client: { attributes, protocolMappers: LIGHTWEIGHT } });
    const login = await logIn(app);
    expect(claimsOf(login)).toMatchObject({ aud: AUDIENCE, sid: login.sid });
    await expectGuarded(app, login);
  });
});

describe('with strict', () => {
  const attributes = { 'access.token.header.type.rfc9068': 'true' };
  const options = { strict: true };

  it('the guard refuses tokens of the type at+jwt, which have no client_id', async () => {
    const app = await start({ client: { attributes }, options });
    const { tokens } = await logIn(app);
    expect(decodeProtectedHeader(tokens.access_token).typ).toBe('at+jwt');
    expect(await app.call(tokens.access_token)).toEqual(NOT_OURS);
  });

  it('the guard takes them with a mapper for it, and Logout Tokens are taken', async () => {
    const protocolMappers = [API_AUDIENCE, hardcodedClaim('client_id', 'web')];
    const app = await start({ client: { attributes, protocolMappers }, options });
    await expectGuarded(app, await logIn(app));
  });
});

it.each(['id_token', 'refresh_token'] as const)('refuses the %s at the guard', async (kind) => {
  const app = await start();
  const { tokens } = await logIn(app);
  expect(await app.call(tokens[kind])).toEqual(NOT_OURS);
});

it.each(['EdDSA', 'ES256'])('takes tokens and Logout Tokens signed by %s', async (algorithm) => {
  const attributes = {
    'access.token.signed.response.alg': algorithm,
    'id.token.signed.response.alg': algorithm,
  };
  const app = await start({ client: { attributes }, provider: { algorithms: [algorithm] } });
  const login = await logIn(app);
  expect(decodeProtectedHeader(login.tokens.access_token).alg).toBe(algorithm);
  await expectGuarded(app, login);
});

it('follows each new key of the realm', async () => {
  const app = await start();
  const before = await logIn(app);
  expect((await app.call(before.tokens.access_token)).status).toBe(200);
  await addRsaKey(200);
  const after = await logIn(app);
  const [oldKey, newKey] = [before, after].map(
    ({ tokens }) => decodeProtectedHeader(tokens.access_token).kid,
  );
  expect(newKey).not.toBe(oldKey);
  expect((await app.call(before.tokens.access_token)).status).toBe(200);
  await addRsaKey(300);
  await expectGuarded(app, after);
  expect((await app.call(before.tokens.access_token)).status).toBe(200);
});

async function addRsaKey(priority: number): Promise<void> {
  const { privateKey } = await createKeyPair('RS256');
  const config = { privateKey: [await exportPKCS8(privateKey)], priority: [String(priority)] };
  await realm.addKey('rsa', config);
}

describe('introspection of every access token', () => {
  const provider = { introspection: 'always' } as const;

  it('finds no token active where the client is not in the audience', async () => {
    const app = await start({ provider });
    const { tokens } = await logIn(app);
    expect(await app.call(tokens.access_token)).toEqual(NOT_ACTIVE);
  });

  it('tells of a user who was disabled', async () => {
    const app = await start({ provider });
    await realm.addMapper(app.id, clientAudience(app.clientId));
    const user = await realm.addUser();
    const { tokens } = await app.logIn(user, newBrowser());
    expect((await app.call(tokens.access_token)).status).toBe(200);
    const { tokens: unused } = await app.logIn(user, newBrowser());
    await realm.act('PUT', `users/${user.id}`, { enabled: false });
    expect(await app.call(unused.access_token)).toEqual(NOT_ACTIVE);
  });
});
