import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ErrorRequestHandler, Request, Response } from 'express';
import request from 'supertest';
import type {
  EndSessionOptions,
  GuardedRequest,
  LogoutOptions,
  OidcLogoutOptions,
  ProviderOptions,
  SessionTokens,
} from '../../lib/index.ts';
import { encodeCutOff } from '../../lib/store/codecs/cut-off.ts';
import { subjectKey } from '../../lib/token/token-keys.ts';
import {
  type App,
  appWith,
  call,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
  redirectOf,
} from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { targetOf } from '../support/logout-page.ts';
import { AUDIENCE, CLIENT_ID, createSigner, type Signer } from '../support/provider.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';

const HOST = 'app.example.com';
const COOKIE = 'session=alices';
const OWN = { Host: HOST, Cookie: COOKIE, 'Sec-Fetch-Site': 'same-origin' };
const OWN_LOGOUT = '/logout';
const STATE = '[\\w-]{43}';
const WITHOUT_HINT =
  'https://op.example.com/logout?client_id=web' +
  '&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Flogged-out&state=';

let redis: RedisServer;
let signer: Signer;

beforeAll(async () => {
  [redis, signer] = await Promise.all([startRedisServer(), createSigner()]);
});

afterAll(() => redis.close());

afterEach(() => redis.flush());

/** An app whose browsers have a cookie and no token. */
interface SessionApp extends App {
  /** The tokens of the app's own sessions, by cookie. */
  readonly sessions: Map<string, SessionTokens>;
  /** The events of refused tokens. */
  readonly refusals: object[];
  /** How often the app was asked for the tokens of a logout. */
  readonly lookUps: string[];
}

function hints(redirect: unknown): string | null {
  return new URL(redirect as string).searchParams.get('id_token_hint');
}

function stateCookieOf({ headers }: { headers: Record<string, unknown> }): string | undefined {
  const [cookie] = (headers['set-cookie'] ?? []) as string[];
  return cookie?.split(';', 1)[0];
}

