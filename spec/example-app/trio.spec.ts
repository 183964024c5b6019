import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Example, startExample } from '../../example-app/app.ts';
import { Trio } from '../support/trio.ts';

const TEXT = expect.any(String);
const REFUSED = 'unable to authenticate user for REST request [/_security/oidc/authenticate]';

const ELASTICSEARCH = {
  'x-elastic-product': 'Elasticsearch',
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
};

describe('the trio of the example app', () => {
  let app: Example;

  beforeAll(async () => {
    app = await startExample({ PORT: '0' });
  });

  afterAll(() => app.close());

  describe('prepare', () => {
    it('answers the URL of the authorization endpoint, with PKCE and the resource', async () => {
      const { body, status, headers } = await new Trio(app).post('prepare', { realm: 'oidc1' });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({ redirect: TEXT, state: TEXT, nonce: TEXT, realm: 'oidc1' });
      const { redirect, state, nonce } = body as Record<'redirect' | 'state' | 'nonce', string>;
      const { origin, searchParams } = new URL(redirect);
      expect(origin).toBe(app.providerUrl);
      expect(Object.fromEntries(searchParams)).toEqual({
        client_id: 'example-app',
        response_type: 'code',
        redirect_uri: `${app.url}/callback`,
        scope: 'openid profile',
        resource: `${app.url}/api`,
        ...{ state, nonce, code_challenge: TEXT, code_challenge_method: 'S256' },
      });
    });

    it("takes the caller's state, nonce and login_hint", async () => {
      const given = { state: 'the-state', nonce: 'the-nonce' };
      const request = { iss: app.providerUrl, ...given, login_hint: 'bob' };
      const prepared = await new Trio(app).prepare(request);
      expect(prepared).toMatchObject({ ...given, realm: 'oidc1' });
      const parameters = Object.fromEntries(new URL(prepared.redirect).searchParams);
      expect(parameters).toMatchObject({ ...given, login_hint: 'bob' });
    });

    it('makes a state and a nonce where the given ones are blank', async () => {
      const { state, nonce } = await new Trio(app).prepare({
        realm: 'oidc1',
        state: ' ',
        nonce: '',
      });
      expect([state.length, nonce.length]).toEqual([43, 43]);
    });

    const parser = '[oidc_prepare_authentication]';
    it.each([
      [{}, 'Validation Failed: 1: one of [realm, issuer] must be provided;'],
      [{ realm: ' ' }, 'Validation Failed: 1: one of [realm, issuer] must be provided;'],
      [
        { realm: 'oidc1', iss: 'https://op.example.com' },
        'Validation Failed: 1: only one of [realm, issuer] can be provided in the same request;',
      ],
      [{ realm: null }, `${parser} realm doesn't support values of type: VALUE_NULL`],
      [{ realm: ['oidc1'] }, `${parser} realm doesn't support values of type: START_ARRAY`],
      [
        { realm: 'oidc1', state: 1 },
        `${parser} state doesn't support values of type: VALUE_NUMBER`,
      ],
      [{ realm: 'oidc1', stat: '1' }, `${parser} unknown field [stat]`],
      [{ realm: 'oidc1', '<b>': '1' }, `${parser} unknown field`],
      [[], `[1:1] ${parser} Expected START_OBJECT but was: START_ARRAY`],
      ['null', `[1:1] ${parser} Expected START_OBJECT but was: VALUE_NULL`],
      ['{"realm":', '[1:1] the request body cannot be parsed'],
      ['', 'request body is required'],
    ])('answers 400 to %j', async (request, reason) => {
      const { status, body } = await new Trio(app).post('prepare', request);
      expect(status).toBe(400);
      expect(body).toEqual(envelope(400, typeOf(reason), reason));
    });

    it.each([
      [{ realm: 'oidc2' }, 'Cannot find OpenID Connect realm with name [oidc2]'],
      [
        { iss: 'https://op.example.com' },
        'Cannot find OpenID Connect realm with issuer [https://op.example.com]',
      ],
    ])('answers 500 to %j, as Elasticsearch does', async (request, reason) => {
      const { status, body } = await new Trio(app).post('prepare', request);
      expect(status).toBe(500);
      expect(body).toEqual(envelope(500, 'security_exception', reason));
    });
  });

  describe('authenticate', () => {
    it('answers the tokens', async () => {
      const trio = new Trio(app);
      const { redirect, state, nonce, realm } = await trio.prepare();
      const { url } = await trio.logInAtProvider({ redirect, state, nonce, realm }, 'alice');
      const request = { redirect_uri: url.href, state, nonce, realm };
      const { status, body, headers } = await trio.post('authenticate', request);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({
        username: 'alice',
        access_token: TEXT,
        type: 'Bearer',
        expires_in: 600,
        refresh_token: TEXT,
        authentication: {
          username: 'alice',
          roles: [],
          full_name: 'Alice',
          email: null,
          metadata: { 'oidc(iss)': app.providerUrl, 'oidc(sub)': 'alice' },
          enabled: true,
          authentication_realm: { name: 'oidc1', type: 'oidc' },
          lookup_realm: { name: 'oidc1', type: 'oidc' },
          authentication_type: 'realm',
        },
      });
    });

    const parser = '[oidc_authn]';
    const request = { redirect_uri: 'https://app.example.com/?code=1', state: '1', nonce: '1' };
    it.each([
      [
        {},
        'Validation Failed: 1: state parameter is missing;2: nonce parameter is missing;3: redirect_uri parameter is missing;',
      ],
      [{ ...request, nonce: '' }, 'Validation Failed: 1: nonce parameter is missing;'],
      [{ ...request, state: null }, `${parser} state doesn't support values of type: VALUE_NULL`],
      [
        { ...request, realm: true },
        `${parser} realm doesn't support values of type: VALUE_BOOLEAN`,
      ],
      [{ ...request, code: '1' }, `${parser} unknown field [code]`],
      ['', 'request body is required'],
    ])('answers 400 to %j', async (fields, reason) => {
      const { status, body } = await new Trio(app).post('authenticate', fields);
      expect(status).toBe(400);
      expect(body).toEqual(envelope(400, typeOf(reason), reason));
    });

    it.each([
      ['an unknown state', { state: 'unknown' }],
      ['the wrong nonce', { nonce: 'wrong' }],
      ['an unknown realm', { realm: 'oidc2' }],
      ['a redirect_uri that is no URL', { redirect_uri: '/callback' }],
      ['a redirect_uri without a code', { redirect_uri: 'https://app.example.com/' }],
    ])('answers 401 to %s', async (_name, wrong) => {
      const trio = new Trio(app);
      const prepared = await trio.prepare();
      const { url } = await trio.logInAtProvider(prepared, 'alice');
      const { state, nonce } = prepared;
      const fields = { redirect_uri: url.href, state, nonce, realm: null, ...wrong };
      expectRefused(await trio.post('authenticate', fields));
    });

    it('answers 401 to a state that differs from that of the redirect_uri', async () => {
      const trio = new Trio(app);
      const { url } = await trio.logInAtProvider(await trio.prepare(), 'alice');
      const { state, nonce } = await trio.prepare();
      expectRefused(await trio.post('authenticate', { redirect_uri: url.href, state, nonce }));
    });

    it('answers 401 when the user cancels the login', async () => {
      const trio = new Trio(app);
      const { redirect, state, nonce } = await trio.prepare();
      const page = await trio.browser.open(redirect);
      const { url } = await trio.browser.submit(page, '/cancel', {});
      expect(url.searchParams.get('error')).toBe('access_denied');
      expectRefused(await trio.post('authenticate', { redirect_uri: url.href, state, nonce }));
    });

    it('answers 401 to the second use of the same state', async () => {
      const trio = new Trio(app);
      const prepared = await trio.prepare();
      const { url } = await trio.logInAtProvider(prepared, 'alice');
      const { state, nonce } = prepared;
      const fields = { redirect_uri: url.href, state, nonce };
      expect((await trio.post('authenticate', fields)).status).toBe(200);
      expectRefused(await trio.post('authenticate', fields));
    });
  });

  describe.each(['prepare', 'authenticate'])('%s', (name) => {
    const uri = `/_security/oidc/${name}`;

    it('answers 405 to GET', async () => {
      const response = await fetch(app.url + uri);
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
      expect(await response.json()).toEqual({
        error: `Incorrect HTTP method for uri [${uri}] and method [GET], allowed: [POST]`,
        status: 405,
      });
    });

    it.each([
      ['text/plain', 'Content-Type header [text/plain] is not supported'],
      ['', 'Content-Type header is missing'],
    ])('answers 406 to the media type "%s"', async (type, error) => {
      const headers = { 'Content-Type': type };
      const response = await fetch(app.url + uri, { method: 'POST', headers, body: '{}' });
      expect(response.status).toBe(406);
      expect(await response.json()).toEqual({ error, status: 406 });
    });

    it('answers 413 to a large body', async () => {
      const body = { state: 'x'.repeat(20_000) };
      const answer = await new Trio(app).post(name as 'prepare', body);
      expect(answer.body).toEqual(
        envelope(413, 'content_too_long_exception', 'the request body is too large'),
      );
    });
  });

  // Without the header, clients say that the server is not Elasticsearch; other media types they do
  // not decode.
  it.each([
    [200, 'POST', 'prepare', '{"realm":"oidc1"}'],
    [400, 'POST', 'prepare', ''],
    [405, 'GET', 'prepare', null],
    [401, 'POST', 'authenticate', '{"state":"1","nonce":"1","redirect_uri":"https://a.example"}'],
    [405, 'PUT', 'authenticate', '{'],
    [401, 'POST', 'logout', '{"token":"unknown"}'],
    [400, 'POST', 'logout', '{'],
    [413, 'POST', 'logout', `{"token":"${'x'.repeat(20_000)}"}`],
    [400, 'POST', 'logout?unknown', '{"token":"unknown"}'],
    [405, 'DELETE', 'logout', null],
    [401, 'POST', 'logout/', '{"token":"unknown"}'],
    [400, 'POST', 'logouts', '{}'],
    [400, 'GET', '', null],
    [400, 'GET', '%', null],
  ])(
    'names the product where it answers %i to %s /_security/oidc/%s',
    async (status, method, name, body) => {
      const url = `${app.url}/_security/oidc/${name}`;
      const type = 'application/vnd.elasticsearch+json; compatible-with=9';
      const headers = { 'Content-Type': type, Accept: type };
      const response = await fetch(url, { method, headers, body });
      expect(response.status).toBe(status);
      expect(Object.fromEntries(response.headers)).toMatchObject(ELASTICSEARCH);
      const answer: unknown = await response.json();
      expect(answer).toMatchObject(status === 200 ? { realm: 'oidc1' } : { status });
    },
  );

  it.each(['text/plain', ''])('names the product to the media type "%s"', async (type) => {
    for (const name of ['prepare', 'authenticate', 'logout']) {
      const headers = { 'Content-Type': type };
      const url = `${app.url}/_security/oidc/${name}`;
      const response = await fetch(url, { method: 'POST', headers, body: '{}' });
      expect(response.status).toBe(name === 'logout' ? 415 : 406);
      expect(Object.fromEntries(response.headers)).toMatchObject(ELASTICSEARCH);
    }
  });

  describe('logout', () => {
    it('makes the access token invalid for the API at once', async () => {
      const trio = new Trio(app);
      const tokens = await trio.logIn('alice');
      const before = await trio.callApi(tokens.access_token);
      expect(before).toMatchObject({ status: 200, body: { sub: 'alice' } });
      await trio.logOut(tokens);
      const after = await trio.callApi(tokens.access_token);
      expect(after.status).toBe(401);
      expect(after.body).toEqual({
        error: 'invalid_token',
        error_description: 'The access token was invalidated by a logout',
      });
      expect(after.headers.get('www-authenticate')).toBe(
        'Bearer realm="api", error="invalid_token", error_description="The access token was invalidated by a logout"',
      );
    });

    it('leads to the provider, which ends its session and leads back', async () => {
      const trio = new Trio(app);
      const tokens = await trio.logIn('alice');
      const redirect = await trio.logOut(tokens);
      const { searchParams } = new URL(redirect);
      const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'];
      expect([...searchParams.keys()]).toEqual(names);
      const page = await trio.browser.open(redirect);
      expect(page.html).toContain('You are logged in here as <strong>Alice</strong>');
      const { url } = await trio.browser.submit(page, '/session/end/confirm', { logout: 'yes' });
      expect(url.href).toBe(`${app.url}/logged-out?state=${searchParams.get('state') ?? ''}`);
    });

    it('makes the next login ask for the user again', async () => {
      const trio = new Trio(app);
      const tokens = await trio.logIn('alice');
      const silent = await trio.browser.open((await trio.prepare()).redirect);
      expect(silent.url.pathname).toBe('/callback');
      const page = await trio.browser.open(await trio.logOut(tokens));
      await trio.browser.submit(page, '/session/end/confirm', { logout: 'yes' });
      const { html } = await trio.browser.open((await trio.prepare()).redirect);
      expect(html).toContain('<h1>Log in to the example app</h1>');
    });

    it('leaves the sessions of others alone', async () => {
      const [one, other] = [new Trio(app), new Trio(app)];
      const tokens = await one.logIn('alice');
      const otherTokens = await other.logIn('alice');
      await one.logOut(tokens);
      expect((await other.callApi(otherTokens.access_token)).status).toBe(200);
    });
  });
});

function expectRefused({ status, body, headers }: Awaited<ReturnType<Trio['post']>>): void {
  const challenge = 'Bearer realm="security"';
  const header = { 'WWW-Authenticate': challenge };
  expect(status).toBe(401);
  expect(headers.get('www-authenticate')).toBe(challenge);
  expect(body).toEqual(envelope(401, 'security_exception', REFUSED, { header }));
}

function envelope(status: number, type: string, reason: string, more: object = {}) {
  const exception = { type, reason, ...more };
  return { error: { root_cause: [exception], ...exception }, status };
}

function typeOf(reason: string): string {
  if (reason.startsWith('Validation')) return 'action_request_validation_exception';
  return reason.startsWith('request') ? 'parse_exception' : 'x_content_parse_exception';
}
