import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CompactEncrypt, exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import type { OidcLogoutOptions, ProviderOptions } from '../lib/index.ts';
import type { Page } from './support/browser-session.ts';
import {
  ConformanceProvider,
  type Login,
  type RelyingParty,
  startRelyingParty,
} from './support/conformance-provider.ts';
import { createKeyPair } from './support/key-pair.ts';
import type { Claims } from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';

/**
 * The modules of the OpenID Foundation's conformance suite for logout at the Relying Party.
 *
 * @see https://gitlab.com/openid/conformance-suite
 */
let redis: RedisServer;
let provider: ConformanceProvider;
let rp: RelyingParty;
let login: Login;

beforeAll(async () => {
  redis = await startRedisServer();
});

afterAll(() => redis.close());

beforeEach(async () => {
  provider = await ConformanceProvider.start();
  await restart();
});

afterEach(async () => {
  await rp.close();
  await provider.close();
  await redis.flush();
});

async function restart(
  options: Partial<OidcLogoutOptions> = {},
  registration: Partial<ProviderOptions> = {},
): Promise<void> {
  rp = await startRelyingParty(provider, { redis: redis.connect(), ...options }, registration);
  login = await rp.login();
}

/** Sends this Logout Token while the end-session request is being served. */
function sendOnLogout(make: () => string | Promise<string>): void {
  provider.notify = async () => {
    await provider.postLogoutToken(rp.backChannelLogoutUri, await make());
  };
}

function expectPage({ url, status, html }: Page, outcome: string): void {
  expect(url.origin + url.pathname).toBe(rp.postLogoutRedirectUri);
  expect([status, JSON.parse(html)]).toEqual([200, { outcome }]);
  expect(provider.faults).toEqual([]);
}

/** What the suite demands of the answer to a Logout Token that is right. */
function expectAccepted(): void {
  expect(provider.notifications.map(({ status, body }) => [status, body])).toEqual([[200, '']]);
  expectNoStore();
}

// I17: split at commas, exactly `no-store` among them.
function expectNoStore(): void {
  for (const { headers } of provider.notifications) {
    const directives = (headers.get('cache-control') ?? '').split(',').map((each) => each.trim());
    expect(directives).toContain('no-store');
  }
}

describe('RP-Initiated RP', () => {
  it('I1 oidcc-client-test-rp-init-logout: is notified on both channels at once, and comes back', async () => {
    const token = await provider.logoutToken(login);
    const query = new URLSearchParams({ iss: provider.issuer, sid: login.sid });
    provider.notify = async () => {
      await Promise.all([
        provider.postLogoutToken(rp.backChannelLogoutUri, token),
        provider.loadFrame(rp.frontChannelLogoutUri, `?${query}`),
      ]);
    };
    expectPage(await rp.logOut(login), 'verified');
    expect(provider.notifications.map(({ status }) => status)).toEqual([200, 200]);
    expect(await rp.statusOf(login)).toBe(401);
  });

  it.each<[string, (state: string) => string | undefined, string]>([
    ['I9 oidcc-client-test-rp-init-logout-other-state', (state) => `${state}_INVALID`, 'mismatch'],
    ['I10 oidcc-client-test-rp-init-logout-no-state', () => undefined, 'missing'],
  ])('%s: survives the callback', async (_module, returnState, outcome) => {
    provider.returnState = returnState;
    expectPage(await rp.logOut(login), outcome);
    expect(await rp.statusOf(login)).toBe(401);
    provider.returnState = (state) => state;
    const next = await rp.login();
    expect(await rp.statusOf(next)).toBe(200);
    expectPage(await rp.logOut(next), 'verified');
  });
});

