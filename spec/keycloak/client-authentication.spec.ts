import { expect, it } from '@jest/globals';
import { exportJWK } from 'jose';
import { ClientSecretBasic, None, PrivateKeyJwt } from 'openid-client';
import { createKeyPair } from '../support/key-pair.ts';
import { INVALID_GRANT, INVALIDATED } from './answers.ts';
import { type App, type AppSettings, newBrowser, SECRET, useApps } from './app.ts';
import { Realm } from './realm.ts';

const realm = Realm.current();
const start = useApps();

async function privateKeyJwt(): Promise<AppSettings> {
  const { privateKey, publicKey } = await createKeyPair('ES256');
  const kid = 'of the app';
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }] };
  return {
    authentication: PrivateKeyJwt({ key: privateKey, kid }),
    client: {
      clientAuthenticatorType: 'client-jwt',
      attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(jwks) },
    },
    provider: {
      clientSecret: undefined,
      clientAuthentication: { method: 'private_key_jwt', privateKey, kid },
    },
  };
}

async function logOutAt(app: App) {
  const [user, browser] = [await realm.addUser(), newBrowser()];
  const { tokens, sid } = await app.logIn(user, browser);
  await app.logOut(tokens, browser);
  expect(await app.call(tokens.access_token)).toEqual(INVALIDATED);
  return { user, tokens, revocations: app.eventsOf(sid).filter(([name]) => name === 'revocation') };
}

const outcome = (outcome: string, reason?: string) =>
  ['refresh-token', 'access-token'].map((kind) => [
    'revocation',
    expect.objectContaining({ kind, outcome, reason }),
  ]);

it.each<[name: string, settings: () => AppSettings | Promise<AppSettings>]>([
  ['the secret, as the metadata have it', () => ({})],
  [
    'client_secret_basic',
    () => ({
      authentication: ClientSecretBasic(SECRET),
      provider: { clientAuthentication: { method: 'client_secret_basic' } },
    }),
  ],
  [
    'client_secret_post',
    () => ({ provider: { clientAuthentication: { method: 'client_secret_post' } } }),
  ],
  ['private_key_jwt', privateKeyJwt],
  [
    'none',
    () => ({
      authentication: None(),
      client: { publicClient: true },
      provider: { clientSecret: undefined, clientAuthentication: { method: 'none' } },
    }),
  ],
])('revokes the tokens of a logout with %s', async (_name, settings) => {
  const app = await start(await settings());
  const { user, tokens, revocations } = await logOutAt(app);
  expect(revocations).toEqual(outcome('revoked'));
  expect(await realm.sessionsOf(user)).toEqual([]);
  await expect(app.refresh(tokens)).rejects.toMatchObject(INVALID_GRANT);
});

it('logs out here with a wrong secret too, and says that nothing was revoked', async () => {
  const app = await start({ provider: { clientSecret: 'another secret' } });
  const { tokens, revocations } = await logOutAt(app);
  expect(revocations).toEqual(outcome('failed', 'unauthorized_client'));
  await expect(app.refresh(tokens)).resolves.toHaveProperty('refresh_token');
});

it('is not allowed to introspect as a public client', async () => {
  const app = await start({
    authentication: None(),
    client: { publicClient: true },
    provider: {
      ...{ clientSecret: undefined, introspection: 'always' },
      clientAuthentication: { method: 'none' },
    },
  });
  const { tokens } = await app.logIn(await realm.addUser(), newBrowser());
  expect(await app.call(tokens.access_token)).toEqual({
    status: 503,
    body: {
      error: 'temporarily_unavailable',
      error_description: 'The OpenID Provider is not reachable',
    },
  });
});
