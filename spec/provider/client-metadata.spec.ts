import { describe, expect, it } from '@jest/globals';
import { exportJWK } from 'jose';
import type { AdapterFactory } from 'oidc-provider';
import { Provider } from 'oidc-provider/lib/provider.js';
import {
  clientRegistration,
  type ClientMetadata,
  type ClientRegistrationOptions,
  oidcLogout,
  type ProviderOptions,
} from '../../lib/index.ts';
import { createKeyPair } from '../support/key-pair.ts';

const BASE_URL = 'https://app.example.com';
const PROVIDER = {
  issuer: 'https://op.example.com',
  clientId: 'web',
  postLogoutRedirectUri: 'https://app.example.com/logged-out',
};
const URL_EXPECTED =
  'must be an absolute https: URL without fragment and user (http: on loopback, or with "allowInsecureRequests")';

const start = (provider: Partial<ProviderOptions> = {}) =>
  oidcLogout({ provider: { ...PROVIDER, ...provider } as ProviderOptions });

describe('clientMetadata', () => {
  it('is what the provider has to know, under the wire names', () => {
    expect(start().clientMetadata(BASE_URL)).toStrictEqual({
      post_logout_redirect_uris: ['https://app.example.com/logged-out'],
      backchannel_logout_uri: 'https://app.example.com/oidc/back-channel-logout',
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: 'RS256',
    });
  });

  it.each<[true | string, string]>([
    [true, 'https://app.example.com/oidc/front-channel-logout'],
    ['/fc?tenant=1', 'https://app.example.com/fc?tenant=1'],
  ])('has the front channel only where it is asked for, with %j', (frontChannelLogout, uri) => {
    expect(start().clientMetadata(BASE_URL, { frontChannelLogout })).toStrictEqual({
      ...start().clientMetadata(BASE_URL),
      frontchannel_logout_uri: uri,
      frontchannel_logout_session_required: true,
    });
  });

  it.each([
    ['https://app.example.com/', 'https://app.example.com/oidc/back-channel-logout'],
    ['https://example.com/app', 'https://example.com/app/oidc/back-channel-logout'],
    ['https://example.com/app/', 'https://example.com/app/oidc/back-channel-logout'],
    ['https://example.com:8443', 'https://example.com:8443/oidc/back-channel-logout'],
    ['http://localhost:3000', 'http://localhost:3000/oidc/back-channel-logout'],
    ['http://[::1]:3000/a', 'http://[::1]:3000/a/oidc/back-channel-logout'],
  ])('takes the base URL %s', (baseUrl, uri) => {
    expect(start().clientMetadata(baseUrl).backchannel_logout_uri).toBe(uri);
  });

  it('takes http: elsewhere with allowInsecureRequests', () => {
    const oidc = oidcLogout({ provider: PROVIDER, allowInsecureRequests: true });
    expect(oidc.clientMetadata('http://app.internal').backchannel_logout_uri).toBe(
      'http://app.internal/oidc/back-channel-logout',
    );
  });

  it('takes other paths, and keeps their query', () => {
    const options = { backChannelLogout: '/bc?tenant=1', frontChannelLogout: '/fc' };
    expect(start().clientMetadata('https://app.example.com/base/', options)).toMatchObject({
      backchannel_logout_uri: 'https://app.example.com/base/bc?tenant=1',
      frontchannel_logout_uri: 'https://app.example.com/base/fc',
    });
  });

  it('registers every address that the browser may come back to', () => {
    const postLogoutRedirectUri = ['https://b.example/out', 'com.example.app:/logged-out'];
    const { post_logout_redirect_uris } = start({ postLogoutRedirectUri }).clientMetadata(BASE_URL);
    expect(post_logout_redirect_uris).toEqual(postLogoutRedirectUri);
  });

  it('leaves out what is not mounted, and what is not configured', () => {
    const options = { backChannelLogout: null, frontChannelLogout: null };
    const oidc = start({ postLogoutRedirectUri: undefined });
    expect(oidc.clientMetadata(BASE_URL, options)).toStrictEqual({
      id_token_signed_response_alg: 'RS256',
    });
  });

  it('takes undefined for what is left out', () => {
    const options = {
      issuer: undefined,
      backChannelLogout: undefined,
      frontChannelLogout: undefined,
    };
    const oidc = start();
    expect(oidc.clientMetadata(BASE_URL, options)).toStrictEqual(oidc.clientMetadata(BASE_URL));
  });

  it('names the first algorithm of ID Tokens, not that of Logout Tokens', () => {
    const oidc = start({ algorithms: ['ES256', 'RS256'], logoutTokenAlgorithms: ['PS256'] });
    expect(oidc.clientMetadata(BASE_URL).id_token_signed_response_alg).toBe('ES256');
  });

  it.each([
    [undefined, 'A128CBC-HS256'],
    ['A256GCM', 'A256GCM'],
  ])('tells how ID Tokens are encrypted (enc %s), and shows no key', (enc, told) => {
    const idTokenEncryption = {
      alg: 'RSA-OAEP-256',
      enc,
      jwks: { keys: [{ kty: 'RSA', d: 'hidden' }] },
    };
    const metadata = start({ idTokenEncryption, clientSecret: 'hidden' }).clientMetadata(BASE_URL);
    expect(metadata).toMatchObject({
      id_token_encrypted_response_alg: 'RSA-OAEP-256',
      id_token_encrypted_response_enc: told,
    });
    expect(JSON.stringify(metadata)).not.toContain('hidden');
  });

  it.each<[Partial<ProviderOptions>, string | undefined]>([
    [{}, undefined],
    [{ clientSecret: 'hidden' }, 'client_secret_basic'],
    [
      { clientSecret: 'hidden', clientAuthentication: { method: 'client_secret_post' } },
      'client_secret_post',
    ],
    [{ clientAuthentication: { method: 'none' } }, 'none'],
  ])('tells how the client authenticates with %j', (provider, method) => {
    expect(start(provider).clientMetadata(BASE_URL).token_endpoint_auth_method).toBe(method);
  });

  it('is of the provider that issuer names, where there are several', () => {
    const other = { issuer: 'https://other.example.com', clientId: 'web2', algorithms: ['PS256'] };
    const oidc = oidcLogout({ provider: [PROVIDER, other] });
    const metadata = oidc.clientMetadata(BASE_URL, { issuer: other.issuer });
    expect(metadata.id_token_signed_response_alg).toBe('PS256');
    expect(metadata).not.toHaveProperty('post_logout_redirect_uris');
    expect(() => oidc.clientMetadata(BASE_URL)).toThrow(
      new TypeError('"issuer" must be the one of a configured provider'),
    );
  });

  it.each<[unknown, unknown, string]>([
    [undefined, {}, `"baseUrl" ${URL_EXPECTED}`],
    ['', {}, `"baseUrl" ${URL_EXPECTED}`],
    ['app.example.com', {}, `"baseUrl" ${URL_EXPECTED}; did you mean "https://app.example.com"?`],
    ['/app', {}, `"baseUrl" ${URL_EXPECTED}`],
    ['http://app.example.com', {}, `"baseUrl" ${URL_EXPECTED}`],
    ['ftp://app.example.com', {}, `"baseUrl" ${URL_EXPECTED}`],
    ['https://a:b@app.example.com', {}, `"baseUrl" ${URL_EXPECTED}`],
    ['https://app.example.com/#a', {}, `"baseUrl" ${URL_EXPECTED}`],
    ['https://app.example.com/?a=b', {}, '"baseUrl" must have no query'],
    [BASE_URL, null, '"options" must be an object'],
    [
      BASE_URL,
      { backchannelLogout: '/a' },
      '"backchannelLogout" is not an option of clientMetadata(); did you mean "backChannelLogout"?',
    ],
    [BASE_URL, { backChannelLogout: 'a' }, '"backChannelLogout" must begin with "/"'],
    [BASE_URL, { frontChannelLogout: 'a' }, '"frontChannelLogout" must begin with "/"'],
    [BASE_URL, { backChannelLogout: '' }, '"backChannelLogout" must be a string that is not empty'],
    [
      BASE_URL,
      { frontChannelLogout: 1 },
      '"frontChannelLogout" must be a string that is not empty',
    ],
    [
      BASE_URL,
      { frontChannelLogout: false },
      '"frontChannelLogout" must be a string that is not empty',
    ],
    [
      BASE_URL,
      { backChannelLogout: true },
      '"backChannelLogout" must be a string that is not empty',
    ],
    [
      BASE_URL,
      { postLogoutRedirectUri: 'https://app.example.com/' },
      '"postLogoutRedirectUri" is not an option of clientMetadata(); its options are issuer, clientId, backChannelLogout, frontChannelLogout',
    ],
    [BASE_URL, { issuer: 'https://other' }, '"issuer" must be the one of a configured provider'],
  ])('refuses %j with %j', (baseUrl, options, message) => {
    const make = () => start().clientMetadata(baseUrl as string, options as object);
    expect(make).toThrow(new TypeError(message));
  });

  it.each(['/a#b', '/a b', '/caf\u00e9', '/a\nb'])(
    'refuses the path %j, which makes no URI to register',
    (path) => {
      const make = () => start().clientMetadata(BASE_URL, { backChannelLogout: path });
      expect(make).toThrow(TypeError);
    },
  );
});