describe('Back-Channel RP', () => {
  it('I2 oidcc-client-test-rp-backchannel-rpinitlogout: answers exactly 200', async () => {
    sendOnLogout(() => provider.logoutToken(login));
    expectPage(await rp.logOut(login), 'verified');
    expectAccepted();
    expect(await rp.statusOf(login)).toBe(401);
  });

  it('I2 without a logout by the user before: ends the session', async () => {
    const other = await rp.login();
    await provider.postLogoutToken(rp.backChannelLogoutUri, await provider.logoutToken(login));
    expectAccepted();
    expect([await rp.statusOf(login), await rp.statusOf(other)]).toEqual([401, 200]);
  });

  const sign = (claims: Claims) => provider.logoutToken(login, claims);

  const REFUSED: [module: string, make: () => string | Promise<string>, description: string][] = [
    [
      'I3 oidcc-client-test-rp-backchannel-rpinitlogout-alg-none',
      () => new UnsecuredJWT(provider.logoutClaims(login)).encode(),
      'The Logout Token is malformed',
    ],
    [
      'I4 oidcc-client-test-rp-backchannel-rpinitlogout-no-event',
      () => sign({ events: undefined }),
      'The Logout Token has no back-channel logout event',
    ],
    [
      'I5 oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce',
      () => sign({ nonce: 'n-0S6_WzA2Mj' }),
      'The Logout Token has a nonce',
    ],
    [
      'I6 oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg',
      () => provider.ecSigner.sign(provider.logoutClaims(login)),
      'The Logout Token is not authentic or not meant for this client',
    ],
    [
      'I7 oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud',
      () => sign({ aud: 'webINVALID' }),
      'The Logout Token is not authentic or not meant for this client',
    ],
    [
      'I8a oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event',
      () => sign({ events: { 'http://schemas.openid.net/event/foobar': {} } }),
      'The Logout Token has no back-channel logout event',
    ],
    [
      'I8b oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss',
      () => sign({ iss: `${provider.issuer}INVALID` }),
      'The Logout Token is of an unknown issuer',
    ],
  ];

  it.each(REFUSED)('%s: answers 400, and comes back (I16)', async (_module, make, description) => {
    sendOnLogout(make);
    expectPage(await rp.logOut(login), 'verified');
    const body = JSON.stringify({ error: 'invalid_request', error_description: description });
    expect(provider.notifications).toEqual([expect.objectContaining({ status: 400, body })]);
    expectNoStore();
  });

  it.each(REFUSED)('%s: ends nothing by itself', async (_module, make) => {
    await provider.postLogoutToken(rp.backChannelLogoutUri, await make());
    expect(provider.notifications.map(({ status }) => status)).toEqual([400]);
    expect(await rp.statusOf(login)).toBe(200);
  });

  it('I6 where ES256 was agreed: refuses RS256, and accepts ES256', async () => {
    await rp.close();
    await restart({}, { logoutTokenAlgorithms: ['ES256'] });
    await provider.postLogoutToken(rp.backChannelLogoutUri, await provider.logoutToken(login));
    expect(await rp.statusOf(login)).toBe(200);
    const token = await provider.ecSigner.sign(provider.logoutClaims(login));
    await provider.postLogoutToken(rp.backChannelLogoutUri, token);
    expect(provider.notifications.map(({ status }) => status)).toEqual([400, 200]);
    expect(await rp.statusOf(login)).toBe(401);
  });

  it('I18 id_token_encrypted_response_alg: takes a Logout Token that is encrypted accordingly', async () => {
    const alg = 'RSA-OAEP';
    const { publicKey, privateKey } = await createKeyPair(alg);
    const jwks = { keys: [await exportJWK(privateKey)] };
    await rp.close();
    await restart({}, { idTokenEncryption: { alg, jwks } });
    sendOnLogout(async () =>
      new CompactEncrypt(Buffer.from(await provider.logoutToken(login)))
        .setProtectedHeader({ alg, enc: 'A128CBC-HS256', cty: 'JWT' })
        .encrypt(publicKey),
    );
    expectPage(await rp.logOut(login), 'verified');
    expectAccepted();
  });

  it('I19 id_token_signed_response_alg HS256: takes the client secret for the key', async () => {
    const clientSecret = 'a secret of the client, long enough';
    await rp.close();
    await restart({}, { clientSecret, algorithms: ['RS256', 'HS256'] });
    sendOnLogout(() =>
      new SignJWT(provider.logoutClaims(login))
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(clientSecret)),
    );
    expectPage(await rp.logOut(login), 'verified');
    expectAccepted();
  });
});

