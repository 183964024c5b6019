import { describe, expect, it } from '@jest/globals';
import { InvalidRequestError, MissingTokenError } from '../../lib/index.ts';
import { readBearerToken } from '../../lib/http/bearer-token.ts';

const NONE = { isKnownJwt: () => false };

function read(authorization?: string, url = '/'): string {
  return readBearerToken({ headers: { authorization }, url }, NONE);
}

describe('readBearerToken', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc', 'Bearer abc '])(
    'reads the token of %j',
    (authorization) => {
      expect(read(authorization)).toBe('abc');
    },
  );

  it('reads every character that a token may have', () => {
    expect(read('Bearer aZ09-._~+/==')).toBe('aZ09-._~+/==');
  });

  it.each([undefined, '', 'Basic abc', 'Bearerabc', 'DPoP abc'])(
    'finds no credentials in %j',
    (authorization) => {
      expect(() => read(authorization)).toThrow(MissingTokenError);
    },
  );

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "abc"',
    'Bearer =',
    'Bearer \u00e9',
  ])('refuses %j as malformed', (authorization) => {
    expect(() => read(authorization)).toThrow(InvalidRequestError);
  });

  it('refuses a second token in the query (RFC 6750, section 2)', () => {
    expect(() => read('Bearer abc', '/api?a=b&access_token=abc')).toThrow(InvalidRequestError);
  });

  it('counts the lines of the header, where there are lines', () => {
    const headers = { authorization: 'Bearer abc' };
    const line = ['Authorization', 'Bearer abc'];
    expect(readBearerToken({ headers }, NONE)).toBe('abc');
    expect(readBearerToken({ headers, rawHeaders: [] }, NONE)).toBe('abc');
    const once = { headers, rawHeaders: ['X', 'authorization', ...line] };
    expect(readBearerToken(once, NONE)).toBe('abc');
    const twice = { headers, rawHeaders: [...line, ...line] };
    expect(() => readBearerToken(twice, NONE)).toThrow(InvalidRequestError);
  });

  it('never reads the token from the query', () => {
    expect(() => read(undefined, '/api?access_token=abc')).toThrow(MissingTokenError);
  });
});
