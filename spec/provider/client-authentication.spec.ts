import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose';
import * as client from 'openid-client';
import request from 'supertest';
import {
  type ClientCredentials,
  oidcLogout,
  type OidcLogoutOptions,
  type ProviderOptions,
} from '../../lib/index.ts';
import { type App, appWith, LOGOUT } from '../support/app.ts';
import { AUDIENCE } from '../support/provider.ts';
import {
  CERTIFICATE_HEADER,
  type RevocationProvider,
  startRevocationProvider,
} from '../support/revocation-provider.ts';
import {
  answerWith,
  listenToRevocations,
  type RevocationServer,
  REVOKE,
  startRevocationServer,
  type ToldRevocations,
} from '../support/revocation-server.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
// RFC 6749, appendix A.2: a secret has no other characters than these of ASCII.
const HARD_SECRET = 'a:%+& -b=c/d?e"f\\g~%2B%zz';
const CERTIFICATE = 'the subject of a certificate';

const fetchWithCertificate: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set(CERTIFICATE_HEADER, CERTIFICATE);
  return fetch(input, { ...init, headers });
};

let privateKey: CryptoKey;
let publicKey: CryptoKey;
let jwk: JWK;
const apps: App[] = [];

beforeAll(async () => {
  ({ privateKey, publicKey } = await generateKeyPair('ES256'));
  jwk = { ...(await exportJWK(publicKey)), kid: 'client-key', use: 'sig', alg: 'ES256' };
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
});

type Credentials = () => ClientCredentials;

function start(
  issuer: string,
  { clientId, credentials }: { clientId: string; credentials: ClientCredentials },
  options: Partial<OidcLogoutOptions> = {},
): App & { told: ToldRevocations } {
  const provider: ProviderOptions = { issuer, clientId, ...credentials };
  const app = appWith({ audience: AUDIENCE, revocation: 'refresh-token', ...options, provider });
  apps.push(app);
  return { ...app, told: listenToRevocations(app.oidc) };
}

function logOut({ app }: App, access_token: string, refresh_token?: string): request.Test {
  return request(app).post(LOGOUT).send({ access_token, refresh_token }).expect(200);
}

