import { describe, expect, it } from '@jest/globals';
import { readAccessToken } from '../../lib/token/access-token-text.ts';
import { createSigner } from '../support/provider.ts';

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  );
}

function nested(levels: number): unknown {
  return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Sets an unused bit of the last character. */
function respelled(segment: string): string {
  const other = segment.slice(0, -1) + (ALPHABET[ALPHABET.indexOf(segment.slice(-1)) ^ 1] ?? '');
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(segment, 'base64url'));
  return other;
}

const HEAD = encode({ alg: 'RS256', kid: 'key-1' });
const BODY = encode({ iss: 'https://op.example.com', sub: 'alice' });
const JWE_HEAD = encode({ alg: 'dir', enc: 'A256GCM', iss: 'https://op.example.com' });
const JWE = `${JWE_HEAD}..aXYtaXYtaXYt.Y2lwaGVydGV4dA.dGFndGFndGFndGFn`;

describe('readAccessToken', () => {
  it('reads header and claims of a JWT', async () => {
    const text = await (await createSigner()).accessToken({ jti: 'jti-1' });
    expect(readAccessToken(text)).toEqual({
      kind: 'jwt',
      text,
      header: { alg: 'RS256', kid: 'key-1', typ: 'at+jwt' },
      claims: expect.objectContaining({ iss: 'https://op.example.com', jti: 'jti-1' }),
    });
  });

  it.each<[string, string]>([
    ['any algorithm, which is for the signature to judge', `${encode({ alg: 'none' })}.${BODY}.AA`],
    ['unused bits in its signature', `${HEAD}.${BODY}.AB`],
    ['b64, which is for its verification', `${encode({ alg: 'RS256', b64: false })}.${BODY}.AA`],
    ['claims of 32 levels', `${HEAD}.${encode({ a: nested(31) })}.AA`],
    ['a member twice', `${HEAD}.${encode('{"iss":"a","iss":"b"}')}.AA`],
  ])('takes for a JWT one with %s', (_what, text) => {
    expect(readAccessToken(text)?.kind).toBe('jwt');
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['a word', 'opaque'],
    ['a word with padding', 'opaque/+token=='],
    ['words with dots', '0.AXEA.secret-1'],
    ['three words of base64url', 'a.b.c'],
    ['dots alone', '..'],
    ['a number before the dot', `${encode('1')}.${BODY}.AA`],
    ['an array before the dot', `${encode([1])}.${BODY}.AA`],
    ['a text before the dot', `${encode('"RS256"')}.${BODY}.AA`],
    ['JSON that is cut off before the dot', `${encode('{"alg":"RS256"')}.${BODY}.AA`],
    ['a JWE', JWE],
    ['a JWE with a key', JWE.replace('..', '.a2V5.')],
  ])('takes %s for opaque', (_what, text) => {
    expect(readAccessToken(text)).toEqual({ kind: 'opaque', text });
  });

  it.each<[string, string]>([
    ['a header alone', HEAD],
    ['no signature', `${HEAD}.${BODY}`],
    ['an empty signature', `${HEAD}.${BODY}.`],
    ['an empty payload', `${HEAD}..AA`],
    ['padding at its end', `${HEAD}.${BODY}.AA=`],
    ['padding in its header', `${encode({ alg: 'RS2560' })}=.${BODY}.AA`],
    ['a fourth segment', `${HEAD}.${BODY}.AA.AA`],
    ['an empty fourth segment', `${HEAD}.${BODY}.AA.`],
    ['six segments', `${HEAD}.${BODY}.AA.AA.AA.AA`],
    ['a space before it', ` ${HEAD}.${BODY}.AA`],
    ['a space after it', `${HEAD}.${BODY}.AA `],
    ['a line break after it', `${HEAD}.${BODY}.AA\n`],
    ['a line break in its header', `${HEAD.slice(0, 4)}\n${HEAD.slice(4)}.${BODY}.AA`],
    ['a tab in its payload', `${HEAD}.${BODY.slice(0, 4)}\t${BODY.slice(4)}.AA`],
    ['quotes around it', `"${HEAD}.${BODY}.AA"`],
    ['padding before it', `=${HEAD}.${BODY}.AA`],
    ['an unused bit in its header', `${respelled(encode({ alg: 'RS25' }))}.${BODY}.AA`],
    ['an unused bit in its payload', `${HEAD}.${respelled(encode({ a: 12 }))}.AA`],
    ['base64 instead of base64url', `${HEAD}.${encode({ a: '???>>>' }).replace(/_/g, '/')}.AA`],
    ['no alg', `${encode({ typ: 'JWT' })}.${BODY}.AA`],
    ['an empty alg', `${encode({ alg: '' })}.${BODY}.AA`],
    ['a number as alg', `${encode({ alg: 256 })}.${BODY}.AA`],
    ['an array as payload', `${HEAD}.${encode([{ sub: 'alice' }])}.AA`],
    ['a text as payload', `${HEAD}.${encode('"alice"')}.AA`],
    ['null as payload', `${HEAD}.${encode('null')}.AA`],
    ['a payload that is no JSON', `${HEAD}.${encode('alice')}.AA`],
    ['something after the JSON of its payload', `${HEAD}.${encode('{}{}')}.AA`],
    ['a byte order mark', `${HEAD}.${encode('\ufeff{}')}.AA`],
    [
      'bytes that are no UTF-8',
      `${HEAD}.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.AA`,
    ],
    [
      'a header that is no UTF-8',
      `${Buffer.from('{"alg":"\xff"}', 'latin1').toString('base64url')}.${BODY}.AA`,
    ],
    ['claims of 33 levels', `${HEAD}.${encode({ a: nested(32) })}.AA`],
    [
      'objects of 20,000 levels',
      `${HEAD}.${encode('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000))}.AA`,
    ],
    [
      'a header of 20,000 levels',
      `${encode(`{"alg":"RS256","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)}.${BODY}.AA`,
    ],
    ['the segments of a JWE without enc', JWE.replace(JWE_HEAD, HEAD)],
    ['the segments of a JWE without alg', JWE.replace(JWE_HEAD, encode({ enc: 'A256GCM' }))],
    ['the segments of a JWE and padding', `${JWE}=`],
    ['the segments of a JWE in another spelling', `${JWE}${respelled('dA')}`],
    ['the segments of a JWE without a tag', JWE.slice(0, JWE.lastIndexOf('.') + 1)],
    ['the segments of a JWE and one more', `${JWE}.AA`],
  ])('takes for malformed, and never for opaque, what has %s', (_what, text) => {
    expect(readAccessToken(text)).toBeUndefined();
  });
});
