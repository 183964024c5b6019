import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  CompactEncrypt,
  createRemoteJWKSet,
  type errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTVerifyGetKey,
  SignJWT,
} from 'jose';
import {
  InvalidLogoutTokenError,
  type LogoutToken,
  type LogoutTokenKey,
  type LogoutTokenOptions,
  ProviderUnavailableError,
  verifyLogoutToken,
} from '../../lib/index.ts';
import { setTime } from '../support/clock.ts';
import {
  type Claims,
  CLIENT_ID,
  createSigner,
  LOGOUT_EVENT,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { ERRORS, NO_ERRORS } from '../support/thrown.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://op.example.com';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const NO_KID = { kid: undefined } as object;
const SECRET = Buffer.from('s'.repeat(32));

let signer: Signer;
let options: LogoutTokenOptions;

beforeAll(async () => {
  signer = await createSigner();
  options = { issuer: signer.issuer, clientId: CLIENT_ID };
});

beforeEach(() => {
  setTime(NOW * 1000);
});

afterEach(() => {
  jest.useRealTimers();
});

function verify(token: string, others: Partial<LogoutTokenOptions> = {}): Promise<LogoutToken> {
  return verifyLogoutToken(token, signer.jwk, { ...options, ...others });
}

async function causeOf(verification: Promise<unknown>) {
  const error = await verification.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidLogoutTokenError);
  const { name, code, status, error: word, reason, cause } = error as InvalidLogoutTokenError;
  expect({ name, code, status, word, cause }).toEqual({
    name: 'InvalidLogoutTokenError',
    code: 'ERR_OIDC_LOGOUT_INVALID_LOGOUT_TOKEN',
    status: 400,
    word: 'invalid_request',
    cause: undefined,
  });
  return reason;
}

