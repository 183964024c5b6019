import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import request from 'supertest';
import { oidcLogout, type OidcLogoutOptions, type ProviderOptions } from '../../lib/index.ts';
import { type App, appWith, BACK_CHANNEL_LOGOUT, LOGOUT, optionsFor } from '../support/app.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';

const NO_AUDIENCE = { aud: undefined };
const NO_SUBJECT = { aud: undefined, sub: undefined, client_id: undefined, azp: CLIENT_ID };

let signer: Signer;

beforeAll(async () => {
  signer = await createSigner('https://op.example.com', { alg: 'ES256' });
});

function start(
  accessTokens: ProviderOptions['accessTokens'],
  {
    provider,
    ...options
  }: Partial<Omit<OidcLogoutOptions, 'provider'>> & { provider?: object } = {},
): App {
  const entry = { algorithms: 'ES256', accessTokens, ...provider } as Partial<ProviderOptions>;
  const app = appWith({
    ...optionsFor(signer, { provider: entry }),
    audience: undefined,
    ...options,
  });
  if (options.audience === undefined) {
    app.app.use('/api', app.oidc.guard(), (req, res) => void res.json(req.auth));
  }
  return app;
}

async function answerTo({ app }: App, token: string): Promise<[number, string]> {
  const answer = await request(app).get('/api').set('Authorization', `Bearer ${token}`);
  return [answer.status, (answer.body as { error_description?: string }).error_description ?? ''];
}

async function statusOf(app: App, token: string): Promise<number> {
  return (await answerTo(app, token))[0];
}

function untyped(claims: Claims): Promise<string> {
  const standard = { aud: AUDIENCE, sub: 'alice', sid: 'sid-1', client_id: CLIENT_ID };
  return signer.sign({ ...standard, ...claims });
}

describe('a list of clients', () => {
  it.each<[string, Claims]>([
    ['no audience', NO_AUDIENCE],
    ['azp in place of client_id', { ...NO_AUDIENCE, client_id: undefined, azp: 'spa' }],
    ['the audience of another API', { aud: 'https://other.example.com' }],
    [
      'the audience of Keycloak',
      { aud: 'account', client_id: undefined, azp: CLIENT_ID, typ: 'Bearer' },
    ],
    ['a scope', { aud: 'account', client_id: undefined, azp: CLIENT_ID, scope: 'openid' }],
  ])('lets a token of such a client pass with %s', async (_what, claims) => {
    const app = start({ clients: [CLIENT_ID, 'spa'] });
    expect(await statusOf(app, await signer.accessToken(claims))).toBe(200);
    expect(await statusOf(app, await untyped(claims))).toBe(200);
  });

  it.each<[string, Claims]>([
    ['another client', { client_id: 'other' }],
    ['another client for this API', { client_id: 'other', aud: AUDIENCE }],
    ['no client', { client_id: undefined }],
    ['two clients', { client_id: 'spa', azp: 'other' }],
    ['a client that is no text', { client_id: ['spa'] }],
  ])('refuses a token of %s', async (_whose, claims) => {
    const app = start({ clients: 'spa' }, { audience: AUDIENCE });
    expect(await statusOf(app, await signer.accessToken(claims))).toBe(401);
  });

  it.each<[string, Claims]>([
    ['this client', { aud: CLIENT_ID, azp: CLIENT_ID }],
    ['a client of the list', { aud: 'spa', azp: 'spa' }],
    ['another client, got by one of the list', { aud: 'other', azp: 'spa' }],
    ['several clients, got by one of the list', { aud: ['other', 'another'], azp: 'spa' }],
  ])('takes no ID Token of %s for an access token', async (_whose, claims) => {
    const app = start({ clients: [CLIENT_ID, 'spa'] });
    const idToken = await signer.sign({ sub: 'alice', sid: 'sid-1', ...claims });
    expect(await answerTo(app, idToken)).toEqual([401, 'The token is not an access token']);
  });

  it('counts for its own provider alone', async () => {
    const other = await createSigner('https://other.example.com', { alg: 'ES256' });
    const provider = [
      ...[optionsFor(signer, { provider: { algorithms: 'ES256' } }).provider].flat(),
      ...[optionsFor(other, { provider: { algorithms: 'ES256' } }).provider].flat(),
    ].map((entry, index) => ({
      ...entry,
      ...(index === 1 && { accessTokens: { clients: 'web' } }),
    }));
    const app = appWith({ audience: AUDIENCE, provider: provider });
    const [here, there] = [
      await signer.accessToken(NO_AUDIENCE),
      await other.accessToken(NO_AUDIENCE),
    ];
    expect([await statusOf(app, here), await statusOf(app, there)]).toEqual([401, 200]);
    expect(() => oidcLogout({ provider: provider }).guard()).toThrow(
      '"audience" must be set for guard()',
    );
  });

  it('is that of the entry of the client, or of the entry that lists the client', async () => {
    const [entry] = [optionsFor(signer, { provider: { algorithms: 'ES256' } }).provider].flat();
    const app = appWith({
      audience: AUDIENCE,
      provider: [
        entry,
        { ...entry, clientId: 'mobile', accessTokens: { clients: ['mobile', 'spa'] } },
      ] as ProviderOptions[],
    });
    const tokens = await Promise.all(
      [CLIENT_ID, 'mobile', 'spa'].map((client_id) =>
        signer.accessToken({ ...NO_AUDIENCE, client_id }),
      ),
    );
    const statuses = await Promise.all(tokens.map((token) => statusOf(app, token)));
    expect(statuses).toEqual([401, 200, 200]);
  });

  it('decides at a logout too', async () => {
    const { app } = start({ clients: 'spa' });
    const logOut = async (claims: Claims) =>
      (
        await request(app)
          .post(LOGOUT)
          .send({ access_token: await signer.accessToken(claims) })
      ).status;
    expect(await logOut({ ...NO_AUDIENCE, client_id: 'other' })).toBe(401);
    expect(await logOut({ ...NO_AUDIENCE, client_id: 'spa' })).toBe(200);
  });
});

