import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import express from 'express';
import { decodeJwt } from 'jose';
import { Provider } from 'oidc-provider/lib/provider.js';
import request from 'supertest';
import { closeServer, listen } from '../../example-app/listening.ts';
import { configure } from '../../example-app/provider/configuration.ts';
import { interactions } from '../../example-app/provider/interactions.ts';
import { createMemoryAdapters } from '../../example-app/provider/memory-adapter.ts';
import type { EndSessionOptions, OidcLogoutOptions, ProviderOptions } from '../../lib/index.ts';
import {
  type App,
  appWith,
  call,
  FRONT_CHANNEL_LOGOUT,
  LOGOUT,
  optionsFor,
} from '../support/app.ts';
import { BrowserSession, type Page } from '../support/browser-session.ts';
import { targetOf } from '../support/logout-page.ts';
import {
  AUDIENCE,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';

const POST_LOGOUT = 'https://app.example.com/logged-out';
const ENCODED_POST_LOGOUT = 'https%3A%2F%2Fapp.example.com%2Flogged-out';
const STATE = '[\\w-]{43}';
/** Makes an ID Token of about 20 kB. */
const LARGE = { groups: 'x'.repeat(14_500) };
const FORM = '/logout-with-form';

interface Form {
  readonly action: string;
  readonly method: string;
  readonly fields: Record<string, string>;
}

const apps: App[] = [];
const servers: ProviderServer[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function startWith(options: OidcLogoutOptions): App {
  const app = appWith(options);
  app.app.use(FORM, app.oidc.logout({ form: true }));
  apps.push(app);
  return app;
}

async function logOut({ app }: App, access_token: string, path = LOGOUT) {
  const body: unknown = (await request(app).post(path).send({ access_token }).expect(200)).body;
  return body as { redirect: string; form?: Form };
}

function parametersOf(url: string): Record<string, string> {
  const { searchParams } = new URL(url);
  const names = [...searchParams.keys()];
  expect(names).toEqual([...new Set(names)]);
  return Object.fromEntries(searchParams);
}

describe('the End Session request', () => {
  let signer: Signer;

  beforeAll(async () => {
    signer = await createSigner();
  });

  function start(
    provider: Partial<ProviderOptions> = {},
    options: Partial<OidcLogoutOptions> = {},
  ): App {
    return startWith({ ...optionsFor(signer, { provider }), ...options });
  }

  async function logIn({ oidc }: App, claims: object = {}) {
    const tokens = {
      access_token: await signer.accessToken(),
      id_token: await signer.idToken({ ...claims }),
    };
    await oidc.sessions.save(tokens);
    return tokens;
  }

  /** The URL as `endSessionUrl()` makes it. */
  async function urlOf({ oidc }: App, session: EndSessionOptions = {}): Promise<string> {
    const app = express();
    app.get('/', async (req, res) => {
      res.json({ url: await oidc.endSessionUrl(req, res, session) });
    });
    const body: unknown = (await request(app).get('/').expect(200)).body;
    return (body as { url: string }).url;
  }

  it('has its parameters in their order, each once', async () => {
    const app = start({
      logoutHint: ({ issuer, subject = '', sid = '' }) => [issuer, subject, sid].join(' & '),
      uiLocales: ['fr-CA', 'fr', 'en'],
      endSessionParameters: { z: '1 2', a: 'é' },
    });
    const idToken = await signer.idToken();
    expect(await urlOf(app, { idToken, subject: 'alice', sid: 's=1' })).toMatch(
      new RegExp(
        `^https://op\\.example\\.com/logout\\?id_token_hint=${idToken}&client_id=web` +
          `&post_logout_redirect_uri=${ENCODED_POST_LOGOUT}&state=${STATE}` +
          '&logout_hint=https%3A%2F%2Fop\\.example\\.com\\+%26\\+alice\\+%26\\+s%3D1' +
          '&ui_locales=fr-CA\\+fr\\+en&z=1\\+2&a=%C3%A9$',
      ),
    );
  });

  it.each<[string, object, object, string[]]>([
    ['nothing by default', {}, {}, ['client_id', 'post_logout_redirect_uri', 'state']],
    ['no redirect, and no state then', { postLogoutRedirectUri: undefined }, {}, ['client_id']],
    ['no client_id', {}, { includeClientId: false }, ['post_logout_redirect_uri', 'state']],
    [
      'no logout_hint where the function tells none',
      { logoutHint: () => undefined },
      {},
      ['client_id', 'post_logout_redirect_uri', 'state'],
    ],
    [
      'no logout_hint where the function tells an empty one',
      { logoutHint: () => '' },
      {},
      ['client_id', 'post_logout_redirect_uri', 'state'],
    ],
    [
      'one language',
      { uiLocales: 'de' },
      {},
      ['client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'],
    ],
  ])('without an ID Token has %s', async (_what, provider, options, names) => {
    expect(Object.keys(parametersOf(await urlOf(start(provider, options))))).toEqual(names);
  });

  it.each([
    'https://app.example.com',
    'https://APP.example.com:443/out',
    'https://app.example.com/a%20b/../c?x=[1]&y=%2f+z&&',
    "https://app.example.com/~(';*!)/?q=%C3%A9%zz",
    'com.example.app:/logged-out',
    'Com.Example.app-2://logged-out?from=web',
  ])('sends %s byte for byte', async (postLogoutRedirectUri) => {
    const { post_logout_redirect_uri } = parametersOf(
      await urlOf(start({ postLogoutRedirectUri })),
    );
    expect(post_logout_redirect_uri).toBe(postLogoutRedirectUri);
  });

  it.each([
    [undefined, 'https://a.example/out'],
    ['https://a.example/out', 'https://a.example/out'],
    ['com.example.app:/out', 'com.example.app:/out'],
  ])('sends the browser to the chosen one of several addresses: %s', async (chosen, expected) => {
    const app = start({ postLogoutRedirectUri: ['https://a.example/out', 'com.example.app:/out'] });
    const url = await urlOf(app, { postLogoutRedirectUri: chosen });
    expect(parametersOf(url).post_logout_redirect_uri).toBe(expected);
  });

  it('has another state each time', async () => {
    const app = start();
    const states = [await urlOf(app), await urlOf(app)].map((url) => parametersOf(url).state);
    expect(new Set(states).size).toBe(2);
  });

  it("keeps the endpoint's own query as it is, and repeats none of its parameters", async () => {
    const end_session_endpoint = 'https://op.example.com/logout?tenant=a%2fb+c&client_id=own';
    const app = start({ metadata: { end_session_endpoint } });
    const url = await urlOf(app);
    expect(url.startsWith(`${end_session_endpoint}&post_logout_redirect_uri=`)).toBe(true);
    expect(parametersOf(url)).toMatchObject({ tenant: 'a/b c', client_id: 'own' });
    const { access_token } = await logIn(app);
    const { form } = await logOut(app, access_token, FORM);
    expect(form?.action).toBe(end_session_endpoint);
    expect(Object.keys(form?.fields ?? {})).toEqual([
      'id_token_hint',
      'post_logout_redirect_uri',
      'state',
    ]);
  });

  describe('sends the ID Token', () => {
    const SMALL = {};

    it.each<[ProviderOptions['idTokenHint'], string, object, boolean]>([
      [undefined, 'small', SMALL, true],
      [undefined, 'large', LARGE, false],
      ['auto', 'small', SMALL, true],
      ['auto', 'large', LARGE, false],
      ['always', 'small', SMALL, true],
      ['always', 'large', LARGE, true],
      ['never', 'small', SMALL, false],
      ['never', 'large', LARGE, false],
      ['required', 'small', SMALL, true],
      ['required', 'large', LARGE, true],
    ])('with %j and a %s one: %#', async (idTokenHint, _size, claims, isSent) => {
      const app = start({ idTokenHint });
      const { access_token, id_token } = await logIn(app, claims);
      const { redirect } = await logOut(app, access_token);
      const { id_token_hint, client_id } = parametersOf(redirect);
      expect(id_token_hint).toBe(isSent ? id_token : undefined);
      expect(client_id).toBe(CLIENT_ID);
      expect(redirect.length > 8000).toBe(isSent && claims === LARGE);
    });

    it('as long as the URL is not longer than maxRedirectLength, to the byte', async () => {
      const idToken = await signer.idToken();
      const { length } = await urlOf(start(), { idToken });
      const hints = [length - 1, length].map(async (maxRedirectLength) => {
        const url = await urlOf(start({ maxRedirectLength }), { idToken });
        return parametersOf(url).id_token_hint;
      });
      expect(await Promise.all(hints)).toEqual([undefined, idToken]);
    });

    it.each<[string, ProviderOptions['logoutHint'], string]>([
      ['the sid', undefined, 'sid-1'],
      ['the sid where the function tells none', () => undefined, 'sid-1'],
      [
        'what the function tells',
        ({ subject = '' }) => `${subject}@example.com`,
        'alice@example.com',
      ],
    ])('or %s as logout_hint in its place', async (_what, logoutHint, expected) => {
      const app = start(logoutHint && { logoutHint });
      const { access_token } = await logIn(app, LARGE);
      const { redirect } = await logOut(app, access_token);
      const { state, ...parameters } = parametersOf(redirect);
      expect(state).toMatch(new RegExp(`^${STATE}$`));
      expect(parameters).toEqual({
        client_id: CLIENT_ID,
        post_logout_redirect_uri: POST_LOGOUT,
        logout_hint: expected,
      });
    });

    it.each<[string, () => string | Promise<string>]>([
      ['empty', () => ''],
      ['a JWE', () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.text.tag'],
      [
        'a JWE with a key in it',
        () => 'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.key.iv.text.tag',
      ],
      ['no JWT', () => 'opaque'],
      ['not signed', async () => (await signer.idToken()).replace(/[^.]+$/, '')],
    ])('never when it is %s', async (_what, make) => {
      const idToken = await make();
      for (const idTokenHint of ['auto', 'always'] as const) {
        const url = await urlOf(start({ idTokenHint }), { idToken });
        expect(Object.keys(parametersOf(url))).toEqual([
          'client_id',
          'post_logout_redirect_uri',
          'state',
        ]);
      }
    });
  });

  describe('where the ID Token is required', () => {
    const RETURNING = ['client_id', 'post_logout_redirect_uri', 'state'];

    it('asks for no way back without one, and keeps no state', async () => {
      const app = start({ idTokenHint: 'required', uiLocales: 'fr' });
      const answer = await request(app.app)
        .post(FORM)
        .send({ access_token: await signer.accessToken() })
        .expect(200);
      const body = answer.body as { redirect: string; form: Form };
      expect(Object.keys(parametersOf(body.redirect))).toEqual(['client_id', 'ui_locales']);
      expect(Object.keys(body.form.fields)).toEqual(['client_id', 'ui_locales']);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(Object.keys(parametersOf(await urlOf(app)))).toEqual(['client_id', 'ui_locales']);
    });

    it.each<[string, () => string | Promise<string>]>([
      ['a JWE', () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.text.tag'],
      ['no JWT', () => 'opaque'],
    ])('asks for none with %s either', async (_what, make) => {
      const url = await urlOf(start({ idTokenHint: 'required' }), { idToken: await make() });
      expect(Object.keys(parametersOf(url))).toEqual(['client_id']);
    });

    it('asks for the way back with one, the same within retryWindow, and not later', async () => {
      for (const retryWindow of [60, 0]) {
        const app = start({ idTokenHint: 'required' }, { retryWindow });
        const { access_token } = await logIn(app);
        const first = await logOut(app, access_token);
        expect(Object.keys(parametersOf(first.redirect))).toEqual(['id_token_hint', ...RETURNING]);
        const again = await logOut(app, access_token);
        if (retryWindow > 0) expect(again).toEqual(first);
        else expect(Object.keys(parametersOf(again.redirect))).toEqual(['client_id']);
      }
    });

    it('asks for none in a session without tokens', async () => {
      const app = start({ idTokenHint: 'required' });
      app.app.use('/own', app.oidc.logout({ tokens: () => undefined }));
      const answer = await request(app.app).post('/own').set('Sec-Fetch-Site', 'same-origin');
      expect(answer.body).toEqual({ redirect: 'https://op.example.com/logout?client_id=web' });
      expect(answer.headers['set-cookie']).toBeUndefined();
    });
  });

  describe('logoutHint gets the claims of the ID Token', () => {
    const WITH_NAME = { preferred_username: 'alice@example.com' };
    let known: unknown[];

    function startHinting(options: Partial<OidcLogoutOptions> = {}): App {
      known = [];
      const logoutHint: ProviderOptions['logoutHint'] = ({ idTokenClaims }) => {
        known.push(idTokenClaims);
        return Promise.resolve(idTokenClaims?.preferred_username as string | undefined);
      };
      return start({ logoutHint }, options);
    }

    async function hintOf(app: App, access_token: string): Promise<string | undefined> {
      return parametersOf((await logOut(app, access_token)).redirect).logout_hint;
    }

    it('of the login that logs out, and again within retryWindow', async () => {
      const app = startHinting({ encryptionKey: new Uint8Array(32) });
      const { access_token, id_token } = await logIn(app, WITH_NAME);
      const first = await logOut(app, access_token);
      expect(parametersOf(first.redirect).logout_hint).toBe('alice@example.com');
      expect(await logOut(app, access_token)).toEqual(first);
      const claims = decodeJwt(id_token);
      expect(known).toEqual([claims, claims]);
      expect(JSON.stringify(app.events)).not.toContain('alice@example.com');
    });

    it('that endSessionUrl() is given', async () => {
      const idToken = await signer.idToken(WITH_NAME);
      const { logout_hint } = parametersOf(await urlOf(startHinting(), { idToken }));
      expect(logout_hint).toBe('alice@example.com');
    });

    it.each<[string, (app: App) => Promise<string>]>([
      ['nobody saved the login', () => signer.accessToken({ sid: 'other' })],
      [
        'nobody saved the login, which has no session',
        () => signer.accessToken({ sid: undefined }),
      ],
      ['the token is of another client', () => signer.accessToken({ client_id: 'other' })],
      ['the token is bound to a key', () => signer.accessToken({ cnf: { jkt: 'x' } })],
      [
        'the session ended by another logout',
        async (app) => {
          await logOut(app, await signer.accessToken());
          return signer.accessToken();
        },
      ],
      [
        'the front channel ended the session',
        async ({ app }) => {
          await request(app).get(`${FRONT_CHANNEL_LOGOUT}?sid=sid-1`).expect(200);
          return signer.accessToken();
        },
      ],
      [
        'the user ended, and another login of the session lives',
        async (app) => {
          const access_token = await signer.accessToken({ iat: 1000 });
          await app.oidc.sessions.end({ issuer: signer.issuer, sub: 'alice' });
          await app.oidc.sessions.save({
            access_token: await signer.accessToken(),
            id_token: await signer.idToken({
              ...WITH_NAME,
              iat: Math.floor(Date.now() / 1000) + 60,
            }),
          });
          return access_token;
        },
      ],
    ])('but none where %s', async (_when, tokenOf) => {
      const app = startHinting();
      await logIn(app, WITH_NAME);
      const access_token = await tokenOf(app);
      known = [];
      expect(await hintOf(app, access_token)).toBeUndefined();
      expect(known).toEqual([undefined]);
    });

    it('but none after retryWindow: a dead token buys no name', async () => {
      const app = startHinting({ retryWindow: 0 });
      const { access_token } = await logIn(app, WITH_NAME);
      expect(await hintOf(app, access_token)).toBe('alice@example.com');
      expect(await hintOf(app, access_token)).toBeUndefined();
    });
  });

  describe('as a form', () => {
    it('stands beside the redirect when the app wants it', async () => {
      const app = start({ uiLocales: ['fr-CA', 'fr'] });
      const { access_token, id_token } = await logIn(app);
      const answer = await logOut(app, access_token, FORM);
      const { state = '' } = parametersOf(answer.redirect);
      expect(state).toMatch(new RegExp(`^${STATE}$`));
      expect(answer).toEqual({
        redirect: expect.any(String),
        form: {
          action: 'https://op.example.com/logout',
          method: 'POST',
          fields: {
            id_token_hint: id_token,
            client_id: CLIENT_ID,
            post_logout_redirect_uri: POST_LOGOUT,
            state,
            ui_locales: 'fr-CA fr',
          },
        },
      });
    });

    it('has the ID Token that is too long for the URL, and the same state', async () => {
      const app = start();
      const { access_token, id_token } = await logIn(app, LARGE);
      const { redirect, form } = await logOut(app, access_token, FORM);
      expect(redirect.length).toBeLessThan(8000);
      expect(form?.fields.id_token_hint).toBe(id_token);
      expect(form?.fields.state).toBe(parametersOf(redirect).state);
    });

    it('has no ID Token where it is never sent', async () => {
      const app = start({ idTokenHint: 'never' });
      const { access_token } = await logIn(app);
      const { form } = await logOut(app, access_token, FORM);
      expect(Object.keys(form?.fields ?? {})).toEqual([
        'client_id',
        'post_logout_redirect_uri',
        'state',
      ]);
    });

    it('is the same again for a retry', async () => {
      const app = start();
      const { access_token } = await logIn(app);
      const first = await logOut(app, access_token, FORM);
      expect(await logOut(app, access_token, FORM)).toEqual(first);
    });

    it('is left out where the provider has no endpoint, and where nobody asked for it', async () => {
      const bare = start({ metadata: {} });
      expect(await logOut(bare, await signer.accessToken(), FORM)).toEqual({ redirect: null });
      const app = start();
      expect(await logOut(app, await signer.accessToken())).toEqual({
        redirect: expect.any(String),
      });
    });

    it('is of no use to a caller that prefers HTML, who is sent on', async () => {
      const app = start();
      const { access_token, id_token } = await logIn(app);
      const answer = await request(app.app)
        .post(FORM)
        .accept('text/html')
        .send({ access_token })
        .expect(200);
      expect(parametersOf(targetOf(answer.text)).id_token_hint).toBe(id_token);
    });
  });
});

describe('a provider with a logout of its own', () => {
  async function startAt(
    issuer: string,
    provider: Partial<ProviderOptions>,
    options: Partial<OidcLogoutOptions> = {},
  ) {
    const signer = await createSigner(issuer);
    const app = startWith({ ...optionsFor(signer, { provider }), ...options });
    const access_token = await signer.accessToken();
    await app.oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    return { app, access_token };
  }

  const AUTH0 = 'https://tenant.eu.auth0.com/v2/logout';
  const COGNITO = 'https://app.auth.eu-west-1.amazoncognito.com/logout';
  const cognito = { endSession: 'cognito', metadata: { end_session_endpoint: COGNITO } } as const;
  const RETURN_TO = `returnTo=${ENCODED_POST_LOGOUT}`;

  it.each<[string, string, Partial<ProviderOptions>, string]>([
    [
      'Auth0',
      'https://tenant.eu.auth0.com/',
      { endSession: 'auth0' },
      `${AUTH0}?client_id=web&${RETURN_TO}`,
    ],
    [
      'Auth0 without metadata and slash',
      'https://tenant.eu.auth0.com',
      { endSession: 'auth0', metadata: {} },
      `${AUTH0}?client_id=web&${RETURN_TO}`,
    ],
    [
      'Auth0 without a place to return to',
      'https://tenant.eu.auth0.com/',
      { endSession: 'auth0', postLogoutRedirectUri: undefined },
      `${AUTH0}?client_id=web`,
    ],
    [
      'Auth0 with the other parameters',
      'https://tenant.eu.auth0.com/',
      {
        endSession: 'auth0',
        endSessionParameters: { federated: 'true' },
        uiLocales: 'fr',
        logoutHint: () => 'alice',
        idTokenHint: 'always',
      },
      `${AUTH0}?client_id=web&${RETURN_TO}&federated=true`,
    ],
    [
      'Amazon Cognito',
      'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc',
      cognito,
      `${COGNITO}?client_id=web&logout_uri=${ENCODED_POST_LOGOUT}`,
    ],
    [
      'Amazon Cognito with parameters',
      'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc',
      { ...cognito, endSessionParameters: { lang: 'fr' }, idTokenHint: 'always' },
      `${COGNITO}?client_id=web&logout_uri=${ENCODED_POST_LOGOUT}&lang=fr`,
    ],
  ])('%s', async (_what, issuer, provider, redirect) => {
    for (const includeClientId of [true, false]) {
      const { app, access_token } = await startAt(issuer, provider, { includeClientId });
      const answer = await request(app.app).post(LOGOUT).send({ access_token });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ redirect });
      // It sends no state back that could be bound.
      expect(answer.headers['set-cookie']).toBeUndefined();
      await call(app, access_token).expect(401);
    }
  });

  it.each<[string, Partial<ProviderOptions>, string]>([
    ['https://tenant.eu.auth0.com/', { endSession: 'auth0' }, 'returnTo'],
    ['https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc', cognito, 'logout_uri'],
  ])('%s sends the browser to the chosen address, and a retry to the same', async (...given) => {
    const [issuer, provider, parameter] = given;
    const postLogoutRedirectUri = [POST_LOGOUT, 'https://b.example/out'];
    const { app, access_token } = await startAt(issuer, { ...provider, postLogoutRedirectUri });
    const choices = [postLogoutRedirectUri[1], undefined];
    app.app.use('/own', app.oidc.logout({ postLogoutRedirectUri: () => choices.shift() }));
    const first = await logOut(app, access_token, '/own');
    expect(parametersOf(first.redirect)[parameter]).toBe('https://b.example/out');
    expect(await logOut(app, access_token, '/own')).toEqual(first);
  });

  it('Amazon Cognito without a domain of its own has no endpoint: null', async () => {
    const { app, access_token } = await startAt('https://op.example.com', {
      endSession: 'cognito',
      metadata: {},
    });
    expect(await logOut(app, access_token)).toEqual({ redirect: null });
  });

  it('Google, which has none: the tokens are revoked there, and the answer is null', async () => {
    const server = await startProviderServer();
    servers.push(server);
    const { issuer } = server;
    const signer = await createSigner(issuer);
    // https://accounts.google.com/.well-known/openid-configuration, as far as it matters
    const documents = serveMetadata(issuer, [signer.jwk], {
      end_session_endpoint: undefined,
      authorization_endpoint: `${issuer}/o/oauth2/v2/auth`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      response_types_supported: ['code', 'token', 'id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    });
    const revoked: Record<string, string>[] = [];
    server.answer = (req, res) => {
      if (req.url !== '/revoke') {
        documents(req, res);
        return;
      }
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        revoked.push(Object.fromEntries(new URLSearchParams(body)));
        res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    };
    const app = startWith({
      audience: AUDIENCE,
      provider: {
        issuer,
        clientId: CLIENT_ID,
        clientSecret: 'secret',
        postLogoutRedirectUri: POST_LOGOUT,
      },
    });
    const tokens = { access_token: 'ya29.a0', refresh_token: '1//0g', expires_in: 3599 };
    await app.oidc.sessions.save({ ...tokens, id_token: await signer.idToken() });
    const { access_token, refresh_token } = tokens;
    await call(app, access_token).expect(200);

    const post = () => request(app.app).post(LOGOUT).send({ access_token, refresh_token });
    await post().expect(200, { redirect: null });

    const client = { client_id: CLIENT_ID, client_secret: 'secret' };
    expect(revoked).toEqual([
      { token: refresh_token, token_type_hint: 'refresh_token', ...client },
      { token: access_token, token_type_hint: 'access_token', ...client },
    ]);
    await call(app, access_token).expect(401);
    const page = await post().accept('text/html').expect(200);
    expect(targetOf(page.text)).toBe(POST_LOGOUT);
  });
});

describe('a real oidc-provider ends the session', () => {
  const SECRET = 'the secret of the app';
  const CALLBACK = 'https://app.example.com/callback';
  let issuer: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const clients = [
      {
        client_id: CLIENT_ID,
        client_secret: SECRET,
        token_endpoint_auth_method: 'client_secret_post' as const,
        redirect_uris: [CALLBACK],
        post_logout_redirect_uris: [POST_LOGOUT],
        grant_types: ['authorization_code'],
      },
    ];
    const configuration = await configure({ clients, resource: AUDIENCE }, createMemoryAdapters());
    const app = express();
    // By default Node takes 16 kB.
    const server = createServer({ maxHeaderSize: 64 * 1024 }, app);
    issuer = `http://127.0.0.1:${await listen(server, 0)}`;
    const provider = new Provider(issuer, {
      ...configuration,
      // A page of the app posts to it, which is another site.
      enableHttpPostMethods: true,
      cookies: { ...configuration.cookies, long: { sameSite: 'none' } },
      features: { ...configuration.features, revocation: { enabled: false } },
      claims: { openid: ['sub', 'groups'] },
      findAccount: (_ctx, accountId) => ({
        accountId,
        claims: () => ({ sub: accountId, ...LARGE }),
      }),
    });
    provider.Client.prototype.includeSid = () => true;
    app.use('/interaction', interactions(provider));
    app.use(provider.callback());
    stop = () => closeServer(server);
  });

  afterAll(() => stop());

  function start(entry: Partial<ProviderOptions> = {}): App {
    const provider = {
      issuer,
      clientId: CLIENT_ID,
      clientSecret: SECRET,
      postLogoutRedirectUri: POST_LOGOUT,
      ...entry,
    } as ProviderOptions;
    return startWith({ audience: AUDIENCE, provider });
  }

  function authorize(browser: BrowserSession, verifier: string): Promise<Page> {
    const query = new URLSearchParams({
      client_id: CLIENT_ID,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: CALLBACK,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    return browser.open(`${issuer}/auth?${query.toString()}`);
  }

  async function logIn({ oidc }: App) {
    const browser = new BrowserSession({ stopAt: 'https://app.example.com/' });
    const code_verifier = randomBytes(32).toString('base64url');
    const page = await authorize(browser, code_verifier);
    const { url } = await browser.submit(page, '/login', { user: 'alice' });
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: url.searchParams.get('code') ?? '',
      redirect_uri: CALLBACK,
      client_id: CLIENT_ID,
      client_secret: SECRET,
      code_verifier,
    });
    const answer = await fetch(`${issuer}/token`, { method: 'POST', body });
    const tokens = (await answer.json()) as { access_token: string; id_token: string };
    expect(tokens.id_token.length).toBeGreaterThan(19_000);
    await oidc.sessions.save(tokens);
    return { ...tokens, browser };
  }

  /** The user agrees to be logged out, and comes back with the state. */
  async function confirm(browser: BrowserSession, page: Page, state?: string): Promise<void> {
    expect(page.status).toBe(200);
    const { url } = await browser.submit(page, '/session/end/confirm', { logout: 'yes' });
    expect(url.href).toBe(`${POST_LOGOUT}?state=${state ?? ''}`);
    const { url: login } = await authorize(browser, randomBytes(32).toString('base64url'));
    expect(login.pathname).toMatch(/^\/interaction\//);
  }

  it('with what auto leaves of a request with an ID Token of 20 kB', async () => {
    const app = start();
    const { access_token, browser } = await logIn(app);
    const { redirect } = await logOut(app, access_token);
    expect(redirect.length).toBeLessThan(8000);
    const { id_token_hint, client_id, logout_hint, state } = parametersOf(redirect);
    expect(id_token_hint).toBeUndefined();
    expect(client_id).toBe(CLIENT_ID);
    expect(logout_hint).toEqual(expect.any(String));
    await confirm(browser, await browser.open(redirect), state);
  });

  it('with an ID Token of 20 kB that always sends', async () => {
    const app = start({ idTokenHint: 'always', uiLocales: ['fr-CA', 'fr', 'en'] });
    const { access_token, id_token, browser } = await logIn(app);
    const { redirect } = await logOut(app, access_token);
    const { id_token_hint, state } = parametersOf(redirect);
    expect(id_token_hint).toBe(id_token);
    await confirm(browser, await browser.open(redirect), state);
  });

  it('with the form that a page posts', async () => {
    const app = start();
    const { access_token, id_token, browser } = await logIn(app);
    const { form } = await logOut(app, access_token, FORM);
    expect(form?.fields.id_token_hint).toBe(id_token);
    const page = {
      url: new URL('https://app.example.com/'),
      status: 200,
      html: `<form action="${form?.action ?? ''}" method="${form?.method ?? ''}"></form>`,
    };
    const shown = await browser.submit(page, '/session/end', form?.fields ?? {});
    await confirm(browser, shown, form?.fields.state);
  });
});