describe('client authentication at oidc-provider', () => {
  let provider: RevocationProvider;

  beforeAll(async () => {
    provider = await startRevocationProvider();
  });

  afterAll(() => provider.close());

  interface Registered {
    readonly metadata: () => object;
    readonly authentication: () => client.ClientAuth;
    readonly send?: typeof fetch;
  }

  const bySecret = (secret: string, method: string): Registered => ({
    metadata: () => ({ client_secret: secret, token_endpoint_auth_method: method }),
    authentication: () => client.ClientSecretPost(secret),
  });
  const byKey: Registered = {
    metadata: () => ({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [jwk] },
    }),
    authentication: () => client.PrivateKeyJwt(privateKey),
  };
  const byNothing: Registered = {
    metadata: () => ({ token_endpoint_auth_method: 'none' }),
    authentication: () => client.None(),
  };
  const byCertificate: Registered = {
    metadata: () => ({
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: CERTIFICATE,
    }),
    authentication: () => client.TlsClientAuth(),
    send: fetchWithCertificate,
  };
  const post = { method: 'client_secret_post' } as const;
  const basic = { method: 'client_secret_basic' } as const;

  async function register(clientId: string, { metadata, authentication, send }: Registered) {
    return provider.register({ client_id: clientId, ...metadata() }, authentication(), send);
  }

  it.each<[string, Registered, Credentials]>([
    [
      'client_secret_basic',
      bySecret('secret', basic.method),
      () => ({ clientSecret: 'secret', clientAuthentication: basic }),
    ],
    [
      'client_secret_basic with a hard secret',
      bySecret(HARD_SECRET, basic.method),
      () => ({ clientSecret: HARD_SECRET, clientAuthentication: basic }),
    ],
    [
      'client_secret_post',
      bySecret('secret', post.method),
      () => ({ clientSecret: 'secret', clientAuthentication: post }),
    ],
    [
      'client_secret_post with a hard secret',
      bySecret(HARD_SECRET, post.method),
      () => ({ clientSecret: HARD_SECRET, clientAuthentication: post }),
    ],
    ['no more than a secret', bySecret('secret', basic.method), () => ({ clientSecret: 'secret' })],
    [
      'private_key_jwt',
      byKey,
      () => ({ clientAuthentication: { method: 'private_key_jwt', privateKey } }),
    ],
    [
      'private_key_jwt with a kid',
      byKey,
      () => ({
        clientAuthentication: { method: 'private_key_jwt', privateKey, kid: 'client-key' },
      }),
    ],
    ['none', byNothing, () => ({ clientAuthentication: { method: 'none' } })],
    ['neither secret nor method', byNothing, () => ({})],
    [
      'tls_client_auth',
      byCertificate,
      () => ({ clientAuthentication: { method: 'tls_client_auth', fetch: fetchWithCertificate } }),
    ],
  ])('by %s is accepted, and the refresh token is dead', async (name, registered, credentials) => {
    const clientId = `app ${name}:%+&`;
    const web = await register(clientId, registered);
    const app = start(provider.issuer, { clientId, credentials: credentials() });
    const { access_token, refresh_token } = await web.logIn();
    await logOut(app, access_token, refresh_token);
    expect(app.told.events).toEqual([
      expect.objectContaining({ kind: 'refresh-token', outcome: 'revoked' }),
    ]);
    expect(await web.refresh(refresh_token)).toBe('invalid_grant');
  });

  it.each<[string, Registered, Credentials, string]>([
    [
      'a wrong secret in the body',
      bySecret('secret', post.method),
      () => ({ clientSecret: 'wrong', clientAuthentication: post }),
      'invalid_client',
    ],
    [
      'a wrong secret in the header',
      bySecret('secret', basic.method),
      () => ({ clientSecret: 'wrong', clientAuthentication: basic }),
      'HTTP_401',
    ],
    [
      'another method than the registered one',
      byKey,
      () => ({ clientSecret: 'secret', clientAuthentication: post }),
      'invalid_client',
    ],
    [
      'a fetch without the certificate',
      byCertificate,
      () => ({ clientAuthentication: { method: 'tls_client_auth', fetch } }),
      'invalid_client',
    ],
  ])('by %s is refused and told', async (name, registered, credentials, reason) => {
    const web = await register(name, registered);
    const app = start(provider.issuer, { clientId: name, credentials: credentials() });
    const { access_token, refresh_token } = await web.logIn();
    await logOut(app, access_token, refresh_token);
    expect(app.told.events).toEqual([expect.objectContaining({ outcome: 'failed', reason })]);
    expect(await web.refresh(refresh_token)).toBe('ok');
  });
});

