import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CompactEncrypt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as client from 'openid-client';
import request from 'supertest';
import {
  InvalidIdTokenError,
  type OidcLogoutOptions,
  type ProviderOptions,
  type TokenResponse,
} from '../lib/index.ts';
import {
  type App,
  appWith,
  call,
  deliver,
  FRONT_CHANNEL_LOGOUT,
  logOut,
  redirectOf,
} from './support/app.ts';
import { AUDIENCE, type Claims, LOGOUT_EVENT } from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import {
  type ProviderClient,
  type RevocationProvider,
  startRevocationProvider,
} from './support/revocation-provider.ts';
import {
  listenToRevocations,
  type RevocationServer,
  startRevocationServer,
  type ToldRevocations,
} from './support/revocation-server.ts';

type Name = 'web' | 'mobile';

const KEY = Buffer.alloc(32, 7);
const SECRETS = {
  web: 'the secret of the web app, long',
  mobile: 'the secret of the mobile app, l',
};
const NAMES: Name[] = ['web', 'mobile'];

interface RevokingApp extends App {
  readonly told: ToldRevocations;
}

const apps: App[] = [];

function start(entries: readonly object[], options: Partial<OidcLogoutOptions> = {}): RevokingApp {
  const app = appWith({
    ...{ audience: AUDIENCE, encryptionKey: KEY, revocationDelay: 0 },
    ...options,
    provider: entries as ProviderOptions[],
  });
  apps.push(app);
  return { ...app, told: listenToRevocations(app.oidc) };
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
});

function parametersOf(answer: { readonly body: unknown }): Record<string, string> {
  return Object.fromEntries(new URL(redirectOf(answer)).searchParams);
}

describe('two clients of oidc-provider', () => {
  const redirects = { web: 'https://app.example.com/a', mobile: 'https://app.example.com/b' };
  let provider: RevocationProvider;
  let clients: Record<Name, ProviderClient>;
  let app: RevokingApp;

  beforeAll(async () => {
    provider = await startRevocationProvider();
    const register = (name: Name, method: string, authentication: client.ClientAuth) =>
      provider.register(
        {
          ...{ client_id: name, client_secret: SECRETS[name] },
          token_endpoint_auth_method: method,
          post_logout_redirect_uris: [redirects[name]],
        },
        authentication,
      );
    clients = {
      web: await register('web', 'client_secret_post', client.ClientSecretPost(SECRETS.web)),
      mobile: await register(
        'mobile',
        'client_secret_basic',
        client.ClientSecretBasic(SECRETS.mobile),
      ),
    };
  });

  afterAll(() => provider.close());

  beforeEach(() => {
    const { issuer } = provider;
    const entry = (name: Name, method: string) => ({
      ...{ issuer, clientId: name, clientSecret: SECRETS[name] },
      postLogoutRedirectUri: redirects[name],
      clientAuthentication: { method },
    });
    app = start([entry('web', 'client_secret_post'), entry('mobile', 'client_secret_basic')]);
  });

  it.each(NAMES)('log out as %s, by its own authentication and address', async (name) => {
    const other = name === 'web' ? 'mobile' : 'web';
    const [tokens, others] = [await clients[name].logIn(), await clients[other].logIn()];
    await app.oidc.sessions.save(tokens);
    await app.oidc.sessions.save(others);
    await call(app, tokens.access_token).expect(200);
    const answer = await logOut(app, tokens).expect(200);
    expect(parametersOf(answer)).toEqual({
      ...{ id_token_hint: tokens.id_token, client_id: name },
      post_logout_redirect_uri: redirects[name],
      state: expect.any(String),
    });
    expect((await fetch(redirectOf(answer))).status).toBe(200);
    const sid = tokens.claims()?.sid;
    const event = { issuer: provider.issuer, subject: 'alice', sid, reason: undefined };
    expect(app.told.events).toEqual([
      { ...event, kind: 'refresh-token', outcome: 'revoked' },
      { ...event, kind: 'access-token', outcome: 'unsupported' },
    ]);
    expect(await clients[name].refresh(tokens.refresh_token)).toBe('invalid_grant');
    await call(app, tokens.access_token).expect(401);
    await call(app, others.access_token).expect(200);
    expect(await clients[other].refresh(others.refresh_token)).toBe('ok');
  });
});

