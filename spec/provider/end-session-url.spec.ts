import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildEndSessionUrl } from '../../lib/provider/end-session-url.ts';

const ALL = [
  ['id_token_hint', 'a.b.c'],
  ['client_id', 'web'],
  ['post_logout_redirect_uri', 'https://app.example.com/out?a=b c&d'],
  ['state', 's'],
  ['client_id', 'other'],
] as const;

describe('buildEndSessionUrl', () => {
  it('sends the parameters in their order, each once, form-encoded', () => {
    expect(buildEndSessionUrl('https://op/logout', ALL)).toBe(
      'https://op/logout?id_token_hint=a.b.c&client_id=web' +
        '&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fout%3Fa%3Db+c%26d&state=s',
    );
  });

  it.each([
    ['https://op/logout?parameter=123', 'https://op/logout?parameter=123&state=s'],
    ['https://op/logout?a=%2f+b&c', 'https://op/logout?a=%2f+b&c&state=s'],
    ['https://op/logout?', 'https://op/logout?state=s'],
    ['https://op/logout?a=b&', 'https://op/logout?a=b&state=s'],
    ['https://op/logout?state=own', 'https://op/logout?state=own'],
  ])('keeps the own query of %s', (endpoint, expected) => {
    expect(buildEndSessionUrl(endpoint, [['state', 's']])).toBe(expected);
  });

  it('leaves out what is empty or absent', () => {
    const parameters = [
      ['id_token_hint', undefined],
      ['client_id', ''],
    ] as const;
    expect(buildEndSessionUrl('https://op/logout', parameters)).toBe('https://op/logout');
  });

  it('carries any value through the query unchanged', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (state) => {
        const url = new URL(buildEndSessionUrl('https://op/logout', [['state', state]]));
        expect(url.searchParams.getAll('state')).toEqual([state]);
      }),
    );
  });
});
