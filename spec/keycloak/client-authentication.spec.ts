import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, it } from '@jest/globals';
import { exportJWK } from 'jose';
import { ClientSecretBasic, None, PrivateKeyJwt, TlsClientAuth } from 'openid-client';
import * as undici from 'undici';
import type { TlsClientAuthentication } from '../../lib/index.ts';
import { createKeyPair } from '../support/key-pair.ts';
import { openPage } from '../support/page.ts';
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

const CERTIFICATES = process.env.KEYCLOAK_CERTIFICATES ?? '';
const CODE = openPage('docs/configuration.md')
  .take('js', "'tls_client_auth'")
  .replaceAll(/^import .*$/gm, '');
const agents: undici.Agent[] = [];

afterAll(() => Promise.all(agents.map((agent) => agent.close())));

/** That of the page, with the certificate of this name. */
function authenticationOf(name: 'web' | 'other'): TlsClientAuthentication {
  const { clientAuthentication, dispatcher } = runInNewContext(
    `${CODE}\n({ clientAuthentication, dispatcher })`,
    {
      ...undici,
      readFileSync: (file: string) => readFileSync(join(CERTIFICATES, file.replace('web', name))),
    },
  ) as { clientAuthentication: TlsClientAuthentication; dispatcher: undici.Agent };
  agents.push(dispatcher);
  return clientAuthentication;
}

function tlsClientAuth(
  clientAuthentication = authenticationOf('web'),
  attributes: object = {},
): AppSettings {
  return {
    realm: Realm.currentByHttps(),
    authentication: TlsClientAuth(),
    fetch: authenticationOf('web').fetch,
    client: {
      clientAuthenticatorType: 'client-x509',
      attributes: {
        'x509.subjectdn': 'CN=web,O=Shop',
        'x509.allow.regex.pattern.comparison': 'false',
        ...attributes,
      },
    },
    provider: { clientSecret: undefined, clientAuthentication },
  };
}

async function answerToNewToken(app: App) {
  const { tokens } = await app.logIn(await realm.addUser(), newBrowser());
  return app.call(tokens.access_token);
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
  ['tls_client_auth', () => tlsClientAuth()],
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

it.each<[what: string, reason: string, settings: () => AppSettings]>([
  ['secret', 'unauthorized_client', () => ({ provider: { clientSecret: 'another secret' } })],
  ['certificate', 'invalid_client', () => tlsClientAuth(authenticationOf('other'))],
])(
  'logs out here with a wrong %s too, and says that nothing was revoked',
  async (_what, reason, settings) => {
    const app = await start(settings());
    const { tokens, revocations } = await logOutAt(app);
    expect(revocations).toEqual(outcome('failed', reason));
    await expect(app.refresh(tokens)).resolves.toHaveProperty('refresh_token');
  },
);

it('is not allowed to introspect as a public client', async () => {
  const app = await start({
    authentication: None(),
    client: { publicClient: true },
    provider: {
      ...{ clientSecret: undefined, introspection: 'always' },
      clientAuthentication: { method: 'none' },
    },
  });
  expect(await answerToNewToken(app)).toEqual({
    status: 503,
    body: {
      error: 'temporarily_unavailable',
      error_description: 'The OpenID Provider is not reachable',
    },
  });
});

it('refuses access tokens that are bound to the certificate of the client', async () => {
  const app = await start(
    tlsClientAuth(authenticationOf('web'), {
      'tls.client.certificate.bound.access.tokens': 'true',
    }),
  );
  expect(await answerToNewToken(app)).toEqual({
    status: 401,
    body: {
      error: 'invalid_token',
      error_description: 'The access token is bound to its sender, which cannot be checked',
    },
  });
});