describe('client authentication', () => {
  let provider: RevocationServer;

  beforeAll(async () => {
    provider = await startRevocationServer();
  });

  afterAll(() => provider.close());

  beforeEach(() => {
    provider.reset();
  });

  const clientId = 'a:b c';
  const secret = 'p%+&é-:';
  const named = { client_id: clientId };

  async function revoke(credentials: ClientCredentials, options: Partial<OidcLogoutOptions> = {}) {
    const app = start(provider.issuer, { clientId, credentials }, options);
    await logOut(app, await provider.signer.accessToken({ client_id: clientId }), 'refresh-1');
    return app;
  }

  const sent = () =>
    provider.requests.map(({ url, headers, form: { token, token_type_hint, ...form } }) => {
      expect([url, token_type_hint]).toEqual([REVOKE, 'refresh_token']);
      expect(['refresh-1', 'refresh-2']).toContain(token);
      return { authorization: headers.authorization, form };
    });

  // RFC 6749, section 2.3.1 and appendix B
  const decode = (text = '') => decodeURIComponent(text.replaceAll('+', ' '));

  it('by client_secret_basic sends both words encoded, and nothing in the body', async () => {
    const clientAuthentication = { method: 'client_secret_basic' } as const;
    await revoke({ clientSecret: secret, clientAuthentication });
    const [{ authorization = '', form } = { form: undefined }] = sent();
    expect(form).toEqual({});
    expect(authorization).toMatch(/^Basic [\w+/]+=*$/);
    const credentials = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
    expect(credentials).toMatch(/^[\w%+.*-]+:[\w%+.*-]+$/);
    expect(credentials.split(':').map(decode)).toEqual([clientId, secret]);
  });

  it.each<[string, Credentials, object]>([
    [
      'client_secret_post',
      () => ({ clientSecret: secret, clientAuthentication: { method: 'client_secret_post' } }),
      { ...named, client_secret: secret },
    ],
    ['none', () => ({ clientAuthentication: { method: 'none' } }), named],
    ['neither secret nor method', () => ({}), named],
    [
      'tls_client_auth',
      () => ({ clientAuthentication: { method: 'tls_client_auth', fetch } }),
      named,
    ],
    [
      'private_key_jwt',
      () => ({ clientAuthentication: { method: 'private_key_jwt', privateKey } }),
      {
        ...named,
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: expect.stringMatching(/^[\w-]+(?:\.[\w-]+){2}$/),
      },
    ],
    [
      'private_key_jwt beside the secret of signed tokens',
      () => ({
        clientSecret: secret,
        clientAuthentication: { method: 'private_key_jwt', privateKey },
      }),
      {
        ...named,
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: expect.any(String),
      },
    ],
  ])('by %s sends its fields, and no Authorization header', async (_name, credentials, form) => {
    await revoke(credentials());
    expect(sent()).toEqual([{ authorization: undefined, form }]);
  });

  it('by private_key_jwt signs one new assertion for each request (RFC 7523, section 3)', async () => {
    provider.answer = answerWith(503);
    const app = await revoke({
      clientAuthentication: { method: 'private_key_jwt', privateKey, kid: 'client-key' },
    });
    await app.oidc.close();
    const assertions = provider.requests.map(({ form }) => form.client_assertion ?? '');
    expect(assertions.map((assertion) => decodeProtectedHeader(assertion))).toEqual(
      assertions.map(() => ({ alg: 'ES256', kid: 'client-key' })),
    );
    const claims = assertions.map((assertion) => decodeJwt(assertion));
    for (const { iss, sub, aud, exp = 0, iat = 0 } of claims) {
      expect({ iss, sub, aud }).toEqual({ iss: clientId, sub: clientId, aud: provider.issuer });
      expect(exp - iat).toBeGreaterThan(0);
      expect(exp - iat).toBeLessThanOrEqual(60);
    }
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(2);
  });

  it('by tls_client_auth goes to the alias that the provider has for it (RFC 8705, section 5)', async () => {
    const revocation_endpoint = `${provider.issuer}${REVOKE}/mtls`;
    provider.metadata = { ...provider.metadata, mtls_endpoint_aliases: { revocation_endpoint } };
    await revoke({ clientAuthentication: { method: 'tls_client_auth', fetch } });
    await revoke({ clientAuthentication: { method: 'none' } });
    expect(provider.requests.map(({ url }) => url)).toEqual([`${REVOKE}/mtls`, REVOKE]);
  });

  it('by tls_client_auth goes through the fetch of the app, which follows no redirect', async () => {
    const elsewhere = `${provider.issuer}/elsewhere`;
    provider.answer = (res) => res.writeHead(307, { location: elsewhere }).end();
    const app = await revoke({
      clientAuthentication: { method: 'tls_client_auth', fetch: fetchWithCertificate },
    });
    expect(provider.requests.map(({ headers }) => headers[CERTIFICATE_HEADER])).toEqual([
      CERTIFICATE,
    ]);
    expect(app.told.events).toEqual([expect.objectContaining({ reason: 'HTTP_307' })]);
    expect(provider.paths).not.toContain('/elsewhere');
  });

  describe('by a secret alone', () => {
    const methodsOf = () =>
      sent().map(({ authorization, form }) =>
        [authorization?.split(' ')[0], Object.keys(form).join()].filter(Boolean).join(' '),
      );
    const body = 'client_id,client_secret';
    const own = 'revocation_endpoint_auth_methods_supported';
    const general = 'token_endpoint_auth_methods_supported';

    it.each<[object, string]>([
      [{}, 'Basic'],
      [{ [general]: [] }, 'Basic'],
      [{ [general]: ['client_secret_basic'] }, 'Basic'],
      [{ [general]: ['private_key_jwt', 'none'] }, 'Basic'],
      [{ [general]: ['client_secret_post'] }, body],
      [{ [general]: ['client_secret_basic', 'client_secret_post'] }, body],
      [{ [own]: ['client_secret_post'], [general]: ['client_secret_basic'] }, body],
      [{ [own]: ['client_secret_basic'], [general]: ['client_secret_post'] }, 'Basic'],
    ])('follows the metadata %j', async (metadata, method) => {
      provider.metadata = { ...provider.metadata, ...metadata };
      await revoke({ clientSecret: secret });
      expect(methodsOf()).toEqual([method]);
    });

    it.each([
      ['401', 401],
      // RFC 6749, section 5.2: 401 is demanded only where the header was used.
      ['400', 400],
    ])(
      'tries the header where the body is refused by %s invalid_client',
      async (_status, status) => {
        const isBasic = () => provider.requests.at(-1)?.headers.authorization !== undefined;
        provider.metadata = { ...provider.metadata, [general]: ['client_secret_post'] };
        provider.answer = (res) => {
          answerWith(isBasic() ? 200 : status, { error: 'invalid_client' })(res);
        };
        const app = await revoke({ clientSecret: secret });
        expect(methodsOf()).toEqual([body, 'Basic']);
        expect(app.told.events).toEqual([
          expect.objectContaining({ kind: 'refresh-token', outcome: 'revoked' }),
        ]);
      },
    );

    it('remembers what was accepted', async () => {
      provider.metadata = { ...provider.metadata, [general]: ['client_secret_post'] };
      provider.answer = (res) => {
        const isBasic = provider.requests.at(-1)?.headers.authorization !== undefined;
        answerWith(isBasic ? 200 : 401, { error: 'invalid_client' })(res);
      };
      const app = await revoke({ clientSecret: secret });
      const again = await provider.signer.accessToken({ client_id: clientId, sid: 'sid-2' });
      await logOut(app, again, 'refresh-2');
      expect(methodsOf()).toEqual([body, 'Basic', 'Basic']);
    });

    it('does not try it for another error', async () => {
      provider.metadata = { ...provider.metadata, [general]: ['client_secret_post'] };
      provider.answer = answerWith(400, { error: 'invalid_request' });
      await revoke({ clientSecret: secret });
      expect(methodsOf()).toEqual([body]);
    });

    it('tells of one failure where both are refused', async () => {
      provider.metadata = { ...provider.metadata, [general]: ['client_secret_post'] };
      provider.answer = answerWith(401, { error: 'invalid_client' });
      const app = await revoke({ clientSecret: secret });
      expect(methodsOf()).toEqual([body, 'Basic']);
      expect(app.told.events).toEqual([
        expect.objectContaining({ outcome: 'failed', reason: 'invalid_client' }),
      ]);
    });

    it('that is configured is not tried in another way', async () => {
      provider.metadata = { ...provider.metadata, [general]: ['client_secret_basic'] };
      provider.answer = answerWith(401, { error: 'invalid_client' });
      const clientAuthentication = { method: 'client_secret_post' } as const;
      await revoke({ clientSecret: secret, clientAuthentication });
      expect(methodsOf()).toEqual([body]);
    });
  });
});