describe('verifyLogoutToken', () => {
  it('answers what the token says, and nothing else', async () => {
    const token = await signer.logoutToken({ jti: 'jti-1', exp: NOW + 120, other: 'x' });
    expect(await verify(token)).toStrictEqual({
      issuer: 'https://op.example.com',
      subject: 'alice',
      sid: 'sid-1',
      jti: 'jti-1',
      issuedAt: NOW,
      expiresAt: NOW + 120,
      revokesOfflineAccess: false,
    });
  });

  it.each<[Claims, Partial<LogoutToken>]>([
    [{ sub: undefined }, { subject: undefined, sid: 'sid-1' }],
    [{ sid: undefined }, { subject: 'alice', sid: undefined }],
    [{ exp: undefined }, { expiresAt: NOW + 300 }],
    [
      { iat: NOW - 0.5, exp: NOW + 1.5 },
      { issuedAt: NOW - 0.5, expiresAt: NOW + 1.5 },
    ],
  ])('answers to the claims %j', async (claims, part) => {
    expect(await verify(await signer.logoutToken(claims))).toMatchObject(part);
  });

  it.each<[string, () => LogoutTokenKey | Promise<LogoutTokenKey>]>([
    ['a JWK', () => signer.jwk],
    ['a key', async () => await importJWK(signer.jwk as JWK, 'RS256')],
    ['a function', () => () => signer.jwk],
    ['a function that takes its time', () => () => Promise.resolve(signer.jwk as JWK)],
  ])('takes %s', async (_what, key) => {
    const token = await signer.logoutToken({ jti: 'jti-1' });
    const found = await verifyLogoutToken(token, await key(), options);
    expect(found).toMatchObject({ jti: 'jti-1' });
    const foreign = await (await createSigner()).logoutToken();
    const verification = verifyLogoutToken(foreign, await key(), options);
    expect(await causeOf(verification)).toBe('wrong-signature');
  });

  it('takes a secret, where its algorithm is named', async () => {
    const claims = { iss: signer.issuer, aud: CLIENT_ID, sid: 's', jti: 'j', events: LOGOUT_EVENT };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt(NOW)
      .sign(SECRET);
    const algorithms = ['HS256'];
    const verification = verifyLogoutToken(token, SECRET, { ...options, algorithms });
    expect(await verification).toMatchObject({ sid: 's' });
    expect(await causeOf(verifyLogoutToken(token, SECRET, options))).toBe('algorithm-not-allowed');
    const other = verifyLogoutToken(token, Buffer.from('x'.repeat(32)), { ...options, algorithms });
    expect(await causeOf(other)).toBe('wrong-signature');
  });

  const ISSUED = { claim: 'iat', expected: 'in 5 s at most', found: 'in 6 s' };

  it.each<[string, Claims, object, object]>([
    ['unknown-issuer', { iss: 'x' }, {}, { claim: 'iss', expected: ISSUER, found: 'x' }],
    ['wrong-audience', { aud: 'x' }, {}, { claim: 'aud', expected: CLIENT_ID, found: 'x' }],
    ['wrong-audience', { aud: undefined }, {}, { claim: 'aud', expected: CLIENT_ID }],
    ['not-yet-valid', { nbf: NOW + 6 }, {}, { ...ISSUED, claim: 'nbf' }],
    ['wrong-type', {}, { typ: 'at+jwt' }, { expected: 'logout+jwt, JWT', found: 'at+jwt' }],
    ['wrong-type', {}, { typ: '' }, { expected: 'logout+jwt, JWT', found: '' }],
    ['wrong-type', {}, { typ: ['logout+jwt'] }, { found: 'logout+jwt' }],
    ['wrong-type', {}, { typ: ['JWT'] }, { found: 'JWT' }],
    ['wrong-type', {}, { typ: 1 }, { claim: 'typ', expected: 'logout+jwt, JWT', found: '1' }],
    ['nonce', { nonce: null }, {}, { claim: 'nonce' }],
    ['event-missing', { events: {} }, {}, { claim: 'events' }],
    ['event-missing', { events: null }, {}, { claim: 'events' }],
    ['event-missing', { events: { [EVENT]: true } }, {}, { claim: 'events' }],
    ['claim-missing', { jti: undefined }, {}, { claim: 'jti' }],
    ['session-missing', { sub: undefined, sid: undefined }, {}, {}],
    ['claim-malformed', { sub: '' }, {}, { claim: 'sub' }],
    ['claim-malformed', { sid: 1 }, {}, { claim: 'sid' }],
    ['claim-missing', { iat: undefined }, {}, { claim: 'iat' }],
    ['claim-malformed', { iat: 1e14 }, {}, { claim: 'iat' }],
    ['claim-malformed', { exp: 'x' }, {}, { claim: 'exp' }],
    ['issued-in-future', { iat: NOW + 6 }, {}, ISSUED],
    ['expired', { exp: NOW - 5 }, {}, { claim: 'exp', expected: '5 s ago at most' }],
    [
      'expired',
      { exp: undefined, iat: NOW - 305 },
      {},
      { claim: 'iat', expected: '305 s ago at most', found: '305 s ago' },
    ],
  ])('tells by %s what is wrong with %j %j', async (reason, claims, header, evidence) => {
    const verification = verify(await signer.logoutToken(claims, header));
    const refusal = { reason, issuer: ISSUER, ...evidence };
    await expect(verification).rejects.toMatchObject(refusal);
  });

  it.each(['', 'opaque', '..', 'a.b.c', 'a.b.c.d.e', '{}'])(
    'tells by malformed that %j is no token',
    async (token) => {
      expect(await causeOf(verify(token))).toBe('malformed');
    },
  );

  it.each<[string, Claims]>([
    ['expired', { exp: NOW - 4 }],
    ['issued-in-future', { iat: NOW + 5 }],
    ['not-yet-valid', { nbf: NOW + 5 }],
    ['expired', { exp: undefined, iat: NOW - 304 }],
  ])('allows the clocks to be 5 seconds apart, else is %s: %j', async (reason, claims) => {
    const token = await signer.logoutToken(claims);
    expect(await verify(token)).toMatchObject({ sid: 'sid-1' });
    expect(await causeOf(verify(token, { clockTolerance: 0 }))).toBe(reason);
  });

  it('takes another maxAge', async () => {
    const token = await signer.logoutToken({ exp: undefined, iat: NOW - 600 });
    expect(await verify(token, { maxAge: 900 })).toMatchObject({ expiresAt: NOW + 300 });
    expect(await causeOf(verify(token))).toBe('expired');
  });

  it.each<[string, Claims, object, object]>([
    ['claim-missing', { exp: undefined }, {}, { claim: 'exp' }],
    ['further-audiences', { aud: [CLIENT_ID, 'other'] }, {}, { expected: CLIENT_ID }],
    ['wrong-type', {}, { typ: undefined }, { expected: 'logout+jwt', found: undefined }],
    ['wrong-type', {}, { typ: 'JWT' }, { expected: 'logout+jwt', found: 'JWT' }],
  ])('refuses by %s only with strict: %j %j', async (reason, claims, header, evidence) => {
    const token = await signer.logoutToken(claims, header);
    expect(await verify(token, { strict: false })).toMatchObject({ sid: 'sid-1' });
    const verification = verify(token, { strict: true });
    await expect(verification).rejects.toMatchObject({ reason, issuer: ISSUER, ...evidence });
  });

  it('tells of an algorithm that is not allowed', async () => {
    const verification = verify(await signer.logoutToken(), { algorithms: ['ES256', 'PS256'] });
    const evidence = { claim: 'alg', expected: 'ES256, PS256', found: 'RS256' };
    await expect(verification).rejects.toMatchObject(evidence);
  });

  it.each(['logout+jwt', 'Application/Logout+JWT', 'jwt', 'application/JWT', undefined])(
    'takes the type %s',
    async (typ) => {
      const token = await signer.logoutToken({}, { typ } as object);
      expect(await verify(token)).toMatchObject({ sid: 'sid-1' });
    },
  );

  it.each(['xlogout+jwt', 'logout+jwtx', 'xjwt', 'jwtx', 'x/jwt'])(
    'takes no type %j, unless it is agreed',
    async (typ) => {
      const token = await signer.logoutToken({}, { typ });
      const evidence = { expected: 'logout+jwt, JWT, at+jwt', found: typ };
      await expect(verify(token, { types: ['at+jwt'] })).rejects.toMatchObject(evidence);
      const types = ['at+jwt', typ.toUpperCase()];
      expect(await verify(token, { types })).toMatchObject({ sid: 'sid-1' });
    },
  );

  it.each<[unknown, boolean]>([
    [true, true],
    ['true', false],
    [undefined, false],
  ])('knows by %j of Keycloak whether offline access ends: %j', async (value, revokes) => {
    const events = { ...LOGOUT_EVENT, revoke_offline_access: value };
    const token = await signer.logoutToken({ events });
    expect(await verify(token)).toMatchObject({ revokesOfflineAccess: revokes });
  });

  it('does not need strict for what is strictly right', async () => {
    expect(await verify(await signer.logoutToken(), { strict: true })).toMatchObject({
      subject: 'alice',
    });
  });

  it('verifies the token inside an encrypted one, and the claims that its header repeats', async () => {
    const alg = 'ECDH-ES';
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const encryption = { alg, jwks: { keys: [await exportJWK(privateKey)] } };
    const encrypt = async (text: string, header: object = {}) =>
      new CompactEncrypt(Buffer.from(text))
        .setProtectedHeader({ alg, enc: 'A128CBC-HS256', ...header })
        .encrypt(publicKey);
    const token = await signer.logoutToken();
    expect(await verify(await encrypt(token), { encryption })).toEqual(await verify(token));
    expect(await causeOf(verify(await encrypt('x'), { encryption }))).toBe('malformed');
    // RFC 7519, section 5.3: only the header of an encrypted JWT repeats claims.
    expect(await verify(await signer.logoutToken({}, { iss: 'x' }))).toBeDefined();
    const reason = 'not-encrypted-as-agreed';
    const other = verify(await encrypt(token, { iss: 'x' }), { encryption });
    await expect(other).rejects.toMatchObject({ reason, claim: 'iss', issuer: ISSUER });
    const zipped = verify(await encrypt(token), { encryption: { ...encryption, enc: 'A256GCM' } });
    await expect(zipped).rejects.toMatchObject({ reason, claim: 'enc', issuer: ISSUER });
  });

  it('refuses a plain token where encryption was agreed', async () => {
    const encryption = { alg: 'RSA-OAEP-256', jwks: { keys: [] } };
    const verification = verify(await signer.logoutToken(), { encryption });
    expect(await causeOf(verification)).toBe('not-encrypted-as-agreed');
  });

  it.each<[object | undefined, string]>([
    [undefined, '"options" must be an object'],
    [{ issuer: undefined, clientId: CLIENT_ID }, '"issuer" must be a string that is not empty'],
    [{ issuer: 'https://op.example.com' }, '"clientId" must be a string that is not empty'],
    [{ issuerr: 'x', clientId: 'y' }, '"issuerr" is not an option of verifyLogoutToken()'],
    [{ issuer: 'x', clientId: 'y', maxAge: '1' }, '"maxAge" must be a whole number of seconds'],
    [{ issuer: 'x', clientId: 'y', algorithms: [] }, '"algorithms" must be'],
  ])('refuses the options %j, however sound the token is', async (wrong, message) => {
    const verification = verifyLogoutToken(
      await signer.logoutToken({ aud: 'undefined' }),
      signer.jwk,
      wrong as LogoutTokenOptions,
    );
    await expect(verification).rejects.toThrow(TypeError);
    await expect(verification).rejects.toThrow(message);
  });

  it('leaves its options as they are', async () => {
    const frozen = Object.freeze({ ...options, algorithms: Object.freeze(['RS256']) });
    const token = await signer.logoutToken();
    expect(await verifyLogoutToken(token, signer.jwk as JWK, frozen)).toMatchObject({
      sid: 'sid-1',
    });
  });
});

