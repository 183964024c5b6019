import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { InvalidTokenError } from '../../lib/index.ts';
import { readTokenResponse, type TokenResponse } from '../../lib/session/token-response.ts';
import { setTime } from '../support/clock.ts';

const NOW = 1_800_000_000;
const LONGEST = 86_400;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const jwtWith = (claims: object) => `${encode({ alg: 'RS256' })}.${encode(claims)}.AA`;

const read = (response: object) =>
  readTokenResponse({ access_token: 'opaque', ...response }, LONGEST);

describe('readTokenResponse', () => {
  beforeEach(() => {
    setTime(NOW * 1000 + 999);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it.each<[what: string, response: object, seconds: number]>([
    ['expires_in', { expires_in: 600 }, 600],
    ['expires_in as a string', { expires_in: '600' }, 600],
    ['expires_in with a fraction', { expires_in: 600.9 }, 600],
    ['expires_in 0', { expires_in: 0 }, 0],
    ['the longest life, for a negative expires_in', { expires_in: -1 }, LONGEST],
    ['the longest life, for a word', { expires_in: 'soon' }, LONGEST],
    ['the longest life, for none', {}, LONGEST],
    ['exp', { access_token: jwtWith({ exp: NOW + 60 }), expires_in: 600 }, 60],
    ['exp, whose fraction counts whole', { access_token: jwtWith({ exp: NOW + 59.1 }) }, 60],
    [
      'expires_in beside an exp as a string',
      { access_token: jwtWith({ exp: '9' }), expires_in: 6 },
      6,
    ],
    [
      'expires_in beside an endless exp',
      { access_token: jwtWith({ exp: 1e300 }), expires_in: 6 },
      6,
    ],
  ])('takes the life of the access token from %s', (_what, response, seconds) => {
    expect(read(response).expiresAt).toBe(NOW + seconds);
  });

  it.each<[refresh_token: unknown, refreshToken: string | undefined]>([
    ['refresh', 'refresh'],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('reads the refresh token %j as %j', (refresh_token, refreshToken) => {
    expect(read({ refresh_token }).refreshToken).toBe(refreshToken);
  });

  it.each<[scope: unknown, read: string | undefined]>([
    ['openid email', 'openid email'],
    [['openid'], undefined],
    [null, undefined],
    [undefined, undefined],
  ])('reads the scope %j as %j', (scope, expected) => {
    expect(read({ scope }).scope).toBe(expected);
  });

  it.each<[token_type: unknown, isSenderConstrained: boolean]>([
    [undefined, false],
    ['bearer', false],
    ['Bearer', false],
    ['DPoP', true],
  ])('tells of the token_type %j: bound to a sender %j', (token_type, isSenderConstrained) => {
    expect(read({ token_type }).isSenderConstrained).toBe(isSenderConstrained);
  });

  it.each<[response: unknown, message: string]>([
    [undefined, '"tokens" must be an object'],
    [{}, '"access_token" must be a string that is not empty'],
    [{ access_token: 'a', refresh_token: 1 }, '"refresh_token" must be a string that is not empty'],
  ])('refuses %j', (response, message) => {
    expect(() => readTokenResponse(response as TokenResponse, LONGEST)).toThrow(
      new TypeError(message),
    );
  });

  it('refuses an access token that is no whole JWT', () => {
    const access_token = jwtWith({}).replace('.AA', '');
    expect(() => read({ access_token })).toThrow(InvalidTokenError);
    expect(() => read({ access_token })).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });
});
