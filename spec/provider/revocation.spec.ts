import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import * as client from 'openid-client';
import request from 'supertest';
import type {
  OidcLogoutOptions,
  ProviderOptions,
  RevocationEvent,
  TokenResponse,
} from '../../lib/index.ts';
import { SessionEndedError } from '../../lib/index.ts';
import {
  type App,
  appWith,
  BACK_CHANNEL_LOGOUT,
  call,
  FRONT_CHANNEL_LOGOUT,
  logOut,
} from '../support/app.ts';
import { AUDIENCE, CLIENT_ID } from '../support/provider.ts';
import {
  type ProviderClient,
  type RevocationProvider,
  startRevocationProvider,
  type Tokens,
} from '../support/revocation-provider.ts';
import {
  answerWith,
  listenToRevocations,
  type RevocationAnswer,
  type RevocationServer,
  REVOKE,
  startRevocationServer,
  type ToldRevocations,
} from '../support/revocation-server.ts';

const SECRET = 'the secret of this app';
const KEY = Buffer.alloc(32, 7);
const POST_LOGOUT = 'https://app.example.com/logged-out';

interface RevokingApp extends App {
  readonly told: ToldRevocations;
}

interface Issued extends TokenResponse {
  readonly id_token: string;
  readonly refresh_token: string;
}

const apps: App[] = [];

function start(
  { issuer }: { issuer: string },
  {
    provider,
    ...options
  }: Omit<Partial<OidcLogoutOptions>, 'provider'> & { provider?: object } = {},
): RevokingApp {
  const entry = {
    issuer,
    clientId: CLIENT_ID,
    clientSecret: SECRET,
    postLogoutRedirectUri: POST_LOGOUT,
    ...provider,
  } as ProviderOptions;
  const app = appWith({ audience: AUDIENCE, ...options, provider: entry });
  apps.push(app);
  return { ...app, told: listenToRevocations(app.oidc) };
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
});

describe('revocation at oidc-provider', () => {
  let provider: RevocationProvider;
  let web: ProviderClient;

  beforeAll(async () => {
    provider = await startRevocationProvider();
    web = await provider.register(
      { client_id: CLIENT_ID, client_secret: SECRET },
      client.ClientSecretPost(SECRET),
    );
  });

  afterAll(() => provider.close());

  async function login(app: App, format: 'jwt' | 'opaque' = 'jwt') {
    const tokens = await web.logIn(format);
    await app.oidc.sessions.save(tokens);
    return tokens;
  }

  function event(kind: string, outcome: string, tokens: Tokens) {
    const sid = tokens.claims()?.sid;
    return { kind, outcome, reason: undefined, issuer: provider.issuer, subject: 'alice', sid };
  }

  it('leaves no refresh token, and calls it no failure that a JWT cannot be revoked', async () => {
    const app = start(provider);
    const tokens = await login(app);
    await call(app, tokens.access_token).expect(200);
    const answer = await logOut(app, tokens).expect(200);
    expect(answer.body).toEqual({
      redirect: expect.stringContaining(`${provider.issuer}/session/end?`),
    });
    expect(app.told.events).toEqual([
      event('refresh-token', 'revoked', tokens),
      event('access-token', 'unsupported', tokens),
    ]);
    expect(await web.refresh(tokens.refresh_token)).toBe('invalid_grant');
    await call(app, tokens.access_token).expect(401);
  });

  it('leaves no opaque access token either', async () => {
    const app = start(provider);
    const tokens = await login(app, 'opaque');
    await call(app, tokens.access_token).expect(200);
    expect(await web.userInfo(tokens.access_token)).toBe(200);
    await logOut(app, tokens).expect(200);
    expect(app.told.events).toEqual([
      event('refresh-token', 'revoked', tokens),
      event('access-token', 'revoked', tokens),
    ]);
    expect(await web.refresh(tokens.refresh_token)).toBe('invalid_grant');
    expect(await web.userInfo(tokens.access_token)).toBe(401);
    await call(app, tokens.access_token).expect(401);
  });

  it('reaches an opaque access token without a refresh token', async () => {
    const app = start(provider);
    const tokens = await login(app, 'opaque');
    await logOut(app, { access_token: tokens.access_token }).expect(200);
    expect(app.told.events).toEqual([event('access-token', 'revoked', tokens)]);
    expect(await web.userInfo(tokens.access_token)).toBe(401);
  });

  it('reaches the refresh token that was saved, encrypted, at login', async () => {
    const app = start(provider, { encryptionKey: KEY });
    const tokens = await login(app);
    await logOut(app, { access_token: tokens.access_token }).expect(200);
    expect(app.told.events[0]).toEqual(event('refresh-token', 'revoked', tokens));
    expect(await web.refresh(tokens.refresh_token)).toBe('invalid_grant');
  });

  it('does not happen with revocation: never', async () => {
    const app = start(provider, { revocation: 'never', encryptionKey: KEY });
    const tokens = await login(app);
    await logOut(app, tokens).expect(200);
    await app.oidc.close();
    expect(app.told.events).toEqual([]);
    expect(await web.refresh(tokens.refresh_token)).toBe('ok');
    await call(app, tokens.access_token).expect(401);
  });

  it.each<[string, Pick<OidcLogoutOptions, 'encryptionKey'>, boolean]>([
    ['with an encryptionKey', { encryptionKey: KEY }, true],
    ['but not without an encryptionKey', {}, false],
  ])('happens when an administrator ends the session, %s', async (_what, options, isRevoked) => {
    const app = start(provider, options);
    const tokens = await login(app);
    await app.oidc.sessions.end({ issuer: provider.issuer, sub: 'alice' });
    await app.oidc.close();
    expect(app.told.events).toEqual(isRevoked ? [event('refresh-token', 'revoked', tokens)] : []);
    expect(await web.refresh(tokens.refresh_token)).toBe(isRevoked ? 'invalid_grant' : 'ok');
  });
});

