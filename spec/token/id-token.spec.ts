import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CompactEncrypt,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTVerifyGetKey,
} from 'jose';
import { InvalidIdTokenError, ProviderUnavailableError } from '../../lib/errors.ts';
import type { TokenEncryption } from '../../lib/token/encrypted-jwt.ts';
import { type IdTokenRules, verifyIdToken } from '../../lib/token/id-token.ts';
import { readToken } from '../../lib/token/jwt.ts';
import { resetClocks, setTime } from '../support/clock.ts';
import { type Claims, CLIENT_ID, createSigner, type Signer } from '../support/provider.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://op.example.com';

let signer: Signer;
let keys: JWTVerifyGetKey;
let rules: IdTokenRules;
let idTokenEncryption: TokenEncryption;
let encrypt: (text: string) => Promise<string>;

beforeAll(async () => {
  signer = await createSigner(ISSUER, { alg: 'ES256', kid: 'key-1' });
  keys = createLocalJWKSet({ keys: [signer.jwk] });
  rules = {
    issuer: ISSUER,
    clientId: CLIENT_ID,
    algorithms: ['ES256'],
    idTokenEncryption: undefined,
  };
  const alg = 'ECDH-ES';
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  idTokenEncryption = { alg, jwks: { keys: [await exportJWK(privateKey)] } };
  encrypt = (text) =>
    new CompactEncrypt(Buffer.from(text))
      .setProtectedHeader({ alg, enc: 'A128CBC-HS256' })
      .encrypt(publicKey);
});

beforeEach(() => {
  setTime(NOW * 1000);
});

afterEach(resetClocks);

const sign = (claims: Claims = {}, header: object = {}) =>
  signer.sign({ aud: CLIENT_ID, sub: 'alice', sid: 'sid-1', ...claims }, header);

const verify = (text: string, others: Partial<IdTokenRules> = {}) =>
  verifyIdToken(readToken(text), keys, { ...rules, ...others });

async function refusalOf(verification: Promise<unknown>) {
  const error = await verification.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidIdTokenError);
  const { reason, claim, expected, found, issuer } = error as InvalidIdTokenError;
  expect(issuer).toBe(ISSUER);
  return { reason, claim, expected, found };
}

describe('verifyIdToken', () => {
  it('answers whose login the ID Token is of', async () => {
    const token = await sign();
    expect(await verify(token)).toStrictEqual({
      ...{ token, issuer: ISSUER, subject: 'alice', sid: 'sid-1', issuedAt: NOW },
      key: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  it.each<[string, Claims, object]>([
    ['that expired', { exp: NOW - 10_000 }, {}],
    ['of several audiences', { aud: ['other', CLIENT_ID] }, {}],
    ['of the type JWT', {}, { typ: 'JWT' }],
    ['of the type jwt', {}, { typ: 'jwt' }],
    ['without sid', { sid: undefined }, {}],
  ])('takes one %s', async (_what, claims, header) => {
    expect(await verify(await sign(claims, header))).toMatchObject({ subject: 'alice' });
  });

  it.each<[string, string, Claims]>([
    ['logout-token', 'events', { events: {} }],
    ['claim-malformed', 'sub', { sub: '' }],
    ['claim-malformed', 'sub', { sub: 1 }],
    ['claim-missing', 'sub', { sub: undefined }],
    ['claim-missing', 'iat', { iat: undefined }],
    ['claim-malformed', 'iat', { iat: 1e14 }],
    ['wrong-audience', 'aud', { aud: 'other' }],
    ['unknown-issuer', 'iss', { iss: 'https://other.example.com' }],
  ])('refuses by %s for %s: %j', async (reason, claim, claims) => {
    expect(await refusalOf(verify(await sign(claims)))).toMatchObject({ reason, claim });
  });

  it.each<[unknown, string]>([
    ['at+jwt', 'at+jwt'],
    ['', ''],
    [1, '1'],
  ])('refuses the type %j', async (typ, found) => {
    const refusal = { reason: 'wrong-type', claim: 'typ', expected: 'JWT', found };
    expect(await refusalOf(verify(await sign({}, { typ })))).toEqual(refusal);
  });

  it('refuses another algorithm', async () => {
    const refusal = { reason: 'algorithm-not-allowed', claim: 'alg', found: 'ES256' };
    const verification = verify(await sign(), { algorithms: ['RS256'] });
    expect(await refusalOf(verification)).toEqual({ ...refusal, expected: 'RS256' });
  });

  it('refuses what is no JWT, and does not take an outage for a fault of the token', async () => {
    expect(await refusalOf(verify('opaque'))).toMatchObject({ reason: 'malformed' });
    const outage = new ProviderUnavailableError('timeout');
    const fail = () => Promise.reject(outage);
    const verification = verifyIdToken(readToken(await sign()), fail, rules);
    await expect(verification).rejects.toBe(outage);
  });
});

describe('verifyIdToken, where encryption was agreed', () => {
  it('answers to the encrypted one as to the one inside, which the app may have decrypted', async () => {
    const token = await sign();
    const expected = await verify(token);
    expect(await verify(await encrypt(token), { idTokenEncryption })).toEqual(expected);
    expect(await verify(token, { idTokenEncryption })).toEqual(expected);
  });

  it('refuses one that is not encrypted as agreed, or has no JWT inside', async () => {
    const other = { ...idTokenEncryption, enc: 'A256GCM' };
    const verification = verify(await encrypt(await sign()), { idTokenEncryption: other });
    const refusal = { reason: 'not-encrypted-as-agreed', claim: 'enc' };
    expect(await refusalOf(verification)).toMatchObject(refusal);
    const opaque = verify(await encrypt('opaque'), { idTokenEncryption });
    expect(await refusalOf(opaque)).toMatchObject({ reason: 'malformed' });
  });

  it('does not take a wrong setting for a fault of the token', async () => {
    const wrong = { alg: 'ECDH-ES', jwks: {} } as TokenEncryption;
    const verification = verify(await encrypt(await sign()), { idTokenEncryption: wrong });
    await expect(verification).rejects.toThrow(TypeError);
  });

  it('refuses an encrypted one where none was agreed', async () => {
    const verification = verify(await encrypt(await sign()));
    expect(await refusalOf(verification)).toMatchObject({ reason: 'malformed' });
  });
});