describe('access tokens without a subject', () => {
  const CLIENTS = { clients: CLIENT_ID };

  it('are refused by default', async () => {
    const token = await untyped(NO_SUBJECT);
    expect(await answerTo(start(CLIENTS), token)).toEqual([
      401,
      'The access token names no subject',
    ]);
  });

  it('need a sid, by which they end', async () => {
    const app = start({ ...CLIENTS, withoutSubject: true });
    expect(await statusOf(app, await untyped({ ...NO_SUBJECT, sid: undefined }))).toBe(401);
    const token = await untyped(NO_SUBJECT);
    expect(await statusOf(app, token)).toBe(200);
    await request(app.app)
      .post(BACK_CHANNEL_LOGOUT)
      .type('form')
      .send({ logout_token: await signer.logoutToken() })
      .expect(200);
    expect(await statusOf(app, token)).toBe(401);
  });

  it('end by their own logout, with every other token of the session', async () => {
    const app = start({ ...CLIENTS, withoutSubject: true });
    const [token, other] = [await untyped(NO_SUBJECT), await untyped({ ...NO_SUBJECT, jti: '2' })];
    await request(app.app).post(LOGOUT).send({ access_token: token }).expect(200);
    expect([await statusOf(app, token), await statusOf(app, other)]).toEqual([401, 401]);
  });

  it('end with all sessions of the user, where the login was saved', async () => {
    const app = start({ ...CLIENTS, withoutSubject: true });
    const [saved, minted] = [await untyped(NO_SUBJECT), await untyped({ ...NO_SUBJECT, jti: '2' })];
    await app.oidc.sessions.save({ access_token: saved, id_token: await signer.idToken() });
    expect([await statusOf(app, saved), await statusOf(app, minted)]).toEqual([200, 200]);
    await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
    expect([await statusOf(app, saved), await statusOf(app, minted)]).toEqual([401, 401]);
  });

  it('end the saved session of their sid by their logout', async () => {
    const app = start({ ...CLIENTS, withoutSubject: true });
    const access_token = await signer.accessToken();
    await app.oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    const minted = await untyped(NO_SUBJECT);
    await request(app.app).post(LOGOUT).send({ access_token: minted }).expect(200);
    expect([await statusOf(app, access_token), await statusOf(app, minted)]).toEqual([401, 401]);
  });

  it('are refused where strict', async () => {
    const app = start({ ...CLIENTS, withoutSubject: true }, { strict: true });
    expect(await statusOf(app, await signer.accessToken({ sub: undefined }))).toBe(401);
  });
});

