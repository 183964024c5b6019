import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import { ProviderUnavailableError } from '../../lib/errors.ts';
import { InvalidJwtError, type Jwt, readJwt, readToken, verifyJwt } from '../../lib/token/jwt.ts';
import { resetClocks, setTime } from '../support/clock.ts';
import { type Claims, createSigner, type Signer } from '../support/provider.ts';
import { encode } from '../support/raw-signer.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://op.example.com';
const ES256 = { alg: 'ES256', kid: 'key-1' };
const NO_KID = { kid: undefined } as object;

let signer: Signer;
let next: Signer;
let stranger: Signer;
let options: JWTVerifyOptions;

beforeAll(async () => {
  signer = await createSigner(ISSUER, ES256);
  next = await createSigner(ISSUER, { ...ES256, kid: 'key-2' });
  stranger = await createSigner(ISSUER, ES256);
  options = { issuer: ISSUER, audience: 'web', algorithms: ['ES256'], requiredClaims: ['sub'] };
});

beforeEach(() => {
  setTime(NOW * 1000);
});

afterEach(resetClocks);

function keysOf(...signers: Signer[]): JWTVerifyGetKey {
  return createLocalJWKSet({ keys: signers.map(({ jwk }) => jwk) });
}

async function sign(claims: Claims = {}, header: object = {}, by = signer): Promise<Jwt> {
  const jwt = readJwt(await by.sign({ aud: 'web', sub: 'alice', ...claims }, header));
  if (jwt === undefined) throw new Error('The JWT cannot be read');
  return jwt;
}

async function refusalOf(jwt: Jwt, key: JWTVerifyGetKey, others: JWTVerifyOptions = {}) {
  const error = await verifyJwt(jwt, key, { ...options, ...others }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidJwtError);
  return (error as InvalidJwtError).refusal;
}

describe('readJwt', () => {
  const HEAD = encode({ alg: 'ES256' });
  const BODY = encode({ sub: 'alice' });

  it('reads header and claims', () => {
    const text = `${HEAD}.${BODY}.AB`;
    const jwt = { text, header: { alg: 'ES256' }, claims: { sub: 'alice' } };
    expect(readToken(text)).toEqual({ text, jwt });
  });

  it.each([
    ...['', 'opaque', HEAD, `${HEAD}.${BODY}`, `${HEAD}.${BODY}.`, `${HEAD}..AB`, `.${BODY}.AB`],
    ...[`${HEAD}.${BODY}.AB.AB`, `${HEAD}.${BODY}.AB=`, ` ${HEAD}.${BODY}.AB`],
    ...[`${HEAD}.opaque.AB`, `opaque.${BODY}.AB`],
    ...[{}, { alg: '' }, { alg: 1 }].map((header) => `${encode(header)}.${BODY}.AB`),
  ])('reads nothing in %j', (text) => {
    expect(readToken(text)).toEqual({ text, jwt: undefined });
  });
});