describe('verifyLogoutToken with createRemoteJWKSet', () => {
  let server: ProviderServer;
  let keys: LogoutTokenKey;

  beforeEach(async () => {
    jest.useRealTimers();
    server = await startProviderServer();
    server.answer = serveMetadata(server.issuer, [signer.jwk]);
    const url = new URL(`${server.issuer}/jwks`);
    keys = createRemoteJWKSet(url, { cooldownDuration: 0 });
  });

  afterEach(() => server.close());

  it('fetches the keys', async () => {
    const token = await signer.logoutToken({ jti: 'jti-1' });
    expect(await verifyLogoutToken(token, keys, options)).toMatchObject({ jti: 'jti-1' });
    expect(server.requests).toEqual(['/jwks']);
  });

  it.each<[string, Claims]>([
    ['nonce', { nonce: 'x' }],
    ['unknown-issuer', { iss: 'x' }],
    ['wrong-audience', { aud: 'x' }],
  ])('fetches nothing for a token that can be refused without: by %s', async (reason, claims) => {
    const token = await signer.logoutToken(claims);
    expect(await causeOf(verifyLogoutToken(token, keys, options))).toBe(reason);
    expect(server.requests).toEqual([]);
  });

  it('refuses a token whose key is not among them', async () => {
    const token = await signer.logoutToken({}, { kid: 'other' });
    expect(await causeOf(verifyLogoutToken(token, keys, options))).toBe('unknown-key');
  });

  it('tries all keys for a token without kid', async () => {
    const next = await createSigner(signer.issuer, { kid: 'key-2' });
    server.answer = serveMetadata(server.issuer, [next.jwk, signer.jwk]);
    const token = await signer.logoutToken({}, NO_KID);
    expect(await verifyLogoutToken(token, keys, options)).toMatchObject({ sid: 'sid-1' });
    const foreign = await (await createSigner()).logoutToken({}, NO_KID);
    expect(await causeOf(verifyLogoutToken(foreign, keys, options))).toBe('wrong-signature');
  });

  it("knows the errors of the app's own copy of jose", async () => {
    let find = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
    const ofApp: JWTVerifyGetKey = async (header, jws) => {
      try {
        return await find(header, jws);
      } catch (error) {
        const { code, [Symbol.asyncIterator]: iterator } = error as errors.JWKSMultipleMatchingKeys;
        throw Object.assign(new Error('of another class'), {
          code,
          [Symbol.asyncIterator]: iterator,
        });
      }
    };
    const other = await signer.logoutToken({}, { kid: 'other' });
    expect(await causeOf(verifyLogoutToken(other, ofApp, options))).toBe('unknown-key');
    const next = await createSigner(signer.issuer, { kid: 'key-2' });
    server.answer = serveMetadata(server.issuer, [next.jwk, signer.jwk]);
    const token = await signer.logoutToken({}, NO_KID);
    find = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
    expect(await verifyLogoutToken(token, ofApp, options)).toMatchObject({ sid: 'sid-1' });
  });

  it.each<[string, ProviderServer['answer']]>([
    ['fails', (_req, res) => res.writeHead(500).end()],
    ['never answers', () => undefined],
    ['hangs up', (req) => req.socket.destroy()],
    ['answers no JSON', (_req, res) => res.end('<html>')],
    ['answers no keys', (_req, res) => res.end('{"keys":{}}')],
  ])('tells an outage from a bad token when the server %s', async (_what, answer) => {
    server.answer = answer;
    const url = new URL(`${server.issuer}/jwks`);
    const impatient = createRemoteJWKSet(url, { timeoutDuration: 200 });
    const verification = verifyLogoutToken(await signer.logoutToken(), impatient, options);
    await expect(verification).rejects.toThrow(ProviderUnavailableError);
    await expect(verification).rejects.toMatchObject({
      code: 'ERR_OIDC_LOGOUT_PROVIDER_UNAVAILABLE',
      status: 503,
      error: 'temporarily_unavailable',
    });
  });

  it('tells an outage when nobody listens', async () => {
    const gone = await startProviderServer();
    await gone.close();
    const nowhere = createRemoteJWKSet(new URL(`${gone.issuer}/jwks`));
    const verification = verifyLogoutToken(await signer.logoutToken(), nowhere, options);
    await expect(verification).rejects.toThrow(ProviderUnavailableError);
  });

  const THROWN: Record<string, () => unknown> = {
    ...NO_ERRORS,
    ...ERRORS,
    'an object with a code': () => ({ code: 'ERR_JWKS_NO_MATCHING_KEY' }),
  };

  it.each(Object.entries(THROWN))(
    'tells an outage when a function of the app fails by %s',
    async (_what, thrown) => {
      const fail = () => {
        throw thrown() as Error;
      };
      const verification = verifyLogoutToken(await signer.logoutToken(), fail, options);
      await expect(verification).rejects.toThrow(ProviderUnavailableError);
      await expect(verification).rejects.not.toThrow(/secret|own/);
    },
  );

  it('leaves an outage as it is', async () => {
    const outage = new ProviderUnavailableError('timeout', ISSUER);
    const fail = () => Promise.reject(outage);
    const verification = verifyLogoutToken(await signer.logoutToken(), fail, options);
    await expect(verification).rejects.toBe(outage);
  });
});