describe('clientAuthentication', () => {
  const issuer = 'https://op.example.com';

  it.each<[string, () => unknown, string]>([
    ['a string', () => 'none', 'an object'],
    ['null', () => null, 'an object'],
    ['no method', () => ({}), '"provider.clientAuthentication.method" must be one of'],
    [
      'an unknown method',
      () => ({ method: 'client_secret_jwt' }),
      '"provider.clientAuthentication.method" must be one of client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, none',
    ],
    [
      'a method that every object has',
      () => ({ method: 'toString' }),
      '"provider.clientAuthentication.method" must be one of',
    ],
    [
      'an unknown member',
      () => ({ method: 'none', privateKey }),
      '"provider.clientAuthentication"',
    ],
    [
      'private_key_jwt without a key',
      () => ({ method: 'private_key_jwt' }),
      '"provider.clientAuthentication.privateKey" must be a CryptoKey of the type private',
    ],
    [
      'private_key_jwt with PEM',
      () => ({ method: 'private_key_jwt', privateKey: '-----BEGIN PRIVATE KEY-----' }),
      '"provider.clientAuthentication.privateKey" must be a CryptoKey of the type private',
    ],
    [
      'private_key_jwt with a public key',
      () => ({ method: 'private_key_jwt', privateKey: publicKey }),
      '"provider.clientAuthentication.privateKey" must be a CryptoKey of the type private',
    ],
    [
      'private_key_jwt with a kid that is no text',
      () => ({ method: 'private_key_jwt', privateKey, kid: 42 }),
      '"provider.clientAuthentication.kid"',
    ],
    [
      'private_key_jwt with an empty kid',
      () => ({ method: 'private_key_jwt', privateKey, kid: '' }),
      '"provider.clientAuthentication.kid"',
    ],
    [
      'tls_client_auth without fetch',
      () => ({ method: 'tls_client_auth' }),
      '"provider.clientAuthentication"',
    ],
    [
      'tls_client_auth with a fetch that is no function',
      () => ({ method: 'tls_client_auth', fetch: {} }),
      '"provider.clientAuthentication"',
    ],
    [
      'client_secret_basic without a secret',
      () => ({ method: 'client_secret_basic' }),
      '"provider.clientSecret" must be set for client_secret_basic',
    ],
    [
      'client_secret_post without a secret',
      () => ({ method: 'client_secret_post' }),
      '"provider.clientSecret" must be set for client_secret_post',
    ],
  ])('that is %s is refused at start-up', (_what, clientAuthentication, message) => {
    const provider = { issuer, clientId: 'web', clientAuthentication: clientAuthentication() };
    const thrown = new TypeError(message);
    expect(() => oidcLogout({ provider: provider as ProviderOptions })).toThrow(TypeError);
    expect(() => oidcLogout({ provider: provider as ProviderOptions })).toThrow(thrown.message);
  });

  it('of a public client has no secret beside it', () => {
    const provider = { issuer, clientId: 'web', clientSecret: 'secret' };
    const clientAuthentication = { method: 'none' } as const;
    expect(() => oidcLogout({ provider: { ...provider, clientAuthentication } as never })).toThrow(
      new TypeError('"provider.clientSecret" must be left out for a public client'),
    );
  });

  it('of combinations that make no sense does not compile', () => {
    const refused: ClientCredentials[] = [
      // @ts-expect-error: a method that needs a secret
      { clientAuthentication: { method: 'client_secret_basic' } },
      // @ts-expect-error: a method that needs a secret
      { clientAuthentication: { method: 'client_secret_post' } },
      // @ts-expect-error: a public client has no secret
      { clientSecret: 'secret', clientAuthentication: { method: 'none' } },
      // @ts-expect-error: a method that needs a key
      { clientAuthentication: { method: 'private_key_jwt' } },
      // @ts-expect-error: a method that needs a fetch
      { clientAuthentication: { method: 'tls_client_auth' } },
      // @ts-expect-error: a key of another method
      { clientAuthentication: { method: 'none', privateKey } },
    ];
    for (const credentials of refused) {
      const provider = { issuer, clientId: 'web', ...credentials };
      expect(() => oidcLogout({ provider })).toThrow(TypeError);
    }
  });
});