describe('verifyJwt', () => {
  it.each<[string, Claims]>([
    ['live', {}],
    ['expired, whose exp the caller judges', { exp: NOW - 1000 }],
  ])('answers the claims of a JWT that is %s', async (_what, claims) => {
    const jwt = await sign(claims);
    expect(await verifyJwt(jwt, keysOf(signer), options)).toBe(jwt.claims);
  });

  it.each<[string, Claims, object]>([
    ['claim', { sub: undefined }, { reason: 'claim-missing', claim: 'sub' }],
    ['claim', { iat: 'x' }, { reason: 'claim-malformed', claim: 'iat' }],
    ['claim', { nbf: 'x' }, { reason: 'claim-malformed', claim: 'nbf' }],
    ['claim', { exp: 'x' }, { reason: 'claim-malformed', claim: 'exp' }],
    [
      'start',
      { nbf: NOW + 1 },
      { reason: 'not-yet-valid', claim: 'nbf', expected: 'in 0 s at most', found: 'in 1 s' },
    ],
    [
      'issuer',
      { iss: 'x' },
      { reason: 'unknown-issuer', claim: 'iss', expected: ISSUER, found: 'x' },
    ],
    [
      'audience',
      { aud: 'x' },
      { reason: 'wrong-audience', claim: 'aud', expected: 'web', found: 'x' },
    ],
    ['audience', { aud: undefined }, { reason: 'wrong-audience', claim: 'aud', expected: 'web' }],
  ])('tells by its word of the %s of a JWT with %j', async (_what, claims, refusal) => {
    expect(await refusalOf(await sign(claims), keysOf(signer))).toEqual(refusal);
  });

  it('tells how far the clocks may be apart', async () => {
    const jwt = await sign({ nbf: NOW + 6 });
    const refusal = await refusalOf(jwt, keysOf(signer), { clockTolerance: 5 });
    expect(refusal).toMatchObject({ expected: 'in 5 s at most', found: 'in 6 s' });
    await verifyJwt(jwt, keysOf(signer), { ...options, clockTolerance: 6 });
  });

  it.each<[string, object, JWTVerifyOptions, object]>([
    [
      'an algorithm that is not allowed',
      {},
      { algorithms: ['RS256', 'PS256'] },
      { reason: 'algorithm-not-allowed', claim: 'alg', expected: 'RS256, PS256', found: 'ES256' },
    ],
    [
      'an unknown key',
      { kid: 'key-9' },
      {},
      { reason: 'unknown-key', claim: 'kid', found: 'key-9' },
    ],
    [
      'an unknown critical member',
      { crit: ['x'], x: 1 },
      {},
      { reason: 'unsupported-header', claim: 'crit' },
    ],
  ])('tells by its word of %s', async (_what, header, others, refusal) => {
    expect(await refusalOf(await sign({}, header), keysOf(signer), others)).toEqual(refusal);
  });

  it('tells by its word of a wrong signature', async () => {
    const jwt = await sign({}, {}, stranger);
    const refusal = { reason: 'wrong-signature', claim: 'kid', found: 'key-1' };
    expect(await refusalOf(jwt, keysOf(signer))).toEqual(refusal);
  });

  // RFC 7797, section 7
  it.each([false, null, 1])('refuses b64 that is %j, however it is signed', async (b64) => {
    const jwt = await sign();
    const unencoded = { ...jwt, header: { ...jwt.header, b64 } } as Jwt;
    const refusal = { reason: 'unsupported-header', claim: 'b64' };
    expect(await refusalOf(unencoded, keysOf(signer))).toEqual(refusal);
    await verifyJwt({ ...jwt, header: { ...jwt.header, b64: true } }, keysOf(signer), options);
  });

  it('lets an outage be one', async () => {
    const outage = new ProviderUnavailableError('timeout');
    const fail: JWTVerifyGetKey = () => Promise.reject(outage);
    await expect(verifyJwt(await sign(), fail, options)).rejects.toBe(outage);
  });
});

// OpenID Connect Core 1.0, section 10.1
describe('verifyJwt of a JWT without kid, where a provider has several keys', () => {
  it.each<[string, () => Signer, Claims]>([
    ['the first key', () => signer, {}],
    ['the second key', () => next, {}],
    ['a key, and that expired', () => signer, { exp: NOW - 1 }],
  ])('takes one that is signed by %s', async (_what, by, claims) => {
    const jwt = await sign(claims, NO_KID, by());
    expect(await verifyJwt(jwt, keysOf(signer, next), options)).toBe(jwt.claims);
  });

  it('refuses one that is signed by another key', async () => {
    const jwt = await sign({}, NO_KID, stranger);
    const refusal = { reason: 'wrong-signature', claim: 'kid', found: undefined };
    expect(await refusalOf(jwt, keysOf(signer, next))).toEqual(refusal);
  });

  it('tells what the claims lack, whichever key verified them', async () => {
    const jwt = await sign({ sub: undefined }, NO_KID);
    for (const keys of [keysOf(signer, next), keysOf(next, signer)]) {
      expect(await refusalOf(jwt, keys)).toEqual({ reason: 'claim-missing', claim: 'sub' });
    }
  });
});