describe.each(Object.keys(EXPRESS))('an app without tokens in the browser, on %s', (version) => {
  let app: SessionApp;

  function start(
    options: Partial<OidcLogoutOptions> = {},
    logoutOptions: LogoutOptions = {},
  ): SessionApp {
    const configured = { ...optionsFor(signer), redis: redis.connect(), ...options };
    const parts = appWith(configured, EXPRESS[version]?.());
    const sessions = new Map<string, SessionTokens>();
    const lookUps: string[] = [];
    const refusals: object[] = [];
    parts.oidc.on('token-refused', (event) => refusals.push(event));
    const find = ({ headers }: Request) => sessions.get(headers.cookie ?? '');
    const tokens = (req: Request) => {
      lookUps.push(req.headers.cookie ?? '');
      return find(req);
    };
    const returnTo = (req: Request) => req.get('Return-To');
    parts.app.use(OWN_LOGOUT, parts.oidc.logout({ tokens, returnTo, ...logoutOptions }));
    parts.app.use(
      '/own-api',
      parts.oidc.guard({ token: (req) => find(req)?.access_token }),
      (req: GuardedRequest, res) => void res.json(req.auth),
    );
    return { ...parts, sessions, refusals, lookUps };
  }

  async function logIn({ oidc, sessions }: SessionApp, claims: object = {}) {
    const tokens = {
      access_token: await signer.accessToken({ ...claims }),
      id_token: await signer.idToken({ ...claims }),
      refresh_token: 'refresh-1',
    };
    await oidc.sessions.save(tokens);
    sessions.set(COOKIE, tokens);
    return tokens;
  }

  function logOut({ app: at }: App, headers: object = OWN): request.Test {
    return request(at)
      .post(OWN_LOGOUT)
      .set({ ...headers });
  }

  function callOwn({ app: at }: App, headers: object = { Cookie: COOKIE }): request.Test {
    return request(at)
      .get('/own-api')
      .set({ ...headers });
  }

  beforeEach(() => {
    app = start();
  });

  describe('logout({ tokens })', () => {
    it('with the refresh token alone of a login that ended, spares a later login', async () => {
      const now = Math.floor(Date.now() / 1000);
      const { refresh_token } = await logIn(app, { iat: now - 20 });
      // As an end of the user leaves behind that died before the session's own end.
      const cutOff = `oidc1:u{${subjectKey(signer.issuer, 'alice')}}`;
      await redis.connect().set(cutOff, encodeCutOff({ all: now - 10, withoutSid: now - 10 }));
      const access_token = await signer.accessToken();
      const id_token = await signer.idToken({ iat: now - 1 });
      await app.oidc.sessions.save({ access_token, id_token, refresh_token: 'refresh-2' });
      app.sessions.set(COOKIE, { refresh_token });
      await logOut(app).expect(200);
      await call(app, access_token).expect(200);
    });

    it('ends the session of a request from a page of its own', async () => {
      const { access_token, id_token } = await logIn(app);
      const answer = await logOut(app);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        pragma: 'no-cache',
        'content-type': 'application/json; charset=utf-8',
        'referrer-policy': 'no-referrer',
        vary: 'Accept',
      });
      const redirect = redirectOf(answer);
      expect(answer.body).toEqual({ redirect });
      expect(hints(redirect)).toBe(id_token);
      await call(app, access_token).expect(401);
      await callOwn(app).expect(401);
      expect(app.events).toEqual([
        ['invalidated', expect.objectContaining({ kind: 'session', sid: 'sid-1' })],
        ['logout', { issuer: signer.issuer, subject: 'alice', sid: 'sid-1', repeated: false }],
      ]);
    });

    it('sends a browser that prefers HTML on by a page', async () => {
      const { access_token, id_token } = await logIn(app);
      const answer = await logOut(app, { ...OWN, Accept: 'text/html,*/*;q=0.8' });
      expect(answer.status).toBe(200);
      expect(hints(targetOf(answer.text))).toBe(id_token);
      await call(app, access_token).expect(401);
    });

    it('shows the end to another process on its next request', async () => {
      const elsewhere = start();
      await logIn(app);
      for (const [cookie, tokens] of app.sessions) elsewhere.sessions.set(cookie, tokens);
      await callOwn(elsewhere).expect(200);
      await logOut(app).expect(200);
      await callOwn(elsewhere).expect(401);
    });

    it('takes nothing from the body', async () => {
      const { access_token } = await logIn(app);
      const others = await signer.accessToken({ sub: 'bob', sid: 'sid-2' });
      await logOut(app).send({ access_token: others, unknown: 1 }).expect(200);
      await call(app, access_token).expect(401);
      await call(app, others).expect(200);
    });

    it.each<[string, object]>([
      ['Sec-Fetch-Site: same-origin', { 'Sec-Fetch-Site': 'same-origin' }],
      ['its own Origin', { Origin: `https://${HOST}` }],
    ])('takes %s for a page of its own', async (_what, headers) => {
      const { access_token } = await logIn(app);
      await logOut(app, { Host: HOST, Cookie: COOKIE, ...headers }).expect(200);
      await call(app, access_token).expect(401);
    });

    it.each<[string, object]>([
      ['nothing that tells', {}],
      ['Sec-Fetch-Site: cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
      ['Sec-Fetch-Site: same-site', { 'Sec-Fetch-Site': 'same-site' }],
      ['Sec-Fetch-Site: none', { 'Sec-Fetch-Site': 'none' }],
      ['an empty Sec-Fetch-Site', { 'Sec-Fetch-Site': '' }],
      [
        'Sec-Fetch-Site: cross-site and its own Origin',
        { 'Sec-Fetch-Site': 'cross-site', Origin: `https://${HOST}` },
      ],
      ['another Origin', { Origin: 'https://evil.example' }],
      ['Origin: null', { Origin: 'null' }],
      ['an empty Origin', { Origin: '' }],
      ['the Origin of a subdomain', { Origin: `https://evil.${HOST}` }],
      ['an Origin that begins so', { Origin: `https://${HOST}.evil.example` }],
      ['the Origin of another port', { Origin: `https://${HOST}:8443` }],
      ['an Origin with its name before an @', { Origin: `https://${HOST}@evil.example` }],
      ['an Origin that is none', { Origin: HOST }],
      ['a Referer only', { Referer: `https://${HOST}/` }],
    ])('refuses a form of another site: %s', async (_what, headers) => {
      const { access_token } = await logIn(app);
      const before = await redis.dump();
      const answer = await logOut(app, { Host: HOST, Cookie: COOKIE, ...headers })
        .type('form')
        .send({ a: 'b' });
      expect(answer.status).toBe(403);
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(answer.body).toEqual({
        error: 'invalid_request',
        error_description: 'The request does not come from a page of this app',
      });
      expect(await redis.dump()).toEqual(before);
      expect(app.events).toEqual([]);
      expect(app.lookUps).toEqual([]);
      await call(app, access_token).expect(200);
      await callOwn(app).expect(200);
    });

    it('answers 405 to other methods, and ends nothing', async () => {
      const { access_token } = await logIn(app);
      const answer = await request(app.app).get(OWN_LOGOUT).set(OWN);
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
      expect(app.lookUps).toEqual([]);
      await call(app, access_token).expect(200);
    });

    it('verifies the browser that comes back, and tells it where to go', async () => {
      await logIn(app);
      const answer = await logOut(app, { ...OWN, 'Return-To': '/shop?page=2' }).expect(200);
      const state = new URL(redirectOf(answer)).searchParams;
      await request(app.app)
        .get(`${LOGGED_OUT}?state=${state.get('state') ?? ''}`)
        .set('Cookie', stateCookieOf(answer) ?? '')
        .expect(200, { outcome: 'verified', returnTo: '/shop?page=2' });
    });

    it('answers 400 to a place that is not its own, and ends nothing', async () => {
      const { access_token } = await logIn(app);
      await logOut(app, { ...OWN, 'Return-To': '//evil.example' }).expect(400);
      app.sessions.clear();
      await logOut(app, { ...OWN, 'Return-To': '//evil.example' }).expect(400);
      expect(app.events).toEqual([]);
      await call(app, access_token).expect(200);
    });

    it.each([undefined, null, ''])('takes %j for no refresh token', async (refresh_token) => {
      const access_token = await signer.accessToken();
      app.sessions.set(COOKIE, { access_token, refresh_token });
      await logOut(app).expect(200);
      const kinds = app.events.map(([, event]) => (event as { kind?: string }).kind);
      expect(kinds).not.toContain('refresh-token');
      await call(app, access_token).expect(401);
    });

    it('waits for the app to find the tokens', async () => {
      const access_token = await signer.accessToken();
      const slow = start({}, { tokens: () => Promise.resolve({ access_token }) });
      await logOut(slow).expect(200);
      await call(slow, access_token).expect(401);
    });

    it.each<[string, LogoutOptions['tokens']]>([
      [
        'throws',
        () => {
          throw new Error('no session store');
        },
      ],
      ['rejects', () => Promise.reject(new Error('no session store'))],
    ])('leaves it to the app when its function %s', async (_what, tokens) => {
      const broken = start({}, { tokens });
      const messages: string[] = [];
      broken.app.use(((error: Error, _req, res, _next) => {
        messages.push(error.message);
        res.status(500).end();
      }) satisfies ErrorRequestHandler);
      await logOut(broken).expect(500);
      expect(messages).toEqual(['no session store']);
      expect(await redis.dump()).toEqual({});
    });

    describe('with trustedOrigins', () => {
      const TRUSTED = 'https://app.example.net';
      const CROSS = { Host: HOST, Cookie: COOKIE, 'Sec-Fetch-Site': 'cross-site' };
      let trusting: SessionApp;

      beforeEach(() => {
        const trustedOrigins = [TRUSTED, 'https://shop.example.com:8443'];
        trusting = start({}, { trustedOrigins });
      });

      it.each<[string, object]>([
        ['same-site', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://shop.example.com:8443' }],
        ['cross-site', { 'Sec-Fetch-Site': 'cross-site', Origin: TRUSTED }],
        ['no Sec-Fetch-Site', { 'Sec-Fetch-Site': undefined, Origin: TRUSTED }],
      ])('takes a request from a page of one: %s', async (_what, headers) => {
        const { access_token } = await logIn(trusting);
        const sent = Object.entries({ ...CROSS, ...headers }).filter(([, value]) => value);
        const answer = await logOut(trusting, Object.fromEntries(sent)).expect(200);
        await call(trusting, access_token).expect(401);
        const state = new URL(redirectOf(answer)).searchParams.get('state') ?? '';
        await request(trusting.app)
          .get(`${LOGGED_OUT}?state=${state}`)
          .set('Cookie', stateCookieOf(answer) ?? '')
          .expect(200, { outcome: 'verified' });
      });

      it('takes one from a page of its own as before', async () => {
        await logIn(trusting);
        await logOut(trusting).expect(200);
      });

      it.each([
        'null',
        '',
        'https://app.example.net.evil.example',
        'https://APP.example.net',
        'https://app.example.net/',
        'https://app.example.net:443',
        'http://app.example.net',
        'https://evil.app.example.net',
        'https://shop.example.com',
        `${TRUSTED}, ${TRUSTED}`,
      ])('refuses the Origin %j', async (Origin) => {
        const { access_token } = await logIn(trusting);
        for (const site of ['cross-site', 'same-site']) {
          const headers = { ...CROSS, 'Sec-Fetch-Site': site, Origin };
          expect((await logOut(trusting, headers)).status).toBe(403);
        }
        expect(trusting.lookUps).toEqual([]);
        await call(trusting, access_token).expect(200);
      });

      it('binds the browser of one that holds the tokens, and no other browser', async () => {
        trusting.app.use('/by-body', trusting.oidc.logout({ trustedOrigins: TRUSTED }));
        const bound = [TRUSTED, 'https://evil.example'].map(async (Origin) => {
          const access_token = await signer.accessToken({ sid: Origin });
          const post = request(trusting.app)
            .post('/by-body')
            .set({ ...CROSS, Origin });
          return stateCookieOf(await post.send({ access_token }).expect(200)) !== undefined;
        });
        expect(await Promise.all(bound)).toEqual([true, false]);
      });
    });

    describe('with localOnly', () => {
      const WHEN = (req: Request) => req.query.only === 'here';
      const logOutHere = (at: SessionApp, headers: object = OWN) =>
        request(at.app)
          .post(`${OWN_LOGOUT}?only=here`)
          .set({ ...headers });

      it('ends the session here and sends the browser nowhere', async () => {
        const local = start({}, { localOnly: WHEN, form: true });
        const { access_token } = await logIn(local);
        const answer = await logOutHere(local).expect(200, { redirect: null });
        expect(answer.headers['set-cookie']).toBeUndefined();
        await call(local, access_token).expect(401);
        expect(Object.keys(await redis.dump()).filter((key) => key.startsWith('oidc1:p'))).toEqual(
          [],
        );
        const names = local.events.map(([name]) => name);
        expect(names).toEqual(['invalidated', 'logout']);
      });

      it('needs no provider', async () => {
        // Nobody listens on port 1.
        const away = start(
          optionsFor(signer, { provider: { issuer: 'http://127.0.0.1:1', metadata: undefined } }),
          { localOnly: () => Promise.resolve(true) },
        );
        await logOut(away).expect(200, { redirect: null });
      });

      it('answers the provider where another request wants it', async () => {
        const local = start({}, { localOnly: WHEN });
        const { id_token } = await logIn(local);
        expect(hints(redirectOf(await logOut(local).expect(200)))).toBe(id_token);
      });

      it('lets the same user log out at the provider afterwards, and come back', async () => {
        const local = start({}, { localOnly: WHEN });
        const { id_token } = await logIn(local);
        await logOutHere(local).expect(200, { redirect: null });
        const answer = await logOut(local).expect(200);
        const { searchParams } = new URL(redirectOf(answer));
        expect(searchParams.get('id_token_hint')).toBe(id_token);
        await request(local.app)
          .get(`${LOGGED_OUT}?state=${searchParams.get('state') ?? ''}`)
          .set('Cookie', stateCookieOf(answer) ?? '')
          .expect(200, { outcome: 'verified' });
        await logOutHere(local).expect(200, { redirect: null });
      });

      it.each([
        [undefined, 'https://app.example.com/logged-out'],
        [['com.example.app:/out', 'https://b.example/'], 'https://b.example/'],
        ['com.example.app:/out', '/'],
      ])('sends a browser that prefers HTML home, with %j to %s', async (uris, home) => {
        const provider = uris === undefined ? {} : { postLogoutRedirectUri: uris };
        const local = start(optionsFor(signer, { provider }), { localOnly: WHEN });
        await logIn(local);
        const answer = await logOutHere(local, { ...OWN, Accept: 'text/html' }).expect(200);
        expect(targetOf(answer.text)).toBe(home);
      });

      it.each(['yes', 1, {}, undefined, null])(
        'leaves it to the app when the answer is %j',
        async (wrong) => {
          const local = start({}, { localOnly: () => wrong as never });
          const { access_token } = await logIn(local);
          await logOut(local).expect(500);
          await call(local, access_token).expect(200);
        },
      );
    });

    describe('with several addresses to come back to', () => {
      const A = 'https://a.example/out';
      const B = 'https://b.example/out';
      const provider = { postLogoutRedirectUri: [A, B] };
      const byHeader = (req: Request) => req.get('Wanted');
      let choosing: SessionApp;

      beforeEach(() => {
        choosing = start(optionsFor(signer, { provider }), { postLogoutRedirectUri: byHeader });
      });

      const addressOf = (answer: { body: unknown }) =>
        new URL(redirectOf(answer)).searchParams.get('post_logout_redirect_uri');

      it.each([
        [undefined, A],
        ['', A],
        [A, A],
        [B, B],
      ])('sends the browser to the one that is chosen: %s', async (wanted, expected) => {
        const headers = { ...OWN, ...(wanted !== undefined && { Wanted: wanted }) };
        await logIn(choosing);
        expect(addressOf(await logOut(choosing, headers).expect(200))).toBe(expected);
        choosing.sessions.clear();
        expect(addressOf(await logOut(choosing, headers).expect(200))).toBe(expected);
      });

      it.each([
        ['saved', B, undefined],
        ['saved', undefined, B],
        ['unsaved', B, undefined],
        ['unsaved', undefined, B],
      ])('answers a retry by the first choice: %s, %s and then %s', async (kind, ...wanted) => {
        if (kind === 'saved') await logIn(choosing);
        else choosing.sessions.set(COOKIE, { access_token: await signer.accessToken() });
        const [first, again] = wanted.map((uri) => (uri === undefined ? {} : { Wanted: uri }));
        const answer = await logOut(choosing, { ...OWN, ...first }).expect(200);
        const repeated = await logOut(choosing, { ...OWN, ...again }).expect(200);
        expect(repeated.body).toEqual(answer.body);
        expect(addressOf(answer)).toBe(wanted[0] ?? A);
      });

      it.each(['https://evil.example/out', `${B}/`, 'https://B.example/out', '/out'])(
        'answers 400 to %s, with a session and without, and ends nothing',
        async (Wanted) => {
          const { access_token } = await logIn(choosing);
          const before = await redis.dump();
          await logOut(choosing, { ...OWN, Wanted }).expect(400, {
            error: 'invalid_request',
            error_description: 'The post-logout redirect URI is not a configured one',
          });
          expect(await redis.dump()).toEqual(before);
          await call(choosing, access_token).expect(200);
          choosing.sessions.clear();
          await logOut(choosing, { ...OWN, Wanted }).expect(400);
          expect(choosing.events).toEqual([]);
        },
      );

      it('answers 400 to what is no text', async () => {
        const wrong = start({}, { postLogoutRedirectUri: () => [A] as never });
        await logOut(wrong).expect(400);
      });

      it('waits for the choice, and shows it in the page without an endpoint', async () => {
        const bare = start(optionsFor(signer, { provider: { ...provider, metadata: {} } }), {
          postLogoutRedirectUri: () => Promise.resolve(B),
        });
        await logIn(bare);
        const answer = await logOut(bare, { ...OWN, Accept: 'text/html' }).expect(200);
        expect(targetOf(answer.text)).toBe(B);
      });
    });

    it('keeps no state where the ID Token is required and there is none', async () => {
      const strict = start(optionsFor(signer, { provider: { idTokenHint: 'required' } }));
      strict.sessions.set(COOKIE, { access_token: await signer.accessToken() });
      const answer = await logOut(strict).expect(200);
      expect(answer.body).toEqual({ redirect: 'https://op.example.com/logout?client_id=web' });
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(Object.keys(await redis.dump()).filter((key) => key.startsWith('oidc1:p'))).toEqual(
        [],
      );
    });

    it('adds the form when the app wants it', async () => {
      const withForm = start({}, { form: true });
      const { id_token } = await logIn(withForm);
      const body: unknown = (await logOut(withForm).expect(200)).body;
      expect(body).toEqual({
        redirect: expect.any(String),
        form: {
          action: 'https://op.example.com/logout',
          method: 'POST',
          fields: expect.objectContaining({ id_token_hint: id_token, client_id: CLIENT_ID }),
        },
      });
    });

    it('repeats its answer within retryWindow, and sends no ID Token later', async () => {
      const { id_token } = await logIn(app);
      const first = await logOut(app).expect(200);
      await logOut(app).expect(200, first.body as object);
      expect(hints(redirectOf(first))).toBe(id_token);

      await redis.flush();
      const forgetful = start({ retryWindow: 0 });
      await logIn(forgetful);
      await logOut(forgetful).expect(200);
      const later = await logOut(forgetful).expect(200);
      expect(hints(redirectOf(later))).toBeNull();
    });

    describe('lets a user out who has no session left:', () => {
      async function expectRedirect(at: SessionApp): Promise<void> {
        const answer = await logOut(at).expect(200);
        const redirect = redirectOf(answer);
        expect(redirect.startsWith(WITHOUT_HINT)).toBe(true);
        const state = redirect.slice(WITHOUT_HINT.length);
        expect(state).toMatch(new RegExp(`^${STATE}$`));
        expect(answer.headers['set-cookie']).toEqual([
          `__Host-oidc-logout=${state}~; Max-Age=3600; Path=/; Expires=${expiryOf(answer)}; HttpOnly; Secure; SameSite=Lax`,
        ]);
        await request(at.app)
          .get(`${LOGGED_OUT}?state=${state}`)
          .set('Cookie', stateCookieOf(answer) ?? '')
          .expect(200, { outcome: 'verified' });
        const html = await logOut(at, { ...OWN, Accept: 'text/html' }).expect(200);
        expect(targetOf(html.text).startsWith(WITHOUT_HINT)).toBe(true);
        expect(at.events).toEqual([]);
        const stored = Object.keys(await redis.dump()).filter((key) => key !== 'oidc1:e');
        expect(stored).toEqual([]);
      }

      function expiryOf({ headers }: { headers: Record<string, unknown> }): string {
        return /Expires=([^;]*)/.exec(String(headers['set-cookie']))?.[1] ?? '';
      }

      it.each<[string, unknown]>([
        ['undefined', undefined],
        ['null', null],
        ['no access token', {}],
        ['an empty access token', { access_token: '' }],
      ])('%s', async (_what, tokens) => {
        const at = start({}, { tokens: () => tokens as undefined });
        await expectRedirect(at);
        expect(at.refusals).toEqual([]);
      });

      const issuer = 'https://op.example.com';
      const ofIssuer = { reason: 'unknown-issuer', claim: 'iss', expected: issuer };
      const expired = { claim: 'exp', expected: '86400 s ago at most', issuer };

      it.each<[string, () => string | Promise<string>, object]>([
        ['garbage', () => 'garbage', { reason: 'opaque-unknown' }],
        ['a garbled JWT', () => 'eyJhbGciOiJSUzI1NiJ9.e30.AA', ofIssuer],
        ['an unknown opaque token', () => 'opaque-1', { reason: 'opaque-unknown' }],
        [
          'a token that expired long ago',
          () => signer.accessToken({ exp: 1 }),
          { reason: 'expired', ...expired, found: expect.stringMatching(/^\d+ s ago$/) },
        ],
        [
          'a forged token',
          async () => (await createSigner(signer.issuer)).accessToken(),
          { reason: 'wrong-signature', claim: 'kid', found: 'key-1', issuer },
        ],
        [
          'a token of another provider',
          async () => (await createSigner('https://other.example.com')).accessToken(),
          { ...ofIssuer, found: 'https://other.example.com' },
        ],
        [
          'an ID Token',
          () => signer.idToken(),
          { reason: 'wrong-audience', claim: 'aud', expected: AUDIENCE, found: 'web', issuer },
        ],
      ])('%s in the session, and tells why', async (_what, make, event) => {
        app.sessions.set(COOKIE, { access_token: await make() });
        await expectRedirect(app);
        // Of each of its two logouts.
        expect(app.refusals).toEqual(Array(2).fill({ ...event, endpoint: 'logout' }));
      });

      it('an unknown refresh token alone, of which there is nothing to tell', async () => {
        app.sessions.set(COOKIE, { refresh_token: 'unknown' });
        await expectRedirect(app);
        expect(app.refusals).toEqual([]);
      });
    });

    it('ends the login of a live refresh token beside a refused access token, and tells once', async () => {
      const { access_token, id_token, refresh_token } = await logIn(app);
      app.sessions.set(COOKIE, { access_token: 'opaque-1', refresh_token });
      const answer = await logOut(app).expect(200);
      expect(hints(redirectOf(answer))).toBe(id_token);
      await call(app, access_token).expect(401);
      const event = { reason: 'opaque-unknown', endpoint: 'logout' };
      expect(app.refusals[0]).toEqual(event);
      expect(app.refusals.slice(1)).toMatchObject([{ endpoint: 'guard' }]);
    });

    it('ends the login of a live refresh token beside an access token that expired long ago', async () => {
      const { access_token, refresh_token } = await logIn(app);
      app.sessions.set(COOKIE, {
        access_token: await signer.accessToken({ exp: 1 }),
        refresh_token,
      });
      const body: unknown = (await logOut(app).expect(200)).body;
      expect((body as { redirect: string }).redirect).toMatch(
        /^https:\/\/op\.example\.com\/logout\?/,
      );
      await call(app, access_token).expect(401);
      const rotation = app.oidc.sessions.rotate(
        { access_token, refresh_token },
        { access_token: 'new' },
      );
      await expect(rotation).rejects.toMatchObject({ code: 'ERR_OIDC_LOGOUT_SESSION_ENDED' });
    });

    it('answers null where the provider has no endpoint, with a session and without', async () => {
      const bare = start(optionsFor(signer, { provider: { metadata: {} } }));
      const { access_token } = await logIn(bare);
      await logOut(bare).expect(200, { redirect: null });
      await call(bare, access_token).expect(401);
      bare.sessions.clear();
      const answer = await logOut(bare).expect(200, { redirect: null });
      expect(answer.headers['set-cookie']).toBeUndefined();
      const html = await logOut(bare, { ...OWN, Accept: 'text/html' }).expect(200);
      expect(targetOf(html.text)).toBe('https://app.example.com/logged-out');
    });

    it('answers 503 while the store is away, and needs no store without a session', async () => {
      const client = redis.connect();
      const away = start({ redis: client });
      await logIn(away);
      client.disconnect();
      const answer = await logOut(away);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.headers['set-cookie']).toBeUndefined();
      away.sessions.clear();
      const without = await logOut(away).expect(200);
      expect(redirectOf(without).startsWith(WITHOUT_HINT)).toBe(true);
      await request(away.app)
        .get(LOGGED_OUT + new URL(redirectOf(without)).search)
        .set('Cookie', stateCookieOf(without) ?? '')
        .expect(200, { outcome: 'verified' });
    });

    describe('at several providers', () => {
      let other: Signer;
      let both: SessionApp;

      beforeAll(async () => {
        other = await createSigner('https://other.example.com');
      });

      beforeEach(() => {
        const provider = [signer, other].map(
          (each) => optionsFor(each).provider as ProviderOptions,
        );
        both = start({ provider });
      });

      async function originOfRedirect(): Promise<string> {
        const body: unknown = (await logOut(both).expect(200)).body;
        return new URL((body as { redirect: string }).redirect).origin;
      }

      it('goes to the one that the session is of', async () => {
        for (const each of [other, signer]) {
          const access_token = await each.accessToken();
          both.sessions.set(COOKIE, { access_token });
          expect(await originOfRedirect()).toBe(each.issuer);
          await call(both, access_token).expect(401);
        }
      });

      it('goes to the one whose token has expired long ago', async () => {
        both.sessions.set(COOKIE, { access_token: await other.accessToken({ exp: 1 }) });
        expect(await originOfRedirect()).toBe(other.issuer);
      });

      it('goes to the first one where there is no session', async () => {
        expect(await originOfRedirect()).toBe(signer.issuer);
      });
    });

    it('writes its errors as Elasticsearch does, where the app wants that', async () => {
      const elastic = start({ errorFormat: 'elasticsearch' });
      const { access_token } = await logIn(elastic);
      const answer = await logOut(elastic, { ...OWN, 'Sec-Fetch-Site': 'cross-site' });
      expect(answer.status).toBe(403);
      expect(answer.headers['x-elastic-product']).toBe('Elasticsearch');
      const exception = {
        type: 'security_exception',
        reason: 'The request does not come from a page of this app',
      };
      expect(answer.body).toEqual({
        error: { root_cause: [exception], ...exception },
        status: 403,
      });
      await call(elastic, access_token).expect(200);
      await logOut(elastic).expect(200);
      await call(elastic, access_token).expect(401);
    });
  });

  describe('guard({ token })', () => {
    it('lets a request of a live session pass', async () => {
      const { access_token } = await logIn(app, { scope: 'read' });
      const body: unknown = (await callOwn(app).expect(200)).body;
      expect(body).toEqual({
        token: access_token,
        header: { alg: 'RS256', kid: 'key-1', typ: 'at+jwt' },
        payload: expect.objectContaining({ sub: 'alice', scope: 'read' }),
      });
    });

    it.each<[string, object]>([
      ['no cookie', {}],
      ['another cookie', { Cookie: 'session=nobodys' }],
    ])('answers a bare challenge to a request with %s', async (_what, headers) => {
      await logIn(app);
      const answer = await callOwn(app, headers);
      expect(answer.status).toBe(401);
      expect(answer.text).toBe('');
      expect(answer.headers).toMatchObject({
        'www-authenticate': 'Bearer realm="api"',
        'cache-control': 'no-store',
      });
    });

    it('reads no header beside the session', async () => {
      const { access_token } = await logIn(app);
      await callOwn(app, { Authorization: `Bearer ${access_token}` }).expect(401, '');
      await callOwn(app, { Cookie: COOKIE, Authorization: 'Bearer garbage' }).expect(200);
    });

    it('refuses a session that was logged out by its token', async () => {
      const { access_token } = await logIn(app);
      await callOwn(app).expect(200);
      await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
      await callOwn(app).expect(401, {
        error: 'invalid_token',
        error_description: 'The access token was invalidated by a logout',
      });
    });

    it('knows an opaque token that was saved', async () => {
      const access_token = 'opaque-1';
      await app.oidc.sessions.save({ access_token, id_token: await signer.idToken() });
      app.sessions.set(COOKIE, { access_token });
      await callOwn(app).expect(200);
      await logOut(app).expect(200);
      await callOwn(app).expect(401);
    });

    it('answers 503 while the store is away', async () => {
      const client = redis.connect();
      const away = start({ redis: client });
      await logIn(away);
      client.disconnect();
      const answer = await callOwn(away);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.headers['www-authenticate']).toBeUndefined();
    });

    it.each([undefined, null, ''])('takes %j for no token', async (found) => {
      const guard = app.oidc.guard({ token: () => found });
      app.app.use('/none', guard, (_req, res) => void res.json({}));
      await request(app.app)
        .get('/none')
        .expect(401, '')
        .expect('www-authenticate', /"api"$/);
    });

    it('demands the scope too', async () => {
      const guard = app.oidc.guard({
        scope: 'write',
        token: ({ headers }) => app.sessions.get(headers.cookie ?? '')?.access_token,
      });
      app.app.use('/own-write', guard, (_req, res) => void res.json({}));
      await logIn(app, { scope: 'read' });
      await request(app.app).get('/own-write').set('Cookie', COOKIE).expect(403);
      await logIn(app, { scope: 'read write', sid: 'sid-2' });
      await request(app.app).get('/own-write').set('Cookie', COOKIE).expect(200, {});
    });

    it('leaves it to the app when its function throws', async () => {
      const messages: string[] = [];
      const guard = app.oidc.guard({
        token: () => {
          throw new Error('no session store');
        },
      });
      app.app.use('/broken', guard, (_req, res) => void res.json({}));
      app.app.use(((error: Error, _req, res, _next) => {
        messages.push(error.message);
        res.status(500).end();
      }) satisfies ErrorRequestHandler);
      await request(app.app).get('/broken').expect(500);
      expect(messages).toEqual(['no session store']);
    });
  });

  describe('endSessionUrl()', () => {
    /** Adds a route that answers the URL, or the error that it came to. */
    function mount({ app: at, oidc }: App, session?: EndSessionOptions): void {
      at.get('/own-route', (req: Request, res: Response) => {
        oidc.endSessionUrl(req, res, session).then(
          (url) => res.json({ url }),
          (error: unknown) => {
            const { name, code, status } = error as Record<string, unknown>;
            res.json({ name, code, status });
          },
        );
      });
    }

    const ask = ({ app: at }: App) => request(at).get('/own-route');

    it('makes the URL, and binds its state to the browser', async () => {
      const { access_token, id_token: idToken } = await logIn(app);
      mount(app, { idToken, returnTo: '/bye' });
      const answer = await ask(app).expect(200);
      const { url } = answer.body as { url: string };
      const { id_token_hint, state, ...parameters } = Object.fromEntries(new URL(url).searchParams);
      expect(id_token_hint).toBe(idToken);
      expect(parameters).toEqual({
        client_id: CLIENT_ID,
        post_logout_redirect_uri: 'https://app.example.com/logged-out',
      });
      expect(stateCookieOf(answer)).toBe(`__Host-oidc-logout=${state ?? ''}`);
      const comeBack = () =>
        request(app.app)
          .get(`${LOGGED_OUT}?state=${state ?? ''}`)
          .set('Cookie', stateCookieOf(answer) ?? '');
      await comeBack().expect(200, { outcome: 'verified', returnTo: '/bye' });
      await comeBack().expect(200, { outcome: 'mismatch' });
      // To end the session here is the app's part.
      await call(app, access_token).expect(200);
      expect(app.events).toEqual([]);
    });

    it('makes one without knowing anything', async () => {
      mount(app);
      const body: unknown = (await ask(app).expect(200)).body;
      expect(body).toEqual({
        url: expect.stringMatching(new RegExp(`${STATE}$`)),
      });
      expect((body as { url: string }).url.startsWith(WITHOUT_HINT)).toBe(true);
    });

    it('makes one for the named provider', async () => {
      const other = await createSigner('https://other.example.com');
      const provider = [signer, other].map((each) => optionsFor(each).provider as ProviderOptions);
      const both = start({ provider });
      mount(both, { issuer: other.issuer });
      const body: unknown = (await ask(both).expect(200)).body;
      expect(new URL((body as { url: string }).url).origin).toBe(other.issuer);
    });

    it('is null where the provider has no endpoint, and keeps nothing', async () => {
      const bare = start(optionsFor(signer, { provider: { metadata: {} } }));
      mount(bare);
      const answer = await ask(bare).expect(200, { url: null });
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(await redis.dump()).toEqual({});
    });

    it('binds nothing for a page of another site', async () => {
      mount(app);
      const answer = await ask(app).set('Sec-Fetch-Site', 'cross-site').expect(200);
      expect(answer.headers['set-cookie']).toBeUndefined();
    });

    const TYPE_ERROR = { name: 'TypeError' };
    const NOT_ALLOWED = {
      name: 'InvalidRequestError',
      code: 'ERR_OIDC_LOGOUT_INVALID_REQUEST',
      status: 400,
    };

    it.each<[unknown, object]>([
      [{ issuer: 'https://unknown.example.com' }, TYPE_ERROR],
      [{ id_token: 'a.b.c' }, TYPE_ERROR],
      [null, TYPE_ERROR],
      [{ returnTo: 'https://evil.example/' }, NOT_ALLOWED],
      [{ returnTo: '//evil.example' }, NOT_ALLOWED],
      [{ returnTo: '/\\evil.example' }, NOT_ALLOWED],
      [{ returnTo: '' }, NOT_ALLOWED],
      [{ postLogoutRedirectUri: 'https://evil.example/' }, NOT_ALLOWED],
      [{ postLogoutRedirectUri: '' }, NOT_ALLOWED],
    ])('rejects %j, and keeps nothing', async (session, error) => {
      mount(app, session as EndSessionOptions);
      const answer = await ask(app).expect(200, error);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(await redis.dump()).toEqual({});
    });

    it('rejects while the store is away', async () => {
      const client = redis.connect();
      const away = start({ redis: client });
      client.disconnect();
      mount(away);
      const answer = await ask(away).expect(200, {
        name: 'StoreUnavailableError',
        code: 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE',
        status: 503,
      });
      expect(answer.headers['set-cookie']).toBeUndefined();
    });

    it('rejects while the provider is away', async () => {
      // Nobody listens on port 1.
      const gone = { issuer: 'http://127.0.0.1:1', metadata: undefined };
      const away = start(optionsFor(signer, { provider: gone }));
      mount(away);
      await ask(away).expect(200, {
        name: 'ProviderUnavailableError',
        code: 'ERR_OIDC_LOGOUT_PROVIDER_UNAVAILABLE',
        status: 503,
      });
    });
  });
});
