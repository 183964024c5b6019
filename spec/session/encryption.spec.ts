import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { Encryption } from '../../lib/session/encryption.ts';

const KEY = randomBytes(32);
const PLACE = 'session:a';

describe('Encryption', () => {
  const encryption = new Encryption(KEY);
  const none = new Encryption(undefined);

  it.each(['the ID Token', '', 'é😀\n\0'])(
    'opens what it sealed for the same record: %j',
    (text) => {
      expect(encryption.open(PLACE, encryption.seal(PLACE, text))).toBe(text);
    },
  );

  it('seals a JWE that others with the key can open', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(
      encryption.seal(PLACE, 'text'),
      KEY,
    );
    expect(new TextDecoder().decode(plaintext)).toBe('text');
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', record: PLACE });
  });

  it('opens a JWE that others sealed with the key', async () => {
    const sealed = await new CompactEncrypt(new TextEncoder().encode('text'))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', record: PLACE })
      .encrypt(KEY);
    expect(encryption.open(PLACE, sealed)).toBe('text');
  });

  it('seals the same text differently each time', () => {
    expect(encryption.seal(PLACE, 'text')).not.toBe(encryption.seal(PLACE, 'text'));
  });

  it.each([
    ['under another key', new Encryption(randomBytes(32)).seal(PLACE, 'text')],
    ['for another record', encryption.seal('session:b', 'text')],
    ['not at all', '{"idToken":"text"}'],
    ['by nobody', ''],
  ])('does not open what was sealed %s', (_how, sealed) => {
    expect(encryption.open(PLACE, sealed)).toBeUndefined();
  });

  it.each<[what: string, index: number, change: (segment: Buffer) => Buffer]>([
    ['another initialization vector', 2, () => randomBytes(12)],
    ['no initialization vector', 2, () => Buffer.alloc(0)],
    ['other content', 3, () => randomBytes(4)],
    ['no content', 3, () => Buffer.alloc(0)],
    ['another tag', 4, () => randomBytes(16)],
    ['the first bytes of the tag alone', 4, (tag) => tag.subarray(0, 4)],
    ['no tag', 4, () => Buffer.alloc(0)],
  ])('does not open a JWE with %s', (_what, index, change) => {
    const segments = encryption.seal(PLACE, 'text').split('.');
    const segment = Buffer.from(segments[index] ?? '', 'base64url');
    segments[index] = change(segment).toString('base64url');
    expect(encryption.open(PLACE, segments.join('.'))).toBeUndefined();
  });

  it.each<[what: string, change: (sealed: string) => string]>([
    ['an encrypted key', (sealed) => sealed.replace('..', '.AAAA.')],
    ['one more segment', (sealed) => `${sealed}.AAAA`],
    ['padding', (sealed) => `${sealed}==`],
    ['white space', (sealed) => `${sealed}\n`],
  ])('does not open a JWE with %s', (_what, change) => {
    expect(encryption.open(PLACE, change(encryption.seal(PLACE, 'text')))).toBeUndefined();
  });

  it('does not open a sealed text without the key', () => {
    expect(none.open(PLACE, encryption.seal(PLACE, 'text'))).toBeUndefined();
  });

  it('leaves text as it is without a key', () => {
    expect(none.seal(PLACE, 'text')).toBe('text');
    expect(none.open(PLACE, 'text')).toBe('text');
  });
});