describe('clientRegistration of a client that has no identifier yet', () => {
  const idTokenEncryption = {
    alg: 'RSA-OAEP-256',
    enc: 'A256GCM',
    jwks: { keys: [{ kty: 'RSA' }] },
  };

  it('needs no more than the base URL', () => {
    expect(clientRegistration({ baseUrl: BASE_URL })).toStrictEqual({
      backchannel_logout_uri: 'https://app.example.com/oidc/back-channel-logout',
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: 'RS256',
    });
  });

  it.each<Partial<ProviderOptions>>([
    {},
    { postLogoutRedirectUri: undefined },
    { algorithms: ['ES256', 'RS256'] },
    { algorithms: 'PS256', idTokenEncryption },
  ])('is that of the client which it becomes, with %j', (options) => {
    const { postLogoutRedirectUri } = PROVIDER;
    const registration = { baseUrl: BASE_URL, postLogoutRedirectUri, ...options };
    expect(clientRegistration(registration as ClientRegistrationOptions)).toStrictEqual(
      start(options).clientMetadata(BASE_URL),
    );
  });

  it('takes the channels, the authentication and http:', () => {
    const options: ClientRegistrationOptions = {
      baseUrl: 'http://app.internal/',
      backChannelLogout: null,
      frontChannelLogout: true,
      authenticationMethod: 'private_key_jwt',
      allowInsecureRequests: true,
    };
    expect(clientRegistration(options)).toStrictEqual({
      frontchannel_logout_uri: 'http://app.internal/oidc/front-channel-logout',
      frontchannel_logout_session_required: true,
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'RS256',
    });
  });

  it.each<[unknown, string]>([
    [undefined, '"options" must be an object'],
    [{}, `"baseUrl" ${URL_EXPECTED}`],
    [{ baseUrl: 'http://app.example.com' }, `"baseUrl" ${URL_EXPECTED}`],
    [
      { baseUrl: BASE_URL, postLogoutRedirectUri: '/out' },
      '"postLogoutRedirectUri" must be absolute https: URLs without fragment and user (http: on loopback, or with "allowInsecureRequests"), or URIs of a native app such as com.example.app:/logged-out',
    ],
    [
      { baseUrl: BASE_URL, algorithms: 'none' },
      '"algorithms" must not have "none": it is no JWS signature algorithm',
    ],
    [
      { baseUrl: BASE_URL, authenticationMethod: 'client_secret_jwt' },
      '"authenticationMethod" must be one of client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, none',
    ],
    [
      { baseUrl: BASE_URL, clientId: 'web' },
      '"clientId" is not an option of clientRegistration(); its options are baseUrl, backChannelLogout, frontChannelLogout, postLogoutRedirectUri, algorithms, idTokenEncryption, authenticationMethod, allowInsecureRequests',
    ],
  ])('refuses %j', (options, message) => {
    const make = () => clientRegistration(options as ClientRegistrationOptions);
    expect(make).toThrow(new TypeError(message));
  });
});

