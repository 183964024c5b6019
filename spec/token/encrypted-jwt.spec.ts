import { beforeAll, describe, expect, it } from '@jest/globals';
import { CompactEncrypt, type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import {
  claimRepeatedWrongly,
  decryptJwt,
  InvalidJweError,
  isEncryptedJwt,
  repeatedIssuer,
  type TokenEncryption,
} from '../../lib/token/encrypted-jwt.ts';
import { encode } from '../support/raw-signer.ts';

const ALG = 'ECDH-ES';
const ENC = 'A128CBC-HS256';
const SIGNED = 'head.claims.signature';

interface Key {
  readonly publicKey: CryptoKey;
  readonly jwk: object;
}

let first: Key;
let second: Key;

beforeAll(async () => {
  [first, second] = (await Promise.all(['key-1', 'key-2'].map(createKey))) as [Key, Key];
});

async function createKey(kid: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(ALG, { extractable: true });
  return { publicKey, jwk: { ...(await exportJWK(privateKey)), kid } };
}

function encryptTo({ publicKey }: Key, header: object = {}): Promise<string> {
  return new CompactEncrypt(Buffer.from(SIGNED))
    .setProtectedHeader({ alg: ALG, enc: ENC, ...header })
    .encrypt(publicKey);
}

const unnamed = ({ publicKey, jwk }: Key): Key => ({ publicKey, jwk: { ...jwk, kid: undefined } });

const agreed = (...keys: Key[]): TokenEncryption => ({
  alg: ALG,
  jwks: { keys: keys.map(({ jwk }) => jwk) },
});

async function evidenceOf(decryption: Promise<string>) {
  const error = await decryption.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidJweError);
  return (error as InvalidJweError).evidence;
}

describe('isEncryptedJwt', () => {
  it.each<[string, boolean]>([
    ['a.b.c.d.e', true],
    ['a..c.d.e', true],
    ['aa.b_.c-.dd.ee', true],
    ['.b.c.d.e', false],
    ['a.b..d.e', false],
    ['a.b.c..e', false],
    ['a.b.c.d.', false],
    ['a.b.c', false],
    ['a.b.c.d', false],
    ['a.b.c.d.e.f', false],
    ['=a.b.c.d.e', false],
    ['a.b.c.d.e=', false],
  ])('of %j is %j', (text, isEncrypted) => {
    expect(isEncryptedJwt(text)).toBe(isEncrypted);
  });
});

describe('decryptJwt', () => {
  it.each<[string, object, () => Key[]]>([
    ['the only key', {}, () => [first]],
    ['the key of its kid', { kid: 'key-1' }, () => [second, first]],
    ['any of the keys without kid', {}, () => [second, first]],
    ['any of the keys without kid, one of which has none', {}, () => [unnamed(second), first]],
    ['any of the keys where no key has its kid', { kid: 'key-9' }, () => [second, first]],
  ])('answers what was encrypted to %s', async (_what, header, keys) => {
    expect(await decryptJwt(await encryptTo(first, header), agreed(...keys()))).toBe(SIGNED);
  });

  it('tries no key but the one that is named', async () => {
    const token = await encryptTo(first, { kid: 'key-2' });
    expect(await evidenceOf(decryptJwt(token, agreed(first, second)))).toEqual({
      claim: 'kid',
      found: 'key-2',
    });
  });

  it('takes the content encryption that was agreed', async () => {
    const token = await encryptTo(first, { enc: 'A256GCM' });
    expect(await decryptJwt(token, { ...agreed(first), enc: 'A256GCM' })).toBe(SIGNED);
  });

  it.each<[object, object]>([
    [{ alg: 'ECDH-ES+A128KW' }, { claim: 'alg', expected: ALG, found: 'ECDH-ES+A128KW' }],
    [{ enc: 'A256GCM' }, { claim: 'enc', expected: ENC, found: 'A256GCM' }],
    // Compression was not agreed.
    [{ zip: 'DEF' }, { claim: 'zip', found: 'DEF' }],
  ])('takes no other than was agreed: %j', async (header, evidence) => {
    const [, ...parts] = (await encryptTo(first)).split('.');
    const token = [encode({ alg: ALG, enc: ENC, ...header }), ...parts].join('.');
    expect(await evidenceOf(decryptJwt(token, agreed(first)))).toEqual(evidence);
  });

  it('tells nothing of a text whose header cannot be read', async () => {
    expect(await evidenceOf(decryptJwt('a.b.c.d.e', agreed(first)))).toEqual({});
  });
});

// RFC 7519, section 5.3
describe('claims that the header repeats', () => {
  const tokenOf = (header: object) => `${encode(header)}.b.c.d.e`;

  it.each<[object, string | undefined]>([
    [{}, undefined],
    [{ iss: 'i', sub: 's', aud: ['a', 'b'], jti: 'other' }, undefined],
    [{ iss: 'other' }, 'iss'],
    [{ sub: 'other' }, 'sub'],
    [{ aud: ['b', 'a'] }, 'aud'],
    [{ iss: null }, 'iss'],
  ])('of %j are wrong in %j', (header, claim) => {
    const claims = { iss: 'i', sub: 's', aud: ['a', 'b'], jti: 'j' };
    expect(claimRepeatedWrongly(tokenOf(header), claims)).toBe(claim);
  });

  it('tell the issuer, and nothing where the header cannot be read', () => {
    expect(repeatedIssuer(tokenOf({ iss: 'i' }))).toBe('i');
    expect([repeatedIssuer('a.b'), claimRepeatedWrongly('a.b', {})]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
