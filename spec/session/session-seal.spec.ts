import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Encryption } from '../../lib/session/encryption.ts';
import { SessionSeal } from '../../lib/session/session-seal.ts';

const TOKENS = { idToken: 'the ID Token', refreshToken: 'refresh', scope: 'openid' };
const NO_REFRESH_TOKEN = { refreshToken: undefined, scope: undefined };

describe('SessionSeal', () => {
  const encryption = new Encryption(randomBytes(32));
  const seal = new SessionSeal(encryption);
  const withoutKey = new SessionSeal(new Encryption(undefined));
  const sealed = () => seal.seal('session', 'web', TOKENS);
  const { idToken, ...refresh } = TOKENS;

  it('opens what it sealed for the same session and client', () => {
    const texts = sealed();
    expect(seal.openIdToken('session', 'web', texts)).toBe(idToken);
    expect(seal.openRefreshToken('session', 'web', texts)).toEqual(refresh);
  });

  it.each([
    ['of another session', 'other', 'web'],
    ['of another client', 'session', 'other'],
  ])('does not open a text %s', (_what, session, clientId) => {
    expect(seal.openIdToken(session, clientId, sealed())).toBeUndefined();
    expect(seal.openRefreshToken(session, clientId, sealed())).toEqual(NO_REFRESH_TOKEN);
  });

  it('does not open one kind of token as the other', () => {
    const { idToken: refreshToken, refreshToken: asIdToken } = sealed();
    const texts = { idToken: asIdToken, refreshToken };
    expect(seal.openIdToken('session', 'web', texts)).toBeUndefined();
    expect(seal.openRefreshToken('session', 'web', texts)).toEqual(NO_REFRESH_TOKEN);
  });

  it('opens nothing of an empty text, with a key and without', () => {
    for (const each of [seal, withoutKey]) {
      const none = { idToken: '', refreshToken: '' };
      expect(each.openIdToken('session', 'web', none)).toBeUndefined();
      expect(each.openRefreshToken('session', 'web', none)).toEqual(NO_REFRESH_TOKEN);
      expect(each.openAnswer('call', '')).toBeUndefined();
    }
  });

  it.each([
    ['no JSON', 'refresh', NO_REFRESH_TOKEN],
    ['an empty refresh token', '{"refreshToken":"","scope":"openid"}', { scope: 'openid' }],
    ['members of other types', '{"refreshToken":1,"scope":["openid"]}', NO_REFRESH_TOKEN],
  ])('opens of %s what is a text', (_what, text, expected) => {
    const refreshToken = encryption.seal('refresh:session:web', text);
    const opened = seal.openRefreshToken('session', 'web', { idToken: '', refreshToken });
    expect(opened).toEqual({ ...NO_REFRESH_TOKEN, ...expected });
  });

  it('seals nothing for a missing token', () => {
    const none = { ...TOKENS, idToken: undefined, refreshToken: undefined };
    expect(seal.seal('session', 'web', none)).toEqual({ idToken: '', refreshToken: '' });
  });

  it('keeps the ID Token without a key, and no refresh token', () => {
    expect(withoutKey.seal('session', 'web', TOKENS)).toEqual({ idToken, refreshToken: '' });
    const written = { idToken, refreshToken: JSON.stringify(refresh) };
    expect(withoutKey.openIdToken('session', 'web', written)).toBe(idToken);
    expect(withoutKey.openRefreshToken('session', 'web', written)).toEqual(NO_REFRESH_TOKEN);
  });

  it.each(['answer', ''])('seals the answer %j of one logout, never as an empty text', (answer) => {
    for (const each of [seal, withoutKey]) {
      const kept = each.sealAnswer('call', answer);
      expect(kept).not.toBe('');
      expect(each.openAnswer('call', kept)).toBe(answer);
    }
    expect(seal.openAnswer('other', seal.sealAnswer('call', answer))).toBeUndefined();
  });
});
