import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { generateKeyPair } from 'jose';
import request from 'supertest';
import { oidcLogout, type OidcLogoutOptions } from '../../lib/index.ts';
import { type ResolvedOptions, resolveOptions } from '../../lib/options/oidc-logout-options.ts';

const provider = { issuer: 'https://op.example.com', clientId: 'web' };
const bytes = (length: number) => Buffer.alloc(length).toString('base64url');
const MIDDLEWARES = [
  'logout',
  'backChannelLogout',
  'frontChannelLogout',
  'postLogoutCallback',
  'guard',
] as const;
const encryption = { alg: 'RSA-OAEP-256', jwks: { keys: [] } };
const keyPair = await generateKeyPair('ES256');
const methods = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, () => undefined]));
const redis = methods('get', 'mget', 'call', 'pipeline', 'duplicate');
const store = methods('read', 'update', 'subscribe');

describe('oidcLogout', () => {
  it('needs no more than a provider', () => {
    expect(Object.keys(oidcLogout({ provider })).sort()).toEqual([
      'backChannelLogout',
      'clientMetadata',
      'close',
      'endSessionUrl',
      'frontChannelLogout',
      'guard',
      'logout',
      'off',
      'on',
      'postLogoutCallback',
      'ready',
      'sessions',
    ]);
  });

  it.each([
    { jwks: { keys: [] }, metadata: { end_session_endpoint: null } },
    { endSession: 'auth0', jwks: { keys: [] } },
    {
      ...{ algorithms: 'HS256', clientSecret: 'x'.repeat(32) },
      metadata: { jwks_uri: null, end_session_endpoint: 'https://op.example.com/logout' },
    },
    {
      introspection: 'opaque',
      metadata: {
        ...{ jwks_uri: 'https://op.example.com/jwks', end_session_endpoint: null },
        mtls_endpoint_aliases: { introspection_endpoint: 'https://op.example.com/introspect' },
      },
    },
  ])('needs no discovery with %j', (entry) => {
    const options = { provider: { ...provider, discovery: false, ...entry } };
    expect(() => oidcLogout(options as OidcLogoutOptions)).not.toThrow();
  });

  it('leaves the options as they are, and does not look at them again', () => {
    const options = Object.freeze({
      provider: Object.freeze({ ...provider }),
      audience: Object.freeze(['api']),
    });
    expect(() => oidcLogout(options).guard()).not.toThrow();
  });

  it('names its handlers, so that they are found in a stack trace', () => {
    const oidc = oidcLogout({ provider, audience: 'api' });
    expect(MIDDLEWARES.map((name) => oidc[name]().name)).toEqual([
      'logoutHandler',
      'backChannelLogoutHandler',
      'frontChannelLogoutHandler',
      'postLogoutCallbackHandler',
      'guardHandler',
    ]);
  });

  it.each(MIDDLEWARES)('tells when %s is mounted but not called', async (name) => {
    const oidc: object = oidcLogout({ provider, audience: 'api' });
    const messages: string[] = [];
    const app = express();
    app.use((oidc as Record<typeof name, express.RequestHandler>)[name]);
    app.use(((error: Error, _req, res, _next) => {
      messages.push(error.message);
      res.status(500).end();
    }) satisfies express.ErrorRequestHandler);
    await request(app).post('/').expect(500);
    expect(messages).toEqual([`oidc.${name} must be called: app.use(path, oidc.${name}())`]);
  });

  it.each<[unknown, string]>([
    [undefined, '"options" must be an object'],
    [[], '"options" must be an object'],
    [
      { provider, clockTolerence: 1 },
      '"clockTolerence" is not an option of oidcLogout(); did you mean "clockTolerance"?',
    ],
    [{ provider, isuer: 1 }, '"isuer" is not an option of oidcLogout(); its options are provider,'],
    [{}, '"provider" must be an object'],
    [{ provider: [] }, '"provider" must name at least one provider'],
    [
      { provider: [provider, provider] },
      '"provider" must not name a "clientId" of an "issuer" twice',
    ],
    [
      {
        provider: [
          { ...provider, metadata: { jwks_uri: 'https://op.example.com/a' } },
          { ...provider, clientId: 'b', metadata: { jwks_uri: 'https://op.example.com/b' } },
        ],
      },
      '"provider.metadata" must be the same in all entries of an "issuer"',
    ],
    [
      { provider: { ...provider, accessTokens: { client: 'web' } } },
      '"client" is not an option of "provider.accessTokens"; did you mean "clients"?',
    ],
    [
      { provider: { ...provider, accessTokens: { clients: [] } } },
      '"provider.accessTokens.clients" must be a string or an array of strings that is not empty',
    ],
    [
      { provider: { ...provider, accessTokens: { withoutSubject: 'yes' } } },
      '"provider.accessTokens.withoutSubject" must be',
    ],
    [
      { provider: { ...provider, accessTokens: null } },
      '"provider.accessTokens" must be an object',
    ],
    [
      { provider: { ...provider, logoutTokenTypes: [] } },
      '"provider.logoutTokenTypes" must be a string or an array of strings',
    ],
    [
      { provider: { ...provider, clientID: 'web' } },
      '"clientID" is not an option of "provider"; did you mean "clientId"?',
    ],
    [
      { provider: { ...provider, clientId: '' } },
      '"provider.clientId" must be a string that is not empty',
    ],
    [{ provider: { ...provider, clientSecret: 1 } }, '"provider.clientSecret" must be a string'],
    [
      { provider: { ...provider, issuer: undefined } },
      '"provider.issuer" must be an absolute https: URL',
    ],
    [
      { provider: { ...provider, issuer: 'op.example.com' } },
      '"provider.issuer" must be an absolute https: URL without fragment and user (http: on loopback, or with "allowInsecureRequests"); did you mean "https://op.example.com"?',
    ],
    [
      { provider: { ...provider, issuer: 'localhost:8080/realms/shop' } },
      '; did you mean "http://localhost:8080/realms/shop"?',
    ],
    [
      {
        provider: {
          ...provider,
          postLogoutRedirectUri: ['com.example.app:/logged-out', 'app.example.com/logged-out'],
        },
      },
      'such as com.example.app:/logged-out; did you mean "https://app.example.com/logged-out"?',
    ],
    [
      { provider: { ...provider, issuer: 'http://op.example.com' } },
      '"provider.issuer" must be an absolute https: URL',
    ],
    [
      { provider: { ...provider, issuer: 'http://localhost.example.com' } },
      '"provider.issuer" must be',
    ],
    [
      { provider: { ...provider, issuer: 'https://op.example.com?a' } },
      '"provider.issuer" must have no query',
    ],
    [
      { provider: { ...provider, issuer: 'https://op.example.com#a' } },
      '"provider.issuer" must be',
    ],
    [
      { provider: { ...provider, issuer: 'https://a:b@op.example.com' } },
      '"provider.issuer" must be',
    ],
    [
      { provider: { ...provider, postLogoutRedirectUri: 'javascript:alert(1)' } },
      '"provider.postLogoutRedirectUri" must be',
    ],
    ...[
      [],
      ['https://app.example.com/', '/out'],
      'http://app.example.com/',
      'https://app.example.com/#out',
      'data:text/html,out',
      'app:/logged-out',
      'com.example.app:logged-out',
      'com.example.app:/logged-out#top',
      'com.example.app:/logged out',
      'com..example:/logged-out',
      '.com.example:/logged-out',
      'app.example.com:8443/logged-out',
    ].map((postLogoutRedirectUri): [unknown, string] => [
      { provider: { ...provider, postLogoutRedirectUri } },
      '"provider.postLogoutRedirectUri" must be',
    ]),
    [
      { provider: { ...provider, postLogoutRedirectUri: 'https://app.example.com/\u00e9' } },
      '"provider.postLogoutRedirectUri" must be',
    ],
    [
      { provider: { ...provider, postLogoutRedirectUri: '/out' } },
      '"provider.postLogoutRedirectUri" must be',
    ],
    [
      { provider: { ...provider, metadata: { jwks_uri: 'http://a' } } },
      '"provider.metadata.jwks_uri" must be',
    ],
    [
      { provider: { ...provider, metadata: { end_session_endpoint: 1 } } },
      '"provider.metadata.end_session_endpoint" must be',
    ],
    [{ provider: { ...provider, metadata: 'x' } }, '"provider.metadata" must be an object'],
    [{ provider: { ...provider, jwks: [] } }, '"provider.jwks" must be a JWK Set'],
    [{ provider: { ...provider, algorithms: [] } }, '"provider.algorithms" must be'],
    [
      { provider: { ...provider, algorithms: ['none'] } },
      '"provider.algorithms" must not have "none"',
    ],
    [
      { provider: { ...provider, algorithms: ['HS256'], clientSecret: 'short' } },
      '"provider.clientSecret" must have at least 32 bytes for HS256',
    ],
    [
      { provider: { ...provider, logoutTokenAlgorithms: [] } },
      '"provider.logoutTokenAlgorithms" must be a string or an array of strings that is not empty',
    ],
    [
      { provider: { ...provider, logoutTokenAlgorithms: 'none' } },
      '"provider.logoutTokenAlgorithms" must not have "none": it is no JWS signature algorithm',
    ],
    [
      { provider: { ...provider, logoutTokenAlgorithms: ['RS256', 'RSA-OAEP'] } },
      '"provider.logoutTokenAlgorithms" must not have "RSA-OAEP"',
    ],
    [
      { provider: { ...provider, logoutTokenAlgorithms: ['HS512'], clientSecret: 'a'.repeat(63) } },
      '"provider.clientSecret" must have at least 64 bytes for HS512',
    ],
    [
      { provider: { ...provider, idTokenEncryption: 'RSA-OAEP' } },
      '"provider.idTokenEncryption" must be an object',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { ...encryption, key: 'x' } } },
      '"key" is not an option of "provider.idTokenEncryption"; its options are alg, enc, jwks',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { jwks: encryption.jwks } } },
      '"provider.idTokenEncryption.alg" must be a JWE key management algorithm',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { ...encryption, alg: 'RSA1_5' } } },
      '"provider.idTokenEncryption.alg" must be a JWE key management algorithm',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { ...encryption, alg: 'RS256' } } },
      '"provider.idTokenEncryption.alg" must be a JWE key management algorithm',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { ...encryption, alg: ['dir'] } } },
      '"provider.idTokenEncryption.alg" must be a JWE key management algorithm',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { ...encryption, enc: 'A128CBC' } } },
      '"provider.idTokenEncryption.enc" must be a JWE content encryption',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { alg: 'dir' } } },
      '"provider.idTokenEncryption.jwks" must be a JWK Set',
    ],
    [
      { provider: { ...provider, idTokenEncryption: { ...encryption, jwks: [] } } },
      '"provider.idTokenEncryption.jwks" must be a JWK Set',
    ],
    [
      { provider: { ...provider, idTokenEncryption: null } },
      '"provider.idTokenEncryption" must be an object',
    ],
    [
      { provider: { ...provider, idTokenHint: true } },
      '"provider.idTokenHint" must be one of auto, always, never',
    ],
    [
      { provider: { ...provider, maxRedirectLength: 0 } },
      '"provider.maxRedirectLength" must be a whole number of bytes, 1 or more',
    ],
    [
      { provider: { ...provider, maxRedirectLength: '8kB' } },
      '"provider.maxRedirectLength" must be a whole number of bytes, 1 or more',
    ],
    [
      { provider: { ...provider, logoutHint: 'alice' } },
      '"provider.logoutHint" must be a function',
    ],
    [{ provider: { ...provider, logoutHint: null } }, '"provider.logoutHint" must be a function'],
    [
      { provider: { ...provider, uiLocales: [] } },
      '"provider.uiLocales" must be a string or an array of strings that is not empty',
    ],
    [
      { provider: { ...provider, uiLocales: 'fr en' } },
      '"provider.uiLocales" must be BCP 47 language tags',
    ],
    [
      { provider: { ...provider, uiLocales: ['fr', 'en\n'] } },
      '"provider.uiLocales" must be BCP 47 language tags',
    ],
    [
      { provider: { ...provider, uiLocales: ['fr_CA'] } },
      '"provider.uiLocales" must be BCP 47 language tags',
    ],
    [
      { provider: { ...provider, endSessionParameters: 'a=b' } },
      '"provider.endSessionParameters" must be an object',
    ],
    [
      { provider: { ...provider, endSessionParameters: { a: 1 } } },
      '"provider.endSessionParameters.a" must be a string that is not empty',
    ],
    [
      { provider: { ...provider, endSessionParameters: { a: '' } } },
      '"provider.endSessionParameters.a" must be a string that is not empty',
    ],
    ...[
      'id_token_hint',
      'client_id',
      'post_logout_redirect_uri',
      'state',
      'logout_hint',
      'ui_locales',
    ].map((name): [unknown, string] => [
      { provider: { ...provider, endSessionParameters: { [name]: 'x' } } },
      `"provider.endSessionParameters" must not have "${name}"`,
    ]),
    [
      { provider: { ...provider, endSession: 'google' } },
      '"provider.endSession" must be one of standard, auth0, cognito',
    ],
    [
      { provider: { ...provider, introspection: true } },
      '"provider.introspection" must be one of never, opaque, always',
    ],
    ...(['revocation_endpoint', 'introspection_endpoint'] as const).map(
      (member): [unknown, string] => [
        { provider: { ...provider, metadata: { [member]: 'http://op.example.com/x' } } },
        `"provider.metadata.${member}" must be an absolute https: URL`,
      ],
    ),
    [
      {
        provider: {
          ...provider,
          metadata: { mtls_endpoint_aliases: { revocation_endpoint: 'http://op.example.com/x' } },
        },
      },
      '"provider.metadata.mtls_endpoint_aliases.revocation_endpoint" must be an absolute https: URL',
    ],
    [
      { provider: { ...provider, metadata: { mtls_endpoint_aliases: 'https://op.example.com' } } },
      '"provider.metadata.mtls_endpoint_aliases" must be an object',
    ],
    [{ provider: { ...provider, discovery: 'no' } }, '"provider.discovery" must be a boolean'],
    ...[undefined, {}, { jwks_uri: null, end_session_endpoint: null }].map(
      (metadata): [unknown, string] => [
        { provider: { ...provider, discovery: false, metadata } },
        '"provider.metadata.jwks_uri" must be set, or "provider.jwks"',
      ],
    ),
    [
      { provider: { ...provider, metadata: { jwks_uri: null } } },
      '"provider.metadata.jwks_uri" must be set, or "provider.jwks"',
    ],
    ...[undefined, {}, { revocation_endpoint: 'https://op.example.com/revoke' }].map(
      (metadata): [unknown, string] => [
        { provider: { ...provider, discovery: false, metadata, jwks: { keys: [] } } },
        '"provider.metadata.end_session_endpoint" must be set without "discovery"; null where there is none',
      ],
    ),
    ...(
      [
        ['opaque', { discovery: false, jwks: { keys: [] }, metadata: {} }],
        ['always', { metadata: { introspection_endpoint: null } }],
        [
          'opaque',
          {
            metadata: {
              introspection_endpoint: null,
              mtls_endpoint_aliases: { introspection_endpoint: null },
            },
          },
        ],
      ] as const
    ).map(([introspection, entry]): [unknown, string] => [
      { provider: { ...provider, introspection, ...entry } },
      `"provider.metadata.introspection_endpoint" must be set for "introspection": '${introspection}'`,
    ]),
    ...['client_secret_basic', 'client_secret_post'].map((method): [unknown, string] => [
      { provider: { ...provider, clientAuthentication: { method } } },
      `"provider.clientSecret" must be set for ${method}`,
    ]),
    [
      { provider: { ...provider, clientAuthentication: 'client_secret_post' } },
      '"provider.clientAuthentication" must be an object',
    ],
    ...[undefined, 'client_secret_jwt', 'toString', 1].map((method): [unknown, string] => [
      { provider: { ...provider, clientSecret: 'secret', clientAuthentication: { method } } },
      '"provider.clientAuthentication.method" must be one of client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, none',
    ]),
    [
      {
        provider: {
          ...provider,
          clientSecret: 'secret',
          clientAuthentication: { method: 'none' },
        },
      },
      '"provider.clientSecret" must be left out for a public client',
    ],
    [
      { provider: { ...provider, clientAuthentication: { method: 'none', kid: 'a' } } },
      '"kid" is not an option of "provider.clientAuthentication"; its options are method',
    ],
    [
      { provider: { ...provider, clientAuthentication: { method: 'tls_client_auth' } } },
      '"provider.clientAuthentication" must be an object with the methods fetch',
    ],
    ...[undefined, 'PEM', { kty: 'EC' }, keyPair.publicKey].map((privateKey): [unknown, string] => [
      {
        provider: { ...provider, clientAuthentication: { method: 'private_key_jwt', privateKey } },
      },
      '"provider.clientAuthentication.privateKey" must be a CryptoKey of the type private',
    ]),
    [
      {
        provider: {
          ...provider,
          clientAuthentication: {
            method: 'private_key_jwt',
            privateKey: keyPair.privateKey,
            kid: '',
          },
        },
      },
      '"provider.clientAuthentication.kid" must be a string that is not empty',
    ],
    [{ provider, revocation: true }, '"revocation" must be one of all, refresh-token, never'],
    ...[0, -1, 0.0009, NaN, Infinity, 60_001, '1s', null].map(
      (revocationTimeout): [unknown, string] => [
        { provider, revocationTimeout },
        '"revocationTimeout" must be a number of seconds, 0.001 to 60',
      ],
    ),
    ...(['storeTimeout', 'providerTimeout', 'revocationTimeout'] as const).map(
      (name): [unknown, string] => [
        { provider, [name]: 500 },
        `"${name}" must be a number of seconds, 0.001 to 60; if 500 are milliseconds: 0.5`,
      ],
    ),
    [
      { provider, redis: {} },
      '"redis" must be an object with the methods get, mget, call, pipeline',
    ],
    [{ provider, redis: 'redis://localhost' }, '"redis" must be an object with the methods'],
    [{ provider, keyPrefix: 1 }, '"keyPrefix" must be'],
    ...[true, null, 5, []].map((nearCache): [unknown, string] => [
      { provider, nearCache },
      '"nearCache" must be an object',
    ]),
    ...[0, -1, 1.5, Infinity, NaN, 2 ** 31, '5', null].map((maxStaleness): [unknown, string] => [
      { provider, nearCache: { maxStaleness } },
      '"nearCache.maxStaleness" must be a whole number of seconds, 1 or more',
    ]),
    [
      { provider, nearCache: { maxAge: 5 } },
      '"maxAge" is not an option of "nearCache"; its options are maxStaleness',
    ],
    [{ provider, redis, store }, '"redis" must be left out beside "store"'],
    ...[true, null, 1, []].map((durability): [unknown, string] => [
      { provider, redis, durability },
      '"durability" must be an object',
    ]),
    [
      { provider, redis, durability: { replica: 1 } },
      '"replica" is not an option of "durability"; did you mean "replicas"?',
    ],
    [{ provider, durability: {} }, '"durability" needs "redis"'],
    [{ provider, durability: {}, store }, '"durability" needs "redis"'],
    ...[0, -1, 1.5, '1', null].map((replicas): [unknown, string] => [
      { provider, redis, durability: { replicas } },
      '"durability.replicas" must be a whole number of replicas, 1 or more',
    ]),
    ...[0, -1, '100', null].map((timeout): [unknown, string] => [
      { provider, redis, durability: { timeout } },
      '"durability.timeout" must be a number of seconds, 0.001 to 60',
    ]),
    [
      { provider, redis, durability: { timeout: 100 } },
      '"durability.timeout" must be a number of seconds, 0.001 to 60; if 100 are milliseconds: 0.1',
    ],
    ...[{}, null, 'postgres://localhost', methods('read', 'update')].map(
      (incomplete): [unknown, string] => [
        { provider, store: incomplete },
        '"store" must be an object with the methods read, update, subscribe',
      ],
    ),
    [{ provider, invalidationList: store }, '"invalidationList" is not an option'],
    [{ provider, sessionStore: store }, '"sessionStore" is not an option'],
    ...[true, null, 'ignore'].map((onStoreLoss): [unknown, string] => [
      { provider, onStoreLoss },
      '"onStoreLoss" must be one of accept, refuse',
    ]),
    ...[-1, 1.5, NaN, '5', null].map((revocationDelay): [unknown, string] => [
      { provider, revocationDelay },
      '"revocationDelay" must be a whole number of seconds, 0 or more',
    ]),
    [{ provider, encryptionKey: bytes(31) }, '"encryptionKey" must be 32 bytes'],
    [{ provider, encryptionKey: new Uint8Array(16) }, '"encryptionKey" must be 32 bytes'],
    [{ provider, encryptionKey: 32 }, '"encryptionKey" must be 32 bytes'],
    [{ provider, audience: '' }, '"audience" must be a string that is not empty'],
    [{ provider, audience: [] }, '"audience" must be'],
    [{ provider, strict: 'yes' }, '"strict" must be a boolean'],
    [{ provider, includeClientId: 0 }, '"includeClientId" must be a boolean'],
    [
      { provider, clockTolerance: -1 },
      '"clockTolerance" must be a whole number of seconds, 0 or more',
    ],
    [
      { provider, maxTokenLifetime: 0 },
      '"maxTokenLifetime" must be a whole number of seconds, 1 or more',
    ],
    [
      { provider, maxSessionLifetime: Infinity },
      '"maxSessionLifetime" must be a whole number of seconds',
    ],
    [{ provider, expiredTokenGrace: 1.5 }, '"expiredTokenGrace" must be a whole number of seconds'],
    [{ provider, retryWindow: '60' }, '"retryWindow" must be a whole number of seconds'],
    [
      { provider, logoutTokenMaxAge: 0 },
      '"logoutTokenMaxAge" must be a whole number of seconds, 1 or more',
    ],
    [
      { provider, logoutTokenMaxAge: '5m' },
      '"logoutTokenMaxAge" must be a whole number of seconds',
    ],
    [{ provider, bodyLimit: '16kb' }, '"bodyLimit" must be a whole number of bytes'],
    [
      { provider, tokenCacheSize: '16MiB' },
      '"tokenCacheSize" must be a whole number of bytes, 1 or more',
    ],
    [
      { provider, tokenCacheSize: 0 },
      '"tokenCacheSize" must be a whole number of bytes, 1 or more',
    ],
    [
      { provider, tokenCacheSize: -1 },
      '"tokenCacheSize" must be a whole number of bytes, 1 or more',
    ],
    [
      { provider, tokenCacheSize: 0.5 },
      '"tokenCacheSize" must be a whole number of bytes, 1 or more',
    ],
    [
      { provider, tokenCacheSize: Infinity },
      '"tokenCacheSize" must be a whole number of bytes, 1 or more',
    ],
    [{ provider, storeTimeout: NaN }, '"storeTimeout" must be a number of seconds, 0.001 to 60'],
    [{ provider, errorFormat: 'json' }, '"errorFormat" must be one of oauth, elasticsearch'],
    [{ provider, onStoreError: 'ignore' }, '"onStoreError" must be one of deny, allow'],
    [{ provider, allowInsecureRequests: 1 }, '"allowInsecureRequests" must be a boolean'],
  ])('refuses %j', (options, message) => {
    const start = () => oidcLogout(options as never);
    expect(start).toThrow(TypeError);
    expect(start).toThrow(message);
  });

  it.each([
    'http://localhost:3000',
    'http://127.0.0.1',
    'http://127.9.9.9:1',
    'http://[::1]/a',
    'https://op/a/',
  ])('takes the issuer %s', (issuer) => {
    expect(() => oidcLogout({ provider: { ...provider, issuer } })).not.toThrow();
  });

  it('takes http: elsewhere only with allowInsecureRequests', () => {
    const insecure = { ...provider, issuer: 'http://op.example.com' };
    expect(() => oidcLogout({ provider: insecure, allowInsecureRequests: true })).not.toThrow();
  });

  it('takes options that an object inherits, or that are not enumerable', () => {
    const inherited = Object.create(
      { provider, clockTolerance: 7 },
      {
        strict: { value: true },
      },
    ) as object;
    expect(resolveOptions(inherited as never)).toMatchObject({ clockTolerance: 7, strict: true });
    const scoped = Object.create({ scope: 'not a "scope"' }) as object;
    expect(() => oidcLogout({ provider, audience: 'api' }).guard(scoped)).toThrow(
      '"scope" must be scope names',
    );
  });

  it('takes undefined for an option that is left out', () => {
    const options = { provider, audience: undefined, redis: undefined, storeTimeout: undefined };
    expect(() => oidcLogout(options)).not.toThrow();
  });

  it.each<[object, ResolvedOptions['nearCache']]>([
    [{}, undefined],
    [{ nearCache: undefined }, undefined],
    [{ nearCache: {} }, { maxStaleness: 5 }],
    [{ nearCache: { maxStaleness: undefined } }, { maxStaleness: 5 }],
    [{ nearCache: { maxStaleness: 1 } }, { maxStaleness: 1 }],
    [{ nearCache: { maxStaleness: 3600 }, store }, { maxStaleness: 3600 }],
  ])('takes of %j the near-cache %j', (options, nearCache) => {
    expect(resolveOptions({ provider, ...options }).nearCache).toEqual(nearCache);
  });

  it.each<[object, ResolvedOptions['durability']]>([
    [{}, undefined],
    [{ durability: undefined }, undefined],
    [{ durability: {} }, { replicas: 1, timeout: 0.1 }],
    [{ durability: { replicas: 2 } }, { replicas: 2, timeout: 0.1 }],
    [{ durability: { timeout: 0.25 } }, { replicas: 1, timeout: 0.25 }],
    [
      { durability: {}, storeTimeout: 0.2 },
      { replicas: 1, timeout: 0.1 },
    ],
  ])('takes of %j the durability %j', (options, durability) => {
    const all = { provider, ...options, redis: redis as never };
    expect(resolveOptions(all).durability).toEqual(durability);
  });

  it('takes several clients of a provider, with metadata and keys once or the same', () => {
    const jwks = { keys: [] };
    const entries = [
      { ...provider, jwks },
      { ...provider, clientId: 'b' },
      { ...provider, clientId: 'c', jwks: { keys: [] } },
    ];
    const { providers } = resolveOptions({ provider: entries });
    expect(providers.map((each) => each.jwks)).toEqual([jwks, jwks, jwks]);
  });

  it('takes metadata without discovery from one entry of several clients', () => {
    const given = {
      discovery: false,
      metadata: { end_session_endpoint: null },
      jwks: { keys: [] },
    };
    const entries = [
      { ...provider, clientId: 'b' },
      { ...provider, ...given },
    ];
    const { providers } = resolveOptions({ provider: entries });
    expect(providers.map(({ discovery }) => discovery)).toEqual([false, false]);
  });

  it('takes every option of a provider', () => {
    const options = {
      ...provider,
      clientSecret: 'a'.repeat(32),
      algorithms: ['ES256', 'HS256'],
      logoutTokenAlgorithms: 'PS256',
      logoutTokenTypes: 'at+jwt',
      accessTokens: {
        clients: ['web'],
        withoutAudience: true,
        withoutSubject: true,
        likeIdTokens: true,
      },
      idTokenEncryption: { ...encryption, enc: 'A256GCM' },
      clientAuthentication: { method: 'client_secret_post' },
      postLogoutRedirectUri: ['http://localhost/', 'com.example.app:/', 'X-1.example://out?a=b'],
      idTokenHint: 'never',
      maxRedirectLength: 1,
      logoutHint: () => 'alice',
      uiLocales: ['fr-CA', 'de-Latn-1996', 'i-klingon'],
      endSessionParameters: { federated: 'true' },
      endSession: 'auth0',
      introspection: 'always',
      discovery: true,
      metadata: { introspection_endpoint: 'https://op.example.com/introspect' },
      jwks: { keys: [] },
    } as never;
    const others = {
      logoutTokenMaxAge: 1,
      onStoreLoss: 'refuse',
      revocation: 'never',
      revocationTimeout: 1,
      revocationDelay: 0,
    } as const;
    expect(() => oidcLogout({ provider: options, ...others })).not.toThrow();
  });

  it.each<[string, object]>([
    ['a secret in the header', { method: 'client_secret_basic' }],
    ['a secret in the body', { method: 'client_secret_post' }],
    ['a key', { method: 'private_key_jwt', privateKey: keyPair.privateKey }],
    [
      'a key with its name',
      { method: 'private_key_jwt', privateKey: keyPair.privateKey, kid: 'key-1' },
    ],
    ['a certificate', { method: 'tls_client_auth', fetch }],
  ])('takes a client that authenticates by %s', (_what, clientAuthentication) => {
    const options = { ...provider, clientSecret: 'secret', clientAuthentication };
    expect(() => oidcLogout({ provider: options as never })).not.toThrow();
  });

  it('takes a client that authenticates not at all', () => {
    const clientAuthentication = { method: 'none' } as const;
    expect(() => oidcLogout({ provider: { ...provider, clientAuthentication } })).not.toThrow();
  });

  it.each<[unknown, string]>([
    [null, '"options" must be an object'],
    ['/shop', '"options" must be an object'],
    [{ returnTO: () => '/' }, '"returnTO" is not an option of logout(); did you mean "returnTo"?'],
    [{ returnTo: '/shop' }, '"returnTo" must be a function'],
    [{ returnTo: null }, '"returnTo" must be a function'],
    [
      { returnTo: () => '/', allowedReturnTo: [''] },
      '"allowedReturnTo" must be a string that is not empty',
    ],
    [
      { returnTo: () => '/', allowedReturnTo: [/^https:/] },
      '"allowedReturnTo" must be a string that is not empty',
    ],
    [{ allowedReturnTo: 1 }, '"allowedReturnTo" must be a string that is not empty'],
    ...[
      ...['partner.example/bye', 'partner.example:8080/bye', 'https:bye', 'https:/bye', '/bye'],
      ...['http:///bye', ' https://partner.example/bye', 'javascript:alert(1)'],
    ].map((allowedReturnTo): [object, string] => [
      { allowedReturnTo },
      '"allowedReturnTo" must be absolute URLs',
    ]),
    [{ tokens: { access_token: 'a' } }, '"tokens" must be a function'],
    [{ tokens: null }, '"tokens" must be a function'],
    [{ form: 'yes' }, '"form" must be a boolean'],
    [{ postLogoutRedirectUri: 'https://a' }, '"postLogoutRedirectUri" must be a function'],
    [{ localOnly: true }, '"localOnly" must be a function'],
    [{ trustedOrigins: 1 }, '"trustedOrigins" must be a string that is not empty'],
    ...[
      '*',
      'null',
      'app.example.com',
      'https://app.example.com/',
      'https://app.example.com/path',
      'https://APP.example.com',
      'https://app.example.com:443',
      'https://*.example.com',
      'http://app.example.com',
      'com.example.app:/',
      ['https://app.example.com', 'null'],
    ].map((trustedOrigins): [unknown, string] => [
      { trustedOrigins },
      '"trustedOrigins" must be origins such as "https://app.example.com" (http: on loopback, or with "allowInsecureRequests")',
    ]),
  ])('logout() refuses %j', (options, message) => {
    const make = () => oidcLogout({ provider }).logout(options as never);
    expect(make).toThrow(new TypeError(message));
  });

  it.each([
    undefined,
    {},
    { returnTo: undefined, allowedReturnTo: undefined },
    { returnTo: () => undefined, allowedReturnTo: 'https://partner.example/bye' },
    { returnTo: () => '/', allowedReturnTo: [] },
    { tokens: undefined, form: undefined },
    { tokens: () => undefined, form: true },
    { postLogoutRedirectUri: () => undefined, localOnly: () => true, trustedOrigins: [] },
    { trustedOrigins: ['https://app.example.com', 'http://localhost:3000', 'http://[::1]'] },
  ])('logout() takes %j', (options) => {
    expect(oidcLogout({ provider }).logout(options).name).toBe('logoutHandler');
  });

  it('logout() trusts an origin of http: elsewhere with allowInsecureRequests', () => {
    const oidc = oidcLogout({ provider, allowInsecureRequests: true });
    expect(() => oidc.logout({ trustedOrigins: 'http://app.internal' })).not.toThrow();
  });

  it.each<[unknown, string]>([
    [null, '"options" must be an object'],
    [
      { token: () => 'a' },
      '"token" is not an option of frontChannelLogout(); did you mean "tokens"?',
    ],
    [{ tokens: { access_token: 'a' } }, '"tokens" must be a function'],
  ])('frontChannelLogout() refuses %j', (options, message) => {
    const make = () => oidcLogout({ provider }).frontChannelLogout(options as never);
    expect(make).toThrow(new TypeError(message));
  });

  it.each<[unknown, string]>([
    [null, '"options" must be an object'],
    [{ tokens: () => 'a' }, '"tokens" is not an option of guard(); did you mean "token"?'],
    [{ token: 'a' }, '"token" must be a function'],
    [{ token: null }, '"token" must be a function'],
    [{ errors: 'pass' }, '"errors" must be one of answer, next'],
  ])('guard() refuses %j', (options, message) => {
    const make = () => oidcLogout({ provider, audience: 'api' }).guard(options as never);
    expect(make).toThrow(new TypeError(message));
  });
});