/** Finds nothing: the clients are in the provider's configuration. */
const noAdapter = (() => ({ find: () => Promise.resolve(undefined) })) as unknown as AdapterFactory;

/** The client as a certified provider takes it. */
async function register(metadata: ClientMetadata, more: object = {}) {
  const { privateKey } = await createKeyPair('RS256');
  const client = {
    client_id: 'web',
    client_secret: 'a secret of the two',
    redirect_uris: [`${BASE_URL}/callback`],
    ...metadata,
    ...more,
  };
  const provider = new Provider(PROVIDER.issuer, {
    adapter: noAdapter,
    clients: [client as never],
    cookies: { keys: ['a key for the cookies'] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      encryption: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
  });
  return (await provider.Client.find('web'))?.metadata();
}

describe('clientMetadata at oidc-provider', () => {
  it('is taken as it is, of which oidc-provider keeps all but the front channel', async () => {
    const metadata = start().clientMetadata(BASE_URL, { frontChannelLogout: true });
    const { frontchannel_logout_uri, frontchannel_logout_session_required, ...known } = metadata;
    const client = await register(metadata);
    expect(client).toMatchObject(known);
    expect(client).not.toHaveProperty('frontchannel_logout_uri');
    expect([frontchannel_logout_uri, frontchannel_logout_session_required]).toEqual([
      `${BASE_URL}/oidc/front-channel-logout`,
      true,
    ]);
  });

  it('is taken with encryption, beside the keys of the client', async () => {
    const idTokenEncryption = { alg: 'RSA-OAEP-256', enc: 'A256GCM', jwks: { keys: [{}] } };
    const metadata = start({ idTokenEncryption }).clientMetadata(BASE_URL);
    const client = await register(metadata, { jwks_uri: `${BASE_URL}/jwks` });
    expect(client).toMatchObject({
      id_token_encrypted_response_alg: 'RSA-OAEP-256',
      id_token_encrypted_response_enc: 'A256GCM',
    });
  });

  it('is looked at there: a wrong member is refused', async () => {
    const metadata = { ...start().clientMetadata(BASE_URL), backchannel_logout_uri: 'nowhere' };
    await expect(register(metadata)).rejects.toMatchObject({
      error_description: 'backchannel_logout_uri must be a web uri',
    });
  });
});