describe('revocation', () => {
  let provider: RevocationServer;
  let serial = 0;

  beforeAll(async () => {
    provider = await startRevocationServer();
  });

  afterAll(() => provider.close());

  beforeEach(() => {
    provider.reset();
  });

  async function issue(sid = 'sid-1', more: Partial<Issued> = {}): Promise<Issued> {
    const { signer } = provider;
    return {
      access_token: await signer.accessToken({ sid }),
      id_token: await signer.idToken({ sid }),
      refresh_token: `refresh-${++serial}`,
      ...more,
    };
  }

  async function login({ oidc }: App, sid?: string, more?: Partial<Issued>) {
    const tokens = await issue(sid, more);
    await oidc.sessions.save(tokens);
    return tokens;
  }

  const asked = () => provider.requests.map(({ form }) => form.token);

  function event(
    kind: RevocationEvent['kind'],
    outcome: RevocationEvent['outcome'],
    reason?: string,
    sid = 'sid-1',
  ): RevocationEvent {
    return { kind, outcome, reason, issuer: provider.issuer, subject: 'alice', sid };
  }

  describe('the requests', () => {
    it('are forms by POST, the refresh token first, and nothing is in the URL (RFC 7009, section 2.1)', async () => {
      const app = start(provider);
      const { access_token, refresh_token } = await login(app);
      await logOut(app, { access_token, refresh_token }).expect(200);
      const hints = new Map([
        [refresh_token, 'refresh_token'],
        [access_token, 'access_token'],
      ]);
      const authorization = `Basic ${btoa('web:the+secret+of+this+app')}`;
      expect(provider.requests).toEqual(
        [refresh_token, access_token].map((token) => ({
          method: 'POST',
          url: REVOKE,
          headers: expect.objectContaining({
            authorization,
            'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
          }),
          form: { token, token_type_hint: hints.get(token) },
        })),
      );
      expect(app.told.events).toEqual([
        event('refresh-token', 'revoked'),
        event('access-token', 'revoked'),
      ]);
    });

    it('keep the query of the endpoint', async () => {
      provider.metadata = { revocation_endpoint: `${provider.issuer}${REVOKE}?tenant=a%20b` };
      const app = start(provider);
      await logOut(app, await login(app)).expect(200);
      expect(provider.requests.map(({ url }) => url)).toEqual([
        `${REVOKE}?tenant=a%20b`,
        `${REVOKE}?tenant=a%20b`,
      ]);
    });

    it.each<[NonNullable<OidcLogoutOptions['revocation']>, ('refresh_token' | 'access_token')[]]>([
      ['all', ['refresh_token', 'access_token']],
      ['refresh-token', ['refresh_token']],
      ['never', []],
    ])('are, with revocation: %s, for %j', async (revocation, kinds) => {
      const app = start(provider, { revocation });
      const tokens = await login(app);
      await logOut(app, tokens).expect(200);
      await app.oidc.close();
      expect(asked()).toEqual(kinds.map((kind) => tokens[kind]));
      expect(app.told.events.map(({ kind }) => kind.replace('-', '_'))).toEqual(kinds);
      await call(app, tokens.access_token).expect(401);
    });

    it.each([undefined, null])(
      'are none where the revocation endpoint is %j, which is told once of the provider',
      async (revocation_endpoint) => {
        provider.metadata = { revocation_endpoint };
        const app = start(provider);
        const tokens = await login(app);
        await logOut(app, tokens).expect(200);
        await app.oidc.close();
        expect(provider.requests).toEqual([]);
        expect(app.told.events).toEqual([]);
        const error = { issuer: provider.issuer, operation: 'metadata' };
        expect(app.events.filter(([name]) => name === 'provider-error')).toEqual([
          ['provider-error', { ...error, reason: 'NO_REVOCATION_ENDPOINT' }],
        ]);
        await call(app, tokens.access_token).expect(401);
      },
    );

    it.each(['http://op.example.com/revoke', '/revoke', 'https://a@b/', 42, ''])(
      'do not go to the endpoint %j, which is told without a token',
      async (revocation_endpoint) => {
        provider.metadata = { revocation_endpoint };
        const app = start(provider, { revocation: 'refresh-token' });
        const tokens = await login(app);
        await logOut(app, tokens).expect(200);
        await app.oidc.close();
        expect(provider.requests).toEqual([]);
        expect(app.told.events).toEqual([
          event('refresh-token', 'failed', 'UNUSABLE_REVOCATION_ENDPOINT'),
        ]);
        await call(app, tokens.access_token).expect(401);
      },
    );

    it('leave out an access token that has expired', async () => {
      const app = start(provider);
      const exp = Math.floor(Date.now() / 1000) - 60;
      const access_token = await provider.signer.accessToken({ exp });
      const { refresh_token } = await login(app, 'sid-1', { access_token });
      await logOut(app, { access_token, refresh_token }).expect(200);
      expect(asked()).toEqual([refresh_token]);
    });

    it('are for the tokens of a session too that was not saved', async () => {
      const app = start(provider);
      const { access_token, refresh_token } = await issue();
      await logOut(app, { access_token, refresh_token }).expect(200);
      expect(asked()).toEqual([refresh_token, access_token]);
    });

    it.each<[string, (tokens: Issued) => TokenResponse]>([
      ['without a refresh token', ({ access_token }) => ({ access_token })],
      ['with its refresh token', (tokens) => tokens],
    ])('are not made again by a repeated logout %s', async (_what, sent) => {
      const app = start(provider, { encryptionKey: KEY });
      const tokens = await login(app);
      await logOut(app, sent(tokens)).expect(200);
      await logOut(app, sent(tokens)).expect(200);
      await app.oidc.close();
      expect(asked()).toEqual([tokens.refresh_token, tokens.access_token]);
      expect(app.told.events).toHaveLength(2);
    });

    it('are made by one of many logouts at once', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const { access_token, refresh_token } = await login(app);
      await Promise.all(
        Array.from({ length: 10 }, () => logOut(app, { access_token }).expect(200)),
      );
      expect(asked()).toEqual([refresh_token, access_token]);
    });

    it('are made for a refresh token whose session ended before without it', async () => {
      const app = start(provider);
      const tokens = await login(app);
      await app.oidc.sessions.end({ issuer: provider.issuer, sid: 'sid-1' });
      expect(provider.requests).toEqual([]);
      await logOut(app, tokens).expect(200);
      expect(asked()[0]).toBe(tokens.refresh_token);
    });

    it('are not made by a logout that is refused', async () => {
      const app = start(provider);
      const [tokens, others] = [await login(app), await login(app, 'sid-2')];
      const { refresh_token } = others;
      await logOut(app, { ...tokens, refresh_token }).expect(400);
      await logOut(app, { ...tokens, access_token: 'x.y.z' }).expect(401);
      await app.oidc.close();
      expect(provider.requests).toEqual([]);
    });
  });

  describe('of a refresh token that the caller did not send', () => {
    it('needs an encryptionKey, for it is not kept without one', async () => {
      const app = start(provider);
      const { access_token } = await login(app);
      await logOut(app, { access_token }).expect(200);
      expect(asked()).toEqual([access_token]);
    });

    it('reaches the one of the login', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const { access_token, refresh_token } = await login(app);
      await logOut(app, { access_token }).expect(200);
      expect(asked()).toEqual([refresh_token, access_token]);
    });

    it('reaches the one of the latest refresh', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const first = await login(app);
      const { access_token, refresh_token } = await issue();
      await app.oidc.sessions.rotate(first, { access_token, refresh_token });
      await logOut(app, { access_token }).expect(200);
      expect(asked()).toEqual([refresh_token, access_token]);
    });

    it('reaches the one that stays the same over a refresh', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const first = await login(app);
      const { access_token } = await issue();
      await app.oidc.sessions.rotate(first, { access_token });
      await logOut(app, { access_token }).expect(200);
      expect(asked()).toEqual([first.refresh_token, access_token]);
    });

    it('reaches the latest one beside an older one that the caller sends', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const first = await login(app);
      const { access_token, refresh_token } = await issue();
      await app.oidc.sessions.rotate(first, { access_token, refresh_token });
      await logOut(app, first).expect(200);
      expect(asked()).toEqual([first.refresh_token, refresh_token, first.access_token]);
    });

    it('reaches the tokens of a refresh that was under way during the logout', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const first = await login(app);
      const { access_token, refresh_token } = await issue();
      await logOut(app, first).expect(200);
      const rotated = app.oidc.sessions.rotate(first, { access_token, refresh_token });
      await expect(rotated).rejects.toBeInstanceOf(SessionEndedError);
      await app.oidc.close();
      expect(asked()).toContain(refresh_token);
    });
  });

  describe('by a provider that', () => {
    const hang: RevocationAnswer = () => undefined;
    const stall =
      (status: number): RevocationAnswer =>
      (res) => {
        res.writeHead(status, { 'content-type': 'application/json' }).write('{');
      };
    const huge = Buffer.alloc(50 * 1024 * 1024, 32);
    const redirect: RevocationAnswer = (res) => {
      res.writeHead(302, { location: `${provider.issuer}/elsewhere` }).end();
    };
    const future = new Date(Date.now() + 3_600_000).toUTCString();

    async function logInAndOut(options: Omit<Partial<OidcLogoutOptions>, 'provider'> = {}) {
      const app = start(provider, {
        revocation: 'refresh-token',
        revocationTimeout: 0.05,
        providerTimeout: 0.5,
        ...options,
        // Given, so that providerTimeout is about revocations only.
        provider: {
          jwks: { keys: [provider.signer.jwk] },
          metadata: { ...provider.metadata, end_session_endpoint: `${provider.issuer}/logout` },
        },
      });
      const tokens = await login(app);
      const answer = await logOut(app, tokens).expect(200);
      expect(answer.body).toEqual({
        redirect: expect.stringContaining(`${provider.issuer}/logout?`),
      });
      await call(app, tokens.access_token).expect(401);
      return { app, tokens };
    }

    it.each<[string, RevocationAnswer]>([
      ['200 with garbage', answerWith(200, '{"active":<!doctype html>')],
      ['200 with an error', answerWith(200, { error: 'invalid_client' })],
      ['200 with 50 MB', answerWith(200, huge)],
      ['200 with a body that never ends', stall(200)],
      ['204', answerWith(204)],
      ['202', answerWith(202)],
      // What Google says of a token that is dead already.
      ['400 invalid_token', answerWith(400, { error: 'invalid_token' })],
    ])('answers %s has revoked', async (_what, answer) => {
      provider.answer = answer;
      const { app } = await logInAndOut();
      expect(await app.told.until(1)).toEqual([event('refresh-token', 'revoked')]);
      await app.oidc.close();
      expect(provider.requests).toHaveLength(1);
    });

    it.each<[string, RevocationAnswer, string]>([
      ['400', answerWith(400, { error: 'invalid_request' }), 'invalid_request'],
      ['400 with garbage', answerWith(400, '<!doctype html>'), 'HTTP_400'],
      ['400 with an array', answerWith(400, []), 'HTTP_400'],
      ['401', answerWith(401, { error: 'invalid_client' }), 'invalid_client'],
      [
        '401 with a challenge',
        answerWith(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="op"' }),
        'HTTP_401',
      ],
      ['403', answerWith(403), 'HTTP_403'],
      ['404', answerWith(404), 'HTTP_404'],
      ['302', redirect, 'HTTP_302'],
      [
        '400 with the token for an error',
        (res, form) => {
          answerWith(400, { error: form.token, error_description: form.token })(res);
        },
        'HTTP_400',
      ],
    ])('answers %s has failed for good', async (_what, answer, reason) => {
      provider.answer = answer;
      const { app } = await logInAndOut();
      expect(await app.told.until(1)).toEqual([event('refresh-token', 'failed', reason)]);
      await app.oidc.close();
      expect(provider.requests).toHaveLength(1);
      expect(app.told.events).toHaveLength(1);
      expect(provider.paths).not.toContain('/elsewhere');
    });

    describe.each<[string, RevocationAnswer, string]>([
      ['never answers', hang, 'TimeoutError'],
      ['answers 500', answerWith(500), 'HTTP_500'],
      ['answers 429', answerWith(429, { error: 'slow_down' }), 'HTTP_429'],
      ['answers 503', answerWith(503), 'HTTP_503'],
      ['answers 503 with 50 MB', answerWith(503, huge), 'RESPONSE_TOO_LARGE'],
      ['answers 503 with a body that never ends', stall(503), 'TimeoutError'],
      ['answers 503 with 1 s', answerWith(503, '', { 'retry-after': '1' }), 'HTTP_503'],
      ['answers 503 with a date', answerWith(503, '', { 'retry-after': future }), 'HTTP_503'],
      ['answers 503 with 1e9 s', answerWith(503, '', { 'retry-after': '1000000000' }), 'HTTP_503'],
      ['answers 503 with x', answerWith(503, '', { 'retry-after': 'x' }), 'HTTP_503'],
      ['answers 503 with -1', answerWith(503, '', { 'retry-after': '-1' }), 'HTTP_503'],
    ])('%s', (_what, answer, reason) => {
      it('is asked again', async () => {
        provider.answer = answer;
        const { app, tokens } = await logInAndOut();
        await provider.untilAsked(1);
        expect(app.told.events).toEqual([]);
        provider.answer = answerWith(200);
        await app.oidc.close();
        expect(asked()).toEqual([tokens.refresh_token, tokens.refresh_token]);
        expect(app.told.events).toEqual([event('refresh-token', 'revoked')]);
      });

      it('and goes on so has failed once the app closes', async () => {
        provider.answer = answer;
        const { app, tokens } = await logInAndOut();
        await app.oidc.close();
        expect(asked()).toEqual([tokens.refresh_token, tokens.refresh_token]);
        expect(app.told.events).toEqual([event('refresh-token', 'failed', reason)]);
      });
    });

    it('hangs up is asked twice at once, and again later', async () => {
      provider.answer = (res) => res.destroy();
      const { app, tokens } = await logInAndOut();
      await provider.untilAsked(2);
      expect(app.told.events).toEqual([]);
      provider.answer = answerWith(200);
      await app.oidc.close();
      expect(asked()).toEqual(Array(3).fill(tokens.refresh_token));
      expect(app.told.events).toEqual([event('refresh-token', 'revoked')]);
    });

    it('hangs up and goes on so has failed once the app closes', async () => {
      provider.answer = (res) => res.destroy();
      const { app, tokens } = await logInAndOut();
      await provider.untilAsked(2);
      await app.oidc.close();
      expect(asked()).toEqual(Array(4).fill(tokens.refresh_token));
      expect(app.told.events).toEqual([event('refresh-token', 'failed', 'UND_ERR_SOCKET')]);
    });

    it('refuses connections is asked again when it listens', async () => {
      const app = start(provider);
      const tokens = await login(app);
      // The metadata are known then.
      await logOut(app, await login(app, 'sid-2')).expect(200);
      await provider.refuse();
      await logOut(app, tokens).expect(200);
      await call(app, tokens.access_token).expect(401);
      expect(app.told.events).toHaveLength(2);
      await provider.listen();
      await app.oidc.close();
      expect(app.told.events.slice(2).map(({ outcome }) => outcome)).toEqual([
        'revoked',
        'revoked',
      ]);
      expect(asked().slice(2).sort()).toEqual([tokens.access_token, tokens.refresh_token].sort());
    });

    it('refuses connections for good has failed once the app closes', async () => {
      const app = start(provider, { revocation: 'refresh-token' });
      const tokens = await login(app);
      await logOut(app, await login(app, 'sid-2')).expect(200);
      await provider.refuse();
      await logOut(app, tokens).expect(200);
      await app.oidc.close();
      await provider.listen();
      expect(app.told.events.slice(1)).toEqual([event('refresh-token', 'failed', 'ECONNREFUSED')]);
    });

    it('is back is asked again without any further call', async () => {
      provider.answer = answerWith(503);
      const { app } = await logInAndOut();
      await provider.untilAsked(1);
      provider.answer = answerWith(200);
      expect(await app.told.until(1)).toEqual([event('refresh-token', 'revoked')]);
      expect(provider.requests).toHaveLength(2);
    });

    it('says unsupported_token_type cannot revoke, which is no failure', async () => {
      provider.answer = answerWith(400, { error: 'unsupported_token_type' });
      const { app } = await logInAndOut({ revocation: 'all' });
      expect(await app.told.until(2)).toEqual([
        event('refresh-token', 'unsupported'),
        event('access-token', 'unsupported'),
      ]);
      await app.oidc.close();
      expect(provider.requests).toHaveLength(2);
    });

    it('fails for one token is asked for the other all the same', async () => {
      provider.answer = (res, form) => {
        answerWith(form.token_type_hint === 'refresh_token' ? 400 : 200)(res);
      };
      const { app } = await logInAndOut({ revocation: 'all' });
      expect(await app.told.until(2)).toEqual([
        event('refresh-token', 'failed', 'HTTP_400'),
        event('access-token', 'revoked'),
      ]);
    });

    it('is away for one token is asked for the other before the retry', async () => {
      let isAway = true;
      provider.answer = (res, form) => {
        const isRefused = isAway && form.token_type_hint === 'refresh_token';
        answerWith(isRefused ? 503 : 200)(res);
      };
      const { app, tokens } = await logInAndOut({ revocation: 'all' });
      expect(await app.told.until(1)).toEqual([event('access-token', 'revoked')]);
      isAway = false;
      await app.oidc.close();
      expect(app.told.events[1]).toEqual(event('refresh-token', 'revoked'));
      const { access_token, refresh_token } = tokens;
      expect(asked()).toEqual([refresh_token, access_token, refresh_token]);
    });
  });

  describe('under way', () => {
    let held: ServerResponse[];

    beforeEach(() => {
      held = [];
      provider.answer = (res) => held.push(res);
    });

    it('keeps no logout waiting longer than revocationTimeout', async () => {
      const app = start(provider, { revocationTimeout: 0.05, revocation: 'refresh-token' });
      const tokens = await login(app);
      await logOut(app, tokens).expect(200);
      await call(app, tokens.access_token).expect(401);
      await provider.untilAsked(1);
      expect(app.told.events).toEqual([]);
      held[0]?.end();
      expect(await app.told.until(1)).toEqual([event('refresh-token', 'revoked')]);
      expect(provider.requests).toHaveLength(1);
    });

    it('begins when the session is dead', async () => {
      const app = start(provider, { revocation: 'refresh-token' });
      const tokens = await login(app);
      const answered = logOut(app, tokens).then(({ status }) => status);
      await provider.untilAsked(1);
      await call(app, tokens.access_token).expect(401);
      held[0]?.end();
      expect(await answered).toBe(200);
    });

    it('is waited for by close()', async () => {
      const app = start(provider, { revocationTimeout: 0.05, revocation: 'refresh-token' });
      await logOut(app, await login(app)).expect(200);
      await provider.untilAsked(1);
      const order: string[] = [];
      app.oidc.on('revocation', ({ outcome }) => order.push(outcome));
      const closed = app.oidc.close().then(() => order.push('closed'));
      await new Promise((resolve) => setImmediate(resolve));
      expect(order).toEqual([]);
      held[0]?.end();
      await closed;
      expect(order).toEqual(['revoked', 'closed']);
      await app.oidc.close();
    });
  });

  describe('of a session that others end', () => {
    const rows: [string, string | undefined, boolean][] = [
      ['openid', 'openid', true],
      ['no scope', undefined, true],
      ['openid offline_access', 'openid offline_access', false],
      ['a scope that is only similar', 'openid offline_access_x', true],
    ];

    async function endByProvider({ app }: App, claims: Record<string, unknown> = {}) {
      const logout_token = await provider.signer.logoutToken(claims);
      return request(app).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });
    }

    it.each(rows)('by back-channel logout, with %s', async (_what, scope, isRevoked) => {
      const app = start(provider, { encryptionKey: KEY, revocationDelay: 0 });
      const { refresh_token, access_token } = await login(app, 'sid-1', { scope });
      expect((await endByProvider(app)).status).toBe(200);
      await app.oidc.close();
      expect(asked()).toEqual(isRevoked ? [refresh_token] : []);
      expect(app.told.events).toEqual(isRevoked ? [event('refresh-token', 'revoked')] : []);
      await call(app, access_token).expect(401);
    });

    it.each(rows)('by the app, with %s', async (_what, scope) => {
      const app = start(provider, { encryptionKey: KEY });
      const { refresh_token } = await login(app, 'sid-1', { scope });
      await app.oidc.sessions.end({ issuer: provider.issuer, sid: 'sid-1' });
      await app.oidc.close();
      expect(asked()).toEqual([refresh_token]);
    });

    it('by back-channel logout of all sessions of a user spares exactly the offline ones', async () => {
      const app = start(provider, { encryptionKey: KEY, revocationDelay: 0 });
      const online = [await login(app, 'a'), await login(app, 'b', { scope: 'openid' })];
      await login(app, 'c', { scope: 'openid offline_access' });
      const { status } = await endByProvider(app, { sid: undefined });
      expect(status).toBe(200);
      await app.oidc.close();
      expect(asked().sort()).toEqual(online.map((tokens) => tokens.refresh_token).sort());
    });

    it('by back-channel logout: offline access stays so over a refresh', async () => {
      const app = start(provider, { encryptionKey: KEY, revocationDelay: 0 });
      const first = await login(app, 'sid-1', { scope: 'openid offline_access' });
      const { access_token, refresh_token } = await issue();
      await app.oidc.sessions.rotate(first, { access_token, refresh_token });
      expect((await endByProvider(app)).status).toBe(200);
      await app.oidc.close();
      expect(asked()).toEqual([]);
    });

    it('by back-channel logout happens once, however often the provider repeats it', async () => {
      const app = start(provider, { encryptionKey: KEY, revocationDelay: 0 });
      const { refresh_token } = await login(app);
      const logout_token = await provider.signer.logoutToken();
      for (let count = 0; count < 3; count += 1) {
        const post = request(app.app).post(BACK_CHANNEL_LOGOUT).type('form');
        await post.send({ logout_token }).expect(200, '');
      }
      await app.oidc.close();
      expect(asked()).toEqual([refresh_token]);
    });

    it('by back-channel logout does not delay its 200, nor change it by a 503', async () => {
      const held: ServerResponse[] = [];
      provider.answer = (res) => held.push(res);
      const app = start(provider, { encryptionKey: KEY, revocationDelay: 0 });
      await login(app);
      const answer = await endByProvider(app);
      expect([answer.status, answer.text]).toEqual([200, '']);
      await provider.untilAsked(1);
      provider.answer = answerWith(200);
      held[0]?.writeHead(503).end();
      await app.oidc.close();
      expect(app.told.events).toEqual([event('refresh-token', 'revoked')]);
      expect(provider.requests).toHaveLength(2);
    });

    it('by front-channel logout does not happen', async () => {
      const app = start(provider, { encryptionKey: KEY });
      const { access_token } = await login(app);
      const query = { iss: provider.issuer, sid: 'sid-1' };
      await request(app.app).get(FRONT_CHANNEL_LOGOUT).query(query).expect(200);
      await call(app, access_token).expect(401);
      await app.oidc.close();
      expect(provider.requests).toEqual([]);
      expect(app.told.events).toEqual([]);
    });
  });

  it('puts no token and no secret into an event or an answer', async () => {
    provider.answer = (res, form) => {
      const words = Object.values(form).join(' ');
      const body = { error: words, error_description: words };
      answerWith(400, body, { 'www-authenticate': `Basic realm="${form.token ?? ''}"` })(res);
    };
    const app = start(provider, {
      provider: { clientAuthentication: { method: 'client_secret_post' } },
    });
    const { access_token, refresh_token } = await login(app);
    const answer = await logOut(app, { access_token, refresh_token });
    expect(app.told.events.map(({ reason }) => reason)).toEqual(['HTTP_400', 'HTTP_400']);
    const all = JSON.stringify([app.told.events, app.events, answer.headers, answer.text]);
    expect(provider.requests[0]?.form.client_secret).toBe(SECRET);
    for (const word of [access_token, refresh_token, SECRET]) expect(all).not.toContain(word);
  });
});