describe('access tokens like ID Tokens', () => {
  const LIKE = { aud: CLIENT_ID, client_id: undefined, nonce: 'n', at_hash: 'h', sid: undefined };

  it('are refused by default, unless saved as access tokens', async () => {
    const app = start({}, { audience: CLIENT_ID });
    const token = await untyped(LIKE);
    expect(await answerTo(app, token)).toEqual([401, 'The token is not an access token']);
    await app.oidc.sessions.save({
      access_token: token,
      id_token: await signer.idToken({ sid: undefined }),
    });
    expect(await statusOf(app, token)).toBe(200);
  });

  it('pass unsaved where the entry says so, and can be logged out', async () => {
    const app = start({ likeIdTokens: true }, { audience: CLIENT_ID });
    const token = await untyped(LIKE);
    expect(await statusOf(app, token)).toBe(200);
    await request(app.app).post(LOGOUT).send({ access_token: token }).expect(200);
    expect(await statusOf(app, token)).toBe(401);
  });

  it.each<[string, () => Promise<string>]>([
    ['a Logout Token', () => signer.logoutToken()],
    ['a Logout Token without a type', () => signer.logoutToken({}, { typ: 'JWT' })],
    ['an ID Token that says so', () => untyped({ ...LIKE, typ: 'ID' })],
    ['a refresh token', () => untyped({ ...LIKE, typ: 'Refresh' })],
    ['an ID Token for another client', () => untyped({ ...LIKE, aud: 'other' })],
  ])('are never %s', async (_what, token) => {
    const app = start({ likeIdTokens: true }, { audience: CLIENT_ID });
    expect(await statusOf(app, await token())).toBe(401);
  });
});

describe('introspection answers without an audience', () => {
  const ANSWER = { active: true, sub: 'alice', client_id: CLIENT_ID };
  let provider: ProviderServer;
  let answer: object = {};

  beforeAll(async () => {
    provider = await startProviderServer();
    const documents = serveMetadata(provider.issuer, []);
    provider.answer = (req, res: ServerResponse) => {
      if (req.url !== '/introspect') {
        documents(req, res);
        return;
      }
      const exp = Math.floor(Date.now() / 1000) + 60;
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ exp, ...answer }));
    };
  });

  afterAll(() => provider.close());

  function introspecting(accessTokens: ProviderOptions['accessTokens']): App {
    const { issuer } = provider;
    const metadata = { introspection_endpoint: `${issuer}/introspect` };
    return start(accessTokens, {
      provider: { issuer, introspection: 'opaque', metadata, clientSecret: 'secret' },
      audience: AUDIENCE,
    });
  }

  it.each<[string, ProviderOptions['accessTokens'], object, number]>([
    ['by default', {}, ANSWER, 401],
    ['of this client', { withoutAudience: true }, ANSWER, 200],
    ['of another client', { withoutAudience: true }, { ...ANSWER, client_id: 'other' }, 401],
    ['of no client', { withoutAudience: true }, { ...ANSWER, client_id: undefined }, 401],
    ['of a refresh token', { withoutAudience: true }, { ...ANSWER, typ: 'Refresh' }, 401],
    ['for another API', { withoutAudience: true }, { ...ANSWER, aud: 'other' }, 401],
    [
      'of a client of the list',
      { withoutAudience: true, clients: 'spa' },
      { ...ANSWER, client_id: 'spa' },
      200,
    ],
    ['of a client outside the list', { withoutAudience: true, clients: 'spa' }, ANSWER, 401],
    [
      'but with a type, of a client of the list',
      { clients: 'spa' },
      { ...ANSWER, client_id: 'spa', token_type: 'Bearer' },
      200,
    ],
  ])('%s', async (_what, accessTokens, given, status) => {
    answer = given;
    expect(await statusOf(introspecting(accessTokens), 'opaque')).toBe(status);
  });

  it.each(['client_id', 'azp'])('go by %s to the entry that lists the client', async (claim) => {
    const { issuer } = provider;
    const metadata = { introspection_endpoint: `${issuer}/introspect` };
    const entry = { issuer, introspection: 'opaque', metadata, clientSecret: 'secret' } as const;
    const listing = { ...entry, clientId: 'mobile', accessTokens: { clients: ['mobile', 'spa'] } };
    const app = appWith({
      audience: AUDIENCE,
      provider: [{ ...entry, clientId: CLIENT_ID }, listing],
    });
    answer = { active: true, sub: 'alice', token_type: 'Bearer', [claim]: 'spa' };
    expect(await statusOf(app, 'opaque')).toBe(200);
  });

  it('pass for no saved refresh token', async () => {
    const app = introspecting({ withoutAudience: true });
    answer = ANSWER;
    expect(await statusOf(app, 'unsaved-refresh')).toBe(200);
    const id_token = await signer.idToken({ iss: provider.issuer });
    const tokens = { access_token: 'access', id_token, refresh_token: 'refresh' };
    await app.oidc.sessions.save(tokens);
    expect(await answerTo(app, 'refresh')).toEqual([401, 'The token is not an access token']);
  });
});