describe('Front-Channel RP', () => {
  /** As the suite writes it into its page: not encoded. */
  const queryOf = (sid: string) => `?iss=${provider.issuer}&sid=${sid}`;
  const encodedQuery = () => `?${new URLSearchParams({ iss: provider.issuer, sid: login.sid })}`;

  function expectFrameable(): void {
    expect(provider.notifications.map(({ status }) => status)).toEqual([200]);
    for (const { headers } of provider.notifications) {
      expect(headers.get('content-security-policy')).toBe(
        `default-src 'none'; frame-ancestors ${provider.issuer}`,
      );
      expect(headers.get('x-frame-options')).toBeNull();
    }
    expectNoStore();
  }

  it('I11 oidcc-client-test-rp-frontchannel-rpinitlogout: shows in the frame, and comes back', async () => {
    const query = encodedQuery();
    provider.notify = () => provider.loadFrame(rp.frontChannelLogoutUri, query);
    expectPage(await rp.logOut(login), 'verified');
    expectFrameable();
    expect(await rp.statusOf(login)).toBe(401);
  });

  it('I11 without frontchannel_logout_session_required: ends nothing in the frame, and comes back', async () => {
    const other = await rp.login();
    provider.notify = () => provider.loadFrame(rp.frontChannelLogoutUri);
    expectPage(await rp.logOut(login), 'verified');
    const [{ status, headers } = { status: 0, headers: new Headers() }] = provider.notifications;
    expect([status, headers.get('x-frame-options')]).toEqual([400, null]);
    expectNoStore();
    expect([await rp.statusOf(login), await rp.statusOf(other)]).toEqual([401, 200]);
  });

  it('I12 oidcc-client-test-rp-frontchannel-opinitlogout: logs out', async () => {
    const other = await rp.login();
    await provider.loadFrame(rp.frontChannelLogoutUri, encodedQuery());
    expectFrameable();
    expect([await rp.statusOf(login), await rp.statusOf(other)]).toEqual([401, 200]);
  });

  it('I14 rp-frontchannel-rpinitlogout-wrong-iss: ignores the request', async () => {
    const query = new URLSearchParams({ iss: `${provider.issuer}INVALID`, sid: login.sid });
    await provider.loadFrame(rp.frontChannelLogoutUri, `?${query}`);
    expect(provider.notifications.map(({ status }) => status)).toEqual([400]);
    expect(await rp.statusOf(login)).toBe(200);
  });

  it('I15 rp-frontchannel-rpinitlogout-wrong-sid: ignores the request', async () => {
    await provider.loadFrame(rp.frontChannelLogoutUri, queryOf('another_sid'));
    expectFrameable();
    expect(await rp.statusOf(login)).toBe(200);
  });

  it.each<[string, string, number]>([
    ["!$'()*,-./:", 'arrives as it is', 401],
    ['a&b', 'arrives cut', 200],
    ['a#b', 'arrives cut', 200],
    ['a+b', 'arrives altered', 200],
    ['a%41b', 'arrives altered', 200],
    ['a%b', 'arrives as it is', 401],
  ])('I20 the sid %s, not encoded, %s', async (sid, _how, status) => {
    const claims = { sub: 'alice', sid };
    const odd = {
      ...claims,
      access_token: await provider.signer.accessToken(claims),
      id_token: await provider.signer.idToken(claims),
    };
    await rp.oidc.sessions.save(odd);
    await provider.loadFrame(rp.frontChannelLogoutUri, queryOf(sid));
    expectFrameable();
    expect([await rp.statusOf(odd), await rp.statusOf(login)]).toEqual([status, 200]);
  });
});