describe('verifyLogoutToken, given any text', () => {
  const claims = { sub: 'alice', sid: 'sid-1', jti: 'jti-1', iat: NOW, exp: NOW + 120 };
  const expected = {
    ...{ issuer: 'https://op.example.com', subject: 'alice', sid: 'sid-1', jti: 'jti-1' },
    ...{ issuedAt: NOW, expiresAt: NOW + 120, revokesOfflineAccess: false },
  };

  /** Whatever is accepted must be what was signed; whatever is not must be refused in one way. */
  async function expectSameOrRefused(text: string): Promise<boolean> {
    try {
      expect(await verify(text)).toStrictEqual(expected);
      return true;
    } catch (error) {
      if (!(error instanceof InvalidLogoutTokenError)) throw error;
      return false;
    }
  }

  const characters = fc.string({ unit: 'binary', maxLength: 4 });
  const base64url = fc.constantFrom(...Array.from('ABCXYZabcxyz0189-_.= \n'));

  it('accepts nothing but what was signed', async () => {
    const token = await signer.logoutToken(claims);
    expect(await expectSameOrRefused(token)).toBe(true);
    const edit = fc.tuple(fc.nat(token.length), fc.nat(3), fc.oneof(characters, base64url));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let text = token;
        for (const [at, length, insertion] of edits) {
          text = text.slice(0, at) + insertion + text.slice(at + length);
        }
        await expectSameOrRefused(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts no claims that were put in the place of the signed ones', async () => {
    const [header, , signature] = (await signer.logoutToken(claims)).split('.');
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.object(), async (json, others) => {
        const texts = [json, JSON.stringify({ ...claims, iss: signer.issuer, ...others })];
        for (const text of texts) {
          const payload = Buffer.from(text).toString('base64url');
          expect(await expectSameOrRefused(`${header}.${payload}.${signature}`)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('accepts no header that was put in the place of the signed one', async () => {
    const [, payload, signature] = (await signer.logoutToken(claims)).split('.');
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('none', 'RS256', 'HS256', 'JWT'));
    const name = fc.constantFrom('alg', 'typ', 'kid', 'crit', 'b64', 'jwk', 'jku', 'cty', 'enc');
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value), fc.boolean(), async (members, isRs256) => {
        const json = JSON.stringify({ ...members, ...(isRs256 && { alg: 'RS256' }) });
        const header = Buffer.from(json).toString('base64url');
        expect(await expectSameOrRefused(`${header}.${payload}.${signature}`)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses every text that is no token', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        expect(await expectSameOrRefused(token)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts no signed token whose claims break a rule, and crashes on none', async () => {
    const name = fc.constantFrom(
      'sub',
      'sid',
      'jti',
      'iat',
      'exp',
      'aud',
      'events',
      'nonce',
      'nbf',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(LOGOUT_EVENT, CLIENT_ID, [CLIENT_ID], NOW),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value), async (generated) => {
        // JSON has no -0.
        const members = JSON.parse(JSON.stringify(generated)) as Claims;
        const token = await signer.logoutToken({ ...claims, ...members });
        const found = await verify(token).catch((error: unknown) => error);
        if (found instanceof InvalidLogoutTokenError) return;
        expect(members).not.toHaveProperty('nonce');
        expect(found).toStrictEqual({
          ...expected,
          subject: members.sub ?? 'alice',
          sid: members.sid ?? 'sid-1',
          jti: members.jti ?? 'jti-1',
          issuedAt: members.iat ?? NOW,
          expiresAt: members.exp ?? NOW + 120,
        });
      }),
      { numRuns: 300 },
    );
  });
});