describe('two clients in one session of the provider', () => {
  let provider: RevocationServer;
  let redis: RedisServer;
  let app: RevokingApp;
  let serial = 0;

  beforeAll(async () => {
    [provider, redis] = await Promise.all([startRevocationServer(), startRedisServer()]);
  });

  afterAll(() => Promise.all([provider.close(), redis.close()]));

  beforeEach(() => {
    provider.reset();
    app = start([entry('web'), entry('mobile')]);
  });

  function entry(name: Name, options: object = {}): object {
    return {
      ...{ issuer: provider.issuer, clientId: name, clientSecret: SECRETS[name] },
      ...{ postLogoutRedirectUri: `https://${name}.example.com/`, ...options },
    };
  }

  function accessToken(name: string, claims: Claims = {}): Promise<string> {
    return provider.signer.accessToken({ client_id: name, ...claims });
  }

  async function issue(name: Name, claims: Claims = {}): Promise<TokenResponse> {
    return {
      access_token: await accessToken(name),
      id_token: await provider.signer.idToken({ aud: name, ...claims }),
      refresh_token: `refresh-${name}-${++serial}`,
    };
  }

  async function login(name: Name, at = app, scope?: string) {
    const tokens = { ...(await issue(name)), scope };
    await at.oidc.sessions.save(tokens);
    return tokens;
  }

  // What was asked, and as whom.
  function asked(): string[][] {
    return provider.requests.map(({ form, headers }) => {
      const [, basic = ''] = (headers.authorization ?? '').split(' ');
      const [id = ''] = Buffer.from(basic, 'base64').toString().split(':');
      return [form.token ?? '', id];
    });
  }

  const statusOf = async ({ access_token }: TokenResponse) =>
    (await call(app, access_token)).status;

  async function bothLogins() {
    return { web: await login('web'), mobile: await login('mobile') };
  }

  it.each(NAMES)('end together at the logout of %s, each revoked as itself', async (name) => {
    const logins = await bothLogins();
    const own = logins[name];
    const parameters = parametersOf(await logOut(app, own).expect(200));
    expect(parameters).toMatchObject({
      ...{ id_token_hint: own.id_token, client_id: name },
      post_logout_redirect_uri: `https://${name}.example.com/`,
    });
    expect([await statusOf(logins.web), await statusOf(logins.mobile)]).toEqual([401, 401]);
    await app.oidc.close();
    expect(asked().sort()).toEqual(
      [
        [own.access_token, name],
        [logins.web.refresh_token, 'web'],
        [logins.mobile.refresh_token, 'mobile'],
      ].sort(),
    );
    expect(app.told.events.map(({ outcome }) => outcome)).toEqual(Array(3).fill('revoked'));
  });

  it('have their metadata and keys fetched once', async () => {
    const logins = await bothLogins();
    await logOut(app, logins.web).expect(200);
    await deliver(app, await provider.signer.logoutToken({ aud: 'mobile' })).expect(200);
    const documents = provider.paths.filter((path) => !path.startsWith('/revoke'));
    expect(documents.sort()).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('log out by the refresh token of the one beside the access token of the other', async () => {
    const { web, mobile } = await bothLogins();
    const { refresh_token } = web;
    const answer = await logOut(app, { ...mobile, refresh_token }).expect(200);
    expect(parametersOf(answer)).toMatchObject({ client_id: 'mobile' });
    await app.oidc.close();
    expect(asked()).toContainEqual([refresh_token, 'web']);
    expect(asked()).toContainEqual([mobile.refresh_token, 'mobile']);
  });

  it('keep the tokens of a refresh with their own client', async () => {
    const { mobile } = await bothLogins();
    const renewed = await issue('mobile');
    await app.oidc.sessions.rotate(mobile, renewed);
    const answer = await logOut(app, { access_token: renewed.access_token }).expect(200);
    const hint = { id_token_hint: renewed.id_token, client_id: 'mobile' };
    expect(parametersOf(answer)).toMatchObject(hint);
    await app.oidc.close();
    expect(asked()).toContainEqual([renewed.refresh_token, 'mobile']);
    expect(asked().flat()).not.toContain(mobile.refresh_token);
  });

  it('do not take the ID Token of each other at a refresh', async () => {
    const { mobile } = await bothLogins();
    await expect(app.oidc.sessions.rotate(mobile, await issue('web'))).rejects.toMatchObject({
      ...{ code: InvalidIdTokenError.code, reason: 'wrong-audience', claim: 'aud' },
      expected: 'mobile',
    });
    expect(await statusOf(mobile)).toBe(200);
  });

  it('have the refresh of an unknown login revoked as the client of its ID Token', async () => {
    const tokens = { ...(await issue('mobile')), access_token: 'opaque' };
    const used = { access_token: 'a', refresh_token: 'never saved' };
    await expect(app.oidc.sessions.rotate(used, tokens)).rejects.toThrow();
    await app.oidc.close();
    expect(asked()).toEqual([
      [tokens.refresh_token, 'mobile'],
      ['opaque', 'mobile'],
    ]);
  });

  it.each<[string, Claims, Name]>([
    ['by azp, where it is for both', { aud: ['web', 'mobile'], azp: 'mobile' }, 'mobile'],
    ['by aud, where azp is another', { aud: 'mobile', azp: 'web' }, 'mobile'],
    ['as the first, where nothing tells', { aud: ['mobile', 'web'] }, 'web'],
  ])('save an ID Token %s', async (_how, claims, name) => {
    const tokens = await issue('web', claims);
    await app.oidc.sessions.save({ ...tokens, access_token: 'opaque' });
    const answer = await logOut(app, { ...tokens, access_token: 'opaque' }).expect(200);
    const hint = { id_token_hint: tokens.id_token, client_id: name };
    expect(parametersOf(answer)).toMatchObject(hint);
    await app.oidc.close();
    expect(asked()[0]).toEqual([tokens.refresh_token, name]);
  });

  it.each<[string, Claims]>([
    ['a third client', { aud: 'other' }],
    ['nobody', { aud: undefined }],
  ])('do not save an ID Token for %s', async (_whom, claims) => {
    const tokens = await issue('web', claims);
    await expect(app.oidc.sessions.save(tokens)).rejects.toThrow(InvalidIdTokenError);
  });

  it.each<[string, Claims, Name]>([
    ['client_id', { client_id: 'mobile' }, 'mobile'],
    ['azp', { client_id: undefined, azp: 'mobile' }, 'mobile'],
    ['aud', { client_id: undefined, aud: [AUDIENCE, 'mobile'] }, 'mobile'],
    ['nothing', { client_id: undefined }, 'web'],
  ])('log out a token that nobody saved by its %s', async (_claim, claims, name) => {
    const access_token = await accessToken('', claims);
    const answer = await logOut(app, { access_token, refresh_token: 'unsaved' }).expect(200);
    expect(parametersOf(answer)).toEqual({
      client_id: name,
      post_logout_redirect_uri: `https://${name}.example.com/`,
      state: expect.any(String),
    });
    await app.oidc.close();
    expect(asked()).toEqual([
      ['unsaved', name],
      [access_token, name],
    ]);
  });

  it('log out a saved token that tells of no client as the client of its login', async () => {
    const access_token = await accessToken('', { client_id: undefined });
    const tokens = { ...(await issue('mobile')), access_token };
    await app.oidc.sessions.save(tokens);
    const answer = await logOut(app, { access_token }).expect(200);
    const hint = { id_token_hint: tokens.id_token, client_id: 'mobile' };
    expect(parametersOf(answer)).toMatchObject(hint);
    await app.oidc.close();
    expect(asked().map(([, name]) => name)).toEqual(['mobile', 'mobile']);
  });

  it('ask for no revocation of what another client got', async () => {
    const access_token = await accessToken('other');
    const answer = await logOut(app, { access_token, refresh_token: 'unsaved' }).expect(200);
    expect(parametersOf(answer)).toMatchObject({ client_id: 'web' });
    await app.oidc.close();
    expect(provider.requests).toEqual([]);
    const event = { issuer: provider.issuer, subject: 'alice', sid: 'sid-1' };
    const unsupported = { ...event, outcome: 'unsupported', reason: 'OTHER_CLIENT' };
    expect(app.told.events).toEqual([
      { ...unsupported, kind: 'refresh-token' },
      { ...unsupported, kind: 'access-token' },
    ]);
    await call(app, access_token).expect(401);
  });

  describe('of two apps on one Redis', () => {
    let web: RevokingApp;
    let mobile: RevokingApp;

    beforeEach(async () => {
      await redis.flush();
      web = start([entry('web')], { redis: redis.connect() });
      mobile = start([entry('mobile')], { redis: redis.connect() });
    });

    it('leave the tokens of each other unrevoked, and say so', async () => {
      const [own, others] = [await login('web', web), await login('mobile', mobile)];
      await logOut(web, own).expect(200);
      await call(mobile, others.access_token).expect(401);
      await web.oidc.close();
      expect(asked()).toEqual([
        [own.refresh_token, 'web'],
        [own.access_token, 'web'],
      ]);
      expect(web.told.events.map(({ outcome, reason }) => [outcome, reason])).toEqual(
        expect.arrayContaining([['unsupported', 'OTHER_CLIENT']]),
      );
    });

    it('leave what they cannot open, each with a key of its own', async () => {
      const encryptionKey = Buffer.alloc(32, 8);
      const stranger = start([entry('web'), entry('mobile')], {
        ...{ redis: redis.connect(), encryptionKey },
      });
      const [own, others] = [await login('web', stranger), await login('mobile', mobile)];
      await logOut(stranger, own).expect(200);
      await call(mobile, others.access_token).expect(401);
      await expect(
        mobile.oidc.sessions.rotate(others, { ...(await issue('mobile')), refresh_token: null }),
      ).rejects.toMatchObject({ code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' });
      await stranger.oidc.close();
      expect(asked().flat()).not.toContain(others.refresh_token);
      expect(stranger.told.events.map(({ outcome }) => outcome)).toEqual(['revoked', 'revoked']);
    });

    it('end the session of each other where the provider has a subject for each client', async () => {
      const own = await login('web', web);
      const iat = Math.floor(Date.now() / 1000) + 1;
      const others = await issue('mobile', { sub: 'pairwise', iat });
      const access_token = await accessToken('mobile', { sub: 'pairwise' });
      await mobile.oidc.sessions.save({ ...others, access_token });
      await call(web, own.access_token).expect(401);
      await call(mobile, access_token).expect(200);
    });

    it('send no ID Token of theirs for the token of the other', async () => {
      await login('web', web);
      const others = await login('mobile', mobile);
      const answer = await logOut(web, { access_token: others.access_token }).expect(200);
      expect(parametersOf(answer)).not.toHaveProperty('id_token_hint');
    });
  });

  describe('get a Logout Token', () => {
    it.each(NAMES)('for %s, which ends both', async (name) => {
      const logins = await bothLogins();
      await deliver(app, await provider.signer.logoutToken({ aud: name })).expect(200);
      expect([await statusOf(logins.web), await statusOf(logins.mobile)]).toEqual([401, 401]);
      const other = name === 'web' ? 'mobile' : 'web';
      await deliver(app, await provider.signer.logoutToken({ aud: other })).expect(200);
      await app.oidc.close();
      expect(asked().sort()).toEqual(
        [
          [logins.web.refresh_token, 'web'],
          [logins.mobile.refresh_token, 'mobile'],
        ].sort(),
      );
    });

    it('that spares the offline access of one client alone', async () => {
      await login('web', app, 'openid offline_access');
      const { refresh_token } = await login('mobile', app, 'openid');
      await deliver(app, await provider.signer.logoutToken({ aud: 'web' })).expect(200);
      await app.oidc.close();
      expect(asked()).toEqual([[refresh_token, 'mobile']]);
    });

    it.each<[string, Claims, boolean, number]>([
      ['both', { aud: ['mobile', 'web'] }, false, 200],
      ['both, where strict', { aud: ['mobile', 'web'] }, true, 400],
      ['one, where strict', { aud: ['mobile'] }, true, 200],
      ['one and another', { aud: ['other', 'mobile'] }, false, 200],
      ['another', { aud: 'other' }, false, 400],
    ])('for %s', async (_whom, claims, strict, status) => {
      const at = start([entry('web'), entry('mobile')], { strict });
      await login('web', at);
      expect((await deliver(at, await provider.signer.logoutToken(claims))).status).toBe(status);
    });

    it.each<[string, Name, Name, number]>([
      ['its own client', 'mobile', 'mobile', 200],
      ['another client', 'mobile', 'web', 400],
    ])('signed by the secret of %s', async (_whose, aud, signer, status) => {
      const options = { logoutTokenAlgorithms: 'HS256' };
      const secrets = { web: 'w'.repeat(32), mobile: 'm'.repeat(32) };
      const at = start(
        NAMES.map((name) => entry(name, { ...options, clientSecret: secrets[name] })),
      );
      const claims = { iss: provider.issuer, aud, sid: 'sid-1', jti: `hs-${++serial}` };
      const token = await new SignJWT({ ...claims, events: LOGOUT_EVENT })
        .setProtectedHeader({ alg: 'HS256', typ: 'logout+jwt' })
        .setIssuedAt()
        .setExpirationTime('2m')
        .sign(Buffer.from(secrets[signer]));
      expect((await deliver(at, token)).status).toBe(status);
    });

    it.each<[string, Claims, Name, number]>([
      ['mobile by its own key', { aud: 'mobile' }, 'mobile', 200],
      ['mobile by the key of web', { aud: 'mobile' }, 'web', 400],
      ['web by its own key', { aud: 'web' }, 'web', 200],
    ])('encrypted to %s', async (_what, claims, whose, status) => {
      const alg = 'ECDH-ES';
      const pairs = {
        web: await generateKeyPair(alg, { extractable: true }),
        mobile: await generateKeyPair(alg, { extractable: true }),
      };
      const entries = NAMES.map(async (name) => {
        const jwks = { keys: [await exportJWK(pairs[name].privateKey)] };
        return entry(name, { idTokenEncryption: { alg, jwks } });
      });
      const at = start(await Promise.all(entries));
      const token = await new CompactEncrypt(Buffer.from(await provider.signer.logoutToken(claims)))
        .setProtectedHeader({ alg, enc: 'A128CBC-HS256' })
        .encrypt(pairs[whose].publicKey);
      expect((await deliver(at, token)).status).toBe(status);
    });

    it('by the algorithms of its client alone', async () => {
      const at = start([entry('web'), entry('mobile', { logoutTokenAlgorithms: 'ES256' })]);
      await deliver(at, await provider.signer.logoutToken({ aud: 'web' })).expect(200);
      await deliver(at, await provider.signer.logoutToken({ aud: 'mobile' })).expect(400);
    });
  });

  it('end on the front channel by their issuer', async () => {
    const logins = await bothLogins();
    await request(app.app).get(FRONT_CHANNEL_LOGOUT).query({ sid: 'sid-1' }).expect(200);
    expect([await statusOf(logins.web), await statusOf(logins.mobile)]).toEqual([401, 401]);
    await app.oidc.close();
    expect(asked()).toEqual([]);
  });

  it('end by the app by their issuer', async () => {
    const logins = await bothLogins();
    await app.oidc.sessions.end({ issuer: provider.issuer, sub: 'alice' });
    expect([await statusOf(logins.web), await statusOf(logins.mobile)]).toEqual([401, 401]);
    await app.oidc.close();
    expect(asked()).toContainEqual([logins.web.refresh_token, 'web']);
    expect(asked()).toContainEqual([logins.mobile.refresh_token, 'mobile']);
  });

  it.each<[string, (idToken: string) => object, Name]>([
    ['the client that is given', () => ({ clientId: 'mobile' }), 'mobile'],
    ['the client of the ID Token', (idToken) => ({ idToken }), 'mobile'],
    ['the first client', () => ({}), 'web'],
  ])('have an End Session URL of %s', async (_which, optionsOf, name) => {
    const options = optionsOf(await provider.signer.idToken({ aud: 'mobile' }));
    app.app.get('/own-logout', (req, res, next) => {
      app.oidc.endSessionUrl(req, res, options).then((redirect) => res.json({ redirect }), next);
    });
    const answer = await request(app.app).get('/own-logout').expect(200);
    expect(parametersOf(answer)).toMatchObject({
      client_id: name,
      post_logout_redirect_uri: `https://${name}.example.com/`,
    });
  });

  it('are sent no ID Token of each other', async () => {
    const idToken = await provider.signer.idToken({ aud: 'mobile' });
    app.app.get('/own-logout', (req, res, next) => {
      const url = app.oidc.endSessionUrl(req, res, { clientId: 'web', idToken });
      url.then((redirect) => res.json({ redirect }), next);
    });
    const parameters = parametersOf(await request(app.app).get('/own-logout').expect(200));
    expect(parameters).toMatchObject({ client_id: 'web' });
    expect(parameters).not.toHaveProperty('id_token_hint');
  });

  it('have metadata of their own to register', () => {
    const { issuer } = provider;
    const of = (options: object) => app.oidc.clientMetadata('https://app.example.com', options);
    expect(of({ clientId: 'mobile' }).post_logout_redirect_uris).toEqual([
      'https://mobile.example.com/',
    ]);
    expect(of({ issuer, clientId: 'web' }).post_logout_redirect_uris).toEqual([
      'https://web.example.com/',
    ]);
    const wrong = '"clientId" must be the one of a configured provider';
    for (const options of [{}, { issuer }, { issuer, clientId: 'other' }]) {
      expect(() => of(options)).toThrow(wrong);
    }
    expect(() => of({ issuer: 'https://other.example.com' })).toThrow(
      '"issuer" must be the one of a configured provider',
    );
  });
});
