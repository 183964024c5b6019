import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { Encryption } from '../../lib/session/encryption.ts';

describe('Encryption', () => {
  const encryption = new Encryption(randomBytes(32));

  it('opens what it sealed for the same record', async () => {
    const sealed = await encryption.seal('session:a', 'the ID Token');
    expect(sealed).not.toContain('the ID Token');
    expect(decodeProtectedHeader(sealed)).toMatchObject({ alg: 'dir', enc: 'A256GCM' });
    expect(await encryption.open('session:a', sealed)).toBe('the ID Token');
  });

  it('seals the same text differently each time', async () => {
    expect(await encryption.seal('r', 'text')).not.toBe(await encryption.seal('r', 'text'));
  });

  it.each([
    ['under another key', () => new Encryption(randomBytes(32)).seal('session:a', 'text')],
    ['for another record', () => encryption.seal('session:b', 'text')],
    ['not at all', () => Promise.resolve('{"idToken":"text"}')],
  ])('does not open what was sealed %s', async (_how, seal) => {
    expect(await encryption.open('session:a', await seal())).toBeUndefined();
  });

  it('does not open what was sealed without a key', async () => {
    const sealed = await encryption.seal('session:a', 'text');
    expect(await new Encryption(undefined).open('session:a', sealed)).toBeUndefined();
  });

  it('leaves text as it is without a key', async () => {
    const none = new Encryption(undefined);
    expect(await none.seal('session:a', 'text')).toBe('text');
    expect(await none.open('session:a', 'text')).toBe('text');
  });
});
