import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { OidcLogoutOptions, ProviderMetadata } from '../../lib/index.ts';
import { type App, appWith, call, LOGOUT, redirectOf } from '../support/app.ts';
import { letPass, resetClocks } from '../support/clock.ts';
import {
  answerWith,
  listenToRevocations,
  type RevocationServer,
  REVOKE,
  SERVER_METADATA,
  startRevocationServer,
  type ToldRevocations,
} from '../support/revocation-server.ts';
import { AUDIENCE, CLIENT_ID } from '../support/provider.ts';
import { until } from '../support/until.ts';

const POST_LOGOUT = 'https://app.example.com/logged-out';
const UNUSABLE_URLS = [
  ...[5, 0, true, false, [], {}, '', ' ', '/logout', 'logout', 'https://', '//op.example.com/x'],
  ...['http://op.example.com/logout', 'javascript:alert(1)', 'https://a@b/', 'https://b/#c'],
  ...['https://b/\n', 'https://b/ü', ['https://op.example.com/x'], { href: 'https://b/' }],
];

describe('metadata of the provider', () => {
  let provider: RevocationServer;
  const apps: App[] = [];

  beforeEach(async () => {
    provider = await startRevocationServer();
  });

  afterEach(async () => {
    resetClocks();
    await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
    await provider.close();
  });

  function start(
    entry: object = {},
    options: Partial<OidcLogoutOptions> = {},
  ): App & { told: ToldRevocations } {
    const app = appWith({
      audience: AUDIENCE,
      revocation: 'refresh-token',
      ...options,
      provider: {
        ...{ issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: 'secret' },
        postLogoutRedirectUri: POST_LOGOUT,
        ...entry,
      },
    });
    apps.push(app);
    return { ...app, told: listenToRevocations(app.oidc) };
  }

  const errors = ({ events }: App) => events.filter(([name]) => name === 'provider-error');

  function told(reason: string, more: object = {}): [string, object] {
    const { issuer } = provider;
    return ['provider-error', { issuer, operation: 'metadata', reason, ...more }];
  }

  async function logOut(
    { app }: App,
    sid = 'sid-1',
  ): Promise<{ access_token: string; body: unknown }> {
    const access_token = await provider.signer.accessToken({ sid });
    const refresh_token = `refresh-${sid}`;
    const answer = await request(app).post(LOGOUT).send({ access_token, refresh_token });
    expect(answer.status).toBe(200);
    return { access_token, body: answer.body };
  }

  describe('whose end_session_endpoint is', () => {
    it.each(UNUSABLE_URLS)('%j: the session ends here, and one event says why', async (value) => {
      provider.metadata = { ...provider.metadata, end_session_endpoint: value };
      const app = start();
      for (let count = 0; count < 3; count += 1) {
        const { access_token, body } = await logOut(app);
        expect(body).toEqual({ redirect: null });
        await call(app, access_token).expect(401);
      }
      expect(errors(app)).toEqual([told('UNUSABLE_END_SESSION_ENDPOINT')]);
    });

    it.each([null, undefined])('%j: the session ends here, and nothing is wrong', async (value) => {
      provider.metadata = { ...provider.metadata, end_session_endpoint: value };
      const app = start();
      const { access_token, body } = await logOut(app);
      expect(body).toEqual({ redirect: null });
      await call(app, access_token).expect(401);
      expect(errors(app)).toEqual([]);
    });

    it('unusable: a caller that prefers HTML goes to the page of the app', async () => {
      provider.metadata = { ...provider.metadata, end_session_endpoint: 5 };
      const app = start();
      const access_token = await provider.signer.accessToken();
      const answer = await request(app.app)
        .post(LOGOUT)
        .set('Accept', 'text/html')
        .send({ access_token });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain(`content="0; url=${POST_LOGOUT}"`);
      await call(app, access_token).expect(401);
    });

    it('unusable at Cognito too', async () => {
      provider.metadata = { ...provider.metadata, end_session_endpoint: [] };
      const app = start({ endSession: 'cognito' });
      expect((await logOut(app)).body).toEqual({ redirect: null });
      expect(errors(app)).toEqual([told('UNUSABLE_END_SESSION_ENDPOINT')]);
    });

    it('unusable again an hour later is no news; mended and broken again it is', async () => {
      const mended = provider.metadata;
      const broken = { ...provider.metadata, end_session_endpoint: 5 };
      const app = start();
      const renew = async (metadata: Record<string, unknown>) => {
        provider.metadata = metadata;
        letPass(3_601_000);
        const count = provider.paths.length;
        await logOut(app);
        await until(() => provider.paths.slice(count).some((path) => path.includes('well-known')));
        await until(async () => {
          const { body } = await logOut(app);
          const isNull = (body as { redirect: unknown }).redirect === null;
          return isNull === 'end_session_endpoint' in metadata;
        });
      };
      provider.metadata = broken;
      await logOut(app);
      await renew(broken);
      expect(errors(app)).toHaveLength(1);
      await renew(mended);
      await renew(broken);
      expect(errors(app)).toHaveLength(2);
    });
  });

  it.each(UNUSABLE_URLS)(
    'whose revocation_endpoint is %j: nothing is revoked, which is told',
    async (revocation_endpoint) => {
      provider.metadata = { revocation_endpoint };
      const app = start();
      await logOut(app);
      await app.oidc.close();
      expect(app.told.events.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['failed', 'UNUSABLE_REVOCATION_ENDPOINT'],
      ]);
      expect(provider.requests).toEqual([]);
      expect(errors(app)).toEqual([told('UNUSABLE_REVOCATION_ENDPOINT')]);
    },
  );

  it.each(UNUSABLE_URLS)(
    'whose introspection_endpoint is %j: an opaque token is 503, and one event says why',
    async (introspection_endpoint) => {
      provider.metadata = { introspection_endpoint };
      const app = start({ introspection: 'opaque' });
      await call(app, 'opaque').expect(503);
      await call(app, await provider.signer.accessToken()).expect(200);
      await call(app, 'opaque').expect(503);
      expect(errors(app)).toEqual([told('UNUSABLE_INTROSPECTION_ENDPOINT')]);
    },
  );

  it.each([...UNUSABLE_URLS, null, undefined])(
    'whose jwks_uri is %j: an outage',
    async (jwks_uri) => {
      provider.metadata = { jwks_uri };
      const app = start();
      await call(app, await provider.signer.accessToken()).expect(503);
      expect(errors(app)).toEqual([told('UNUSABLE_JWKS_URI', { operation: 'keys' })]);
    },
  );

  describe('whose', () => {
    const isByPost = () => provider.requests[0]?.form.client_secret !== undefined;
    const post = ['client_secret_post'];

    it.each<[string, unknown, unknown, boolean, string | undefined]>([
      ['a text', 'client_secret_post', post, true, 'REVOCATION'],
      ['a text that is contained', 'xclient_secret_postx', [], false, 'REVOCATION'],
      ['a number', 5, post, true, 'REVOCATION'],
      ['an object', { 0: 'client_secret_post' }, [], false, 'REVOCATION'],
      ['true', true, post, true, 'REVOCATION'],
      ['a list with a number', [1, 'client_secret_post'], [], false, 'REVOCATION'],
      ['a list in a list', [['client_secret_post']], [], false, 'REVOCATION'],
      ['null', null, post, true, undefined],
      ['an empty list', [], post, false, undefined],
      ['a list', post, [], true, undefined],
      ['absent, beside a text for all', undefined, 'client_secret_post', false, 'TOKEN'],
      ['absent, beside a number for all', undefined, 1, false, 'TOKEN'],
    ])(
      'revocation_endpoint_auth_methods_supported are %s',
      async (_what, own, common, isPost, unusable) => {
        provider.metadata = {
          ...provider.metadata,
          revocation_endpoint_auth_methods_supported: own,
          token_endpoint_auth_methods_supported: common,
        };
        const app = start();
        await logOut(app);
        expect((await app.told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
        expect(isByPost()).toBe(isPost);
        const reason = `UNUSABLE_${unusable}_ENDPOINT_AUTH_METHODS_SUPPORTED`;
        expect(errors(app)).toEqual(unusable === undefined ? [] : [told(reason)]);
      },
    );

    it.each<[unknown, string]>([
      ['https://op.example.com', REVOKE],
      [5, REVOKE],
      [[], REVOKE],
      [true, REVOKE],
      [{ revocation_endpoint: 5 }, REVOKE],
      [{ revocation_endpoint: '' }, REVOKE],
      [{ revocation_endpoint: 'http://op.example.com/revoke' }, REVOKE],
      [{ revocation_endpoint: '/mtls', introspection_endpoint: null }, REVOKE],
    ])('mtls_endpoint_aliases are %j', async (mtls_endpoint_aliases, url) => {
      provider.metadata = { ...provider.metadata, mtls_endpoint_aliases };
      const app = start({
        clientSecret: undefined,
        clientAuthentication: { method: 'tls_client_auth', fetch },
      });
      await logOut(app);
      expect((await app.told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
      expect(provider.requests.map((each) => each.url)).toEqual([url]);
      expect(errors(app)).toEqual([told('UNUSABLE_MTLS_ENDPOINT_ALIASES')]);
    });
  });

  describe('given beside discovery', () => {
    const certificate = {
      clientSecret: undefined,
      clientAuthentication: { method: 'tls_client_auth', fetch },
    };
    const urls = () => provider.requests.map(({ url }) => url);

    it('add what discovery does not find', async () => {
      provider.metadata = {};
      const app = start({ metadata: { revocation_endpoint: `${provider.issuer}${REVOKE}` } });
      const access_token = await provider.signer.accessToken();
      const id_token = await provider.signer.idToken();
      await app.oidc.sessions.save({ access_token, id_token, refresh_token: 'refresh' });
      const answer = await request(app.app)
        .post(LOGOUT)
        .send({ access_token, refresh_token: 'refresh' });
      expect(redirectOf(answer)).toContain(`${provider.issuer}/logout?id_token_hint=`);
      await call(app, access_token).expect(401);
      expect((await app.told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
      expect(provider.paths).not.toContain(SERVER_METADATA);
      expect(errors(app)).toEqual([]);
    });

    it('replace a member that is found, usable or not', async () => {
      provider.metadata = { revocation_endpoint: 5, end_session_endpoint: 'https://a.example/' };
      const metadata = {
        revocation_endpoint: `${provider.issuer}${REVOKE}?own`,
        end_session_endpoint: 'https://b.example/logout',
      };
      const app = start({ metadata });
      expect(redirectOf(await logOut(app))).toContain('https://b.example/logout?');
      expect((await app.told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
      expect(urls()).toEqual([`${REVOKE}?own`]);
      expect(errors(app)).toEqual([]);
    });

    it('take a member away by null, and leave it by undefined', async () => {
      const metadata = { end_session_endpoint: null, revocation_endpoint: undefined };
      const app = start({ metadata });
      expect((await logOut(app)).body).toEqual({ redirect: null });
      expect((await app.told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
      expect(errors(app)).toEqual([]);
    });

    it('take the revocation away by null, without a look elsewhere or an event', async () => {
      const app = start({ metadata: { revocation_endpoint: null } });
      await logOut(app);
      await app.oidc.close();
      expect(app.told.events).toEqual([]);
      expect(errors(app)).toEqual([]);
      expect(provider.paths).not.toContain(SERVER_METADATA);
    });

    it('take authentication methods away', async () => {
      provider.metadata = {
        ...provider.metadata,
        revocation_endpoint_auth_methods_supported: ['client_secret_post'],
      };
      const app = start({ metadata: { revocation_endpoint_auth_methods_supported: null } });
      await logOut(app);
      await app.told.until(1);
      expect(provider.requests[0]?.headers.authorization).toBe(`Basic ${btoa('web:secret')}`);
    });

    const to = (query: string) => `${provider.issuer}${REVOKE}?${query}`;

    it.each<[string, () => ProviderMetadata, string]>([
      ['an endpoint', () => ({ revocation_endpoint: to('given') }), `${REVOKE}?given`],
      [
        'an alias',
        () => ({ mtls_endpoint_aliases: { revocation_endpoint: to('given') } }),
        `${REVOKE}?given`,
      ],
      [
        'an endpoint and an alias',
        () => ({
          revocation_endpoint: to('plain'),
          mtls_endpoint_aliases: { revocation_endpoint: to('given') },
        }),
        `${REVOKE}?given`,
      ],
      ['no alias', () => ({ mtls_endpoint_aliases: { revocation_endpoint: null } }), REVOKE],
      ['no aliases', () => ({ mtls_endpoint_aliases: null }), REVOKE],
      [
        'another alias',
        () => ({ mtls_endpoint_aliases: { introspection_endpoint: to('other') } }),
        `${REVOKE}?alias`,
      ],
      ['another endpoint', () => ({ introspection_endpoint: to('other') }), `${REVOKE}?alias`],
    ])('tell a client with a certificate where to go, by %s', async (_what, make, url) => {
      const aliases = { revocation_endpoint: to('alias') };
      provider.metadata = { ...provider.metadata, mtls_endpoint_aliases: aliases };
      const app = start({ ...certificate, metadata: make() });
      await logOut(app);
      expect((await app.told.until(1)).map(({ outcome }) => outcome)).toEqual(['revoked']);
      expect(urls()).toEqual([url]);
    });
  });

  it('given alone are not looked for, and the keys are found by them', async () => {
    const { issuer } = provider;
    const metadata = { jwks_uri: `${issuer}/jwks`, end_session_endpoint: `${issuer}/logout` };
    const app = start({ discovery: false, metadata });
    expect(redirectOf(await logOut(app))).toContain(`${issuer}/logout?`);
    await app.oidc.close();
    expect(provider.paths).toEqual(['/jwks']);
    expect(errors(app)).toEqual([]);
  });

  describe('without the endpoint', () => {
    const post = ['client_secret_post'];
    const serve = (document: object, status = 200, type = 'application/json') => {
      provider.serverMetadata = (_req, res) => {
        res.writeHead(status, { 'content-type': type }).end(JSON.stringify(document));
      };
    };
    const looks = () => provider.paths.filter((path) => path === SERVER_METADATA).length;

    it('of revocation: the metadata of RFC 8414 have it, and how to authenticate', async () => {
      const { issuer } = provider;
      provider.metadata = {};
      serve({
        issuer,
        revocation_endpoint: `${issuer}${REVOKE}`,
        revocation_endpoint_auth_methods_supported: post,
        end_session_endpoint: 'https://elsewhere.example.com/',
      });
      const app = start();
      await call(app, await provider.signer.accessToken()).expect(200);
      expect(looks()).toBe(0);
      const answers = await Promise.all(['one', 'two'].map((sid) => logOut(app, sid)));
      for (const answer of answers) expect(redirectOf(answer)).toContain(`${issuer}/logout?`);
      expect((await app.told.until(2)).map(({ outcome }) => outcome)).toEqual([
        'revoked',
        'revoked',
      ]);
      expect(provider.requests.map(({ form }) => form.client_secret)).toEqual(['secret', 'secret']);
      expect(looks()).toBe(1);
      expect(errors(app)).toEqual([]);
    });

    it('of introspection: the metadata of RFC 8414 have it', async () => {
      const { issuer } = provider;
      serve({ issuer, introspection_endpoint: `${issuer}${REVOKE}/introspect` });
      provider.answer = answerWith(200, { active: false });
      const app = start({ introspection: 'opaque' });
      await call(app, 'opaque').expect(401);
      expect(provider.requests.map(({ url }) => url)).toEqual([`${REVOKE}/introspect`]);
      expect(looks()).toBe(1);
      expect(errors(app)).toEqual([]);
    });

    it('of introspection in either: every answer says so, and one event', async () => {
      const app = start({ introspection: 'opaque' });
      await call(app, await provider.signer.accessToken()).expect(200);
      await until(() => errors(app).length > 0);
      for (let count = 0; count < 3; count += 1) {
        const answer = await call(app, 'opaque').expect(503);
        expect(answer.headers['retry-after']).toBe('1');
        expect(answer.body).toEqual({
          error: 'temporarily_unavailable',
          error_description: 'The OpenID Provider has no introspection endpoint',
        });
      }
      expect(errors(app)).toEqual([told('NO_INTROSPECTION_ENDPOINT')]);
    });

    it.each<[string, () => void, string[]]>([
      ['404', () => undefined, []],
      [
        '401',
        () => {
          serve({}, 401);
        },
        [],
      ],
      [
        'a page',
        () => {
          serve({}, 200, 'text/html');
        },
        [],
      ],
      [
        'a redirect',
        () => {
          serve({}, 302);
        },
        [],
      ],
      [
        'an array',
        () => {
          serve([]);
        },
        [],
      ],
      [
        'an issuer that is no URL',
        () => {
          serve({ issuer: 'op', revocation_endpoint: 'x' });
        },
        [],
      ],
      [
        'another issuer',
        () => {
          serve({ issuer: 'https://b.example', revocation_endpoint: 'https://b.example/' });
        },
        ['ISSUER_MISMATCH'],
      ],
      [
        'no endpoint',
        () => {
          serve({ issuer: provider.issuer });
        },
        [],
      ],
    ])(
      'of revocation, and with %s in its place: one event says that there is none',
      async (_what, prepare, before) => {
        provider.metadata = {};
        prepare();
        const app = start();
        await logOut(app, 'one');
        await logOut(app, 'two');
        await app.oidc.close();
        expect(app.told.events).toEqual([]);
        expect(looks()).toBe(1);
        const reasons = errors(app).map(([, event]) => (event as { reason: string }).reason);
        expect(reasons).toEqual([...before, 'NO_REVOCATION_ENDPOINT']);
      },
    );

    it('of revocation, and with an unusable one in its place: each revocation says so', async () => {
      provider.metadata = {};
      serve({ issuer: provider.issuer, revocation_endpoint: 'http://op.example.com/revoke' });
      const app = start();
      await logOut(app, 'one');
      await logOut(app, 'two');
      const reason = 'UNUSABLE_REVOCATION_ENDPOINT';
      expect((await app.told.until(2)).map((event) => event.reason)).toEqual([reason, reason]);
      expect(errors(app)).toEqual([told(reason)]);
    });

    it.each([500, 429])(
      'of revocation, and with %d in its place: no outage, and revoked once it is back',
      async (status) => {
        const { issuer } = provider;
        provider.metadata = {};
        serve({}, status);
        const app = start();
        const { access_token } = await logOut(app);
        await call(app, access_token).expect(401);
        await call(app, await provider.signer.accessToken({ sid: 'other' })).expect(200);
        expect(errors(app)).toEqual([told(`HTTP_${status}`)]);
        serve({ issuer, revocation_endpoint: `${issuer}${REVOKE}` });
        letPass(1001);
        await app.oidc.close();
        expect(app.told.events.map(({ outcome }) => outcome)).toEqual(['revoked']);
      },
    );

    it('of introspection, and nothing in its place: 503 in time, JWTs pass', async () => {
      provider.serverMetadata = () => undefined;
      const app = start({ introspection: 'opaque' }, { providerTimeout: 0.2 });
      await call(app, 'opaque').expect(503);
      await call(app, await provider.signer.accessToken()).expect(200);
      const answer = await call(app, 'opaque').expect(503);
      expect((answer.body as { error_description: string }).error_description).toBe(
        'The OpenID Provider is not reachable',
      );
    });
  });

  it('that are given are looked at in the same way', async () => {
    const metadata = {
      end_session_endpoint: `${provider.issuer}/logout`,
      revocation_endpoint: `${provider.issuer}${REVOKE}`,
      revocation_endpoint_auth_methods_supported: 'client_secret_post',
    } as unknown as ProviderMetadata;
    const app = start({ discovery: false, metadata, jwks: { keys: [provider.signer.jwk] } });
    await logOut(app);
    expect(errors(app)).toEqual([told('UNUSABLE_REVOCATION_ENDPOINT_AUTH_METHODS_SUPPORTED')]);
    expect(provider.requests[0]?.headers.authorization).toBe(`Basic ${btoa('web:secret')}`);
  });

  it('tell every unusable member, and nothing of their text', async () => {
    provider.answer = answerWith(200);
    provider.metadata = {
      end_session_endpoint: 'http://secret.example.com',
      revocation_endpoint: ['secret'],
      introspection_endpoint: { secret: 1 },
      token_endpoint_auth_methods_supported: 'secret',
    };
    const app = start();
    await logOut(app);
    expect(errors(app)).toEqual([
      told('UNUSABLE_END_SESSION_ENDPOINT'),
      told('UNUSABLE_REVOCATION_ENDPOINT'),
      told('UNUSABLE_INTROSPECTION_ENDPOINT'),
      told('UNUSABLE_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED'),
    ]);
  });

  it.each<[string, () => string, () => string]>([
    ['with a slash more', () => `${provider.issuer}/`, () => `${provider.issuer}/`],
    ['in capitals', () => provider.issuer.toUpperCase(), () => provider.issuer.toUpperCase()],
    ['with a query', () => `${provider.issuer}?`, () => `${provider.issuer}?`],
    ['of another host', () => 'https://b.example', () => 'https://b.example'],
    [
      'with control characters',
      () => 'https://b.example/\u001b[2J\n',
      () => 'https://b.example/?[2J?',
    ],
    ['beyond ASCII', () => 'https://ü.example/é', () => 'https://?.example/?'],
    [
      'of 10,000 characters',
      () => `https://b.example/${'x'.repeat(10_000)}`,
      () => `https://b.example/${'x'.repeat(182)}`,
    ],
  ])('of an issuer %s are refused, and both are named', async (_what, make, found) => {
    provider.metadata = { issuer: make() };
    const app = start();
    await call(app, await provider.signer.accessToken()).expect(503);
    const expected = provider.issuer;
    expect(errors(app)).toEqual([told('ISSUER_MISMATCH', { expected, found: found() })]);
  });
});
