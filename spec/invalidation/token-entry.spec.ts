import { describe, expect, it } from '@jest/globals';
import { invalidateToken, linkToken, type TokenEntry } from '../../lib/invalidation/token-entry.ts';
import { loginAt } from '../support/session-states.ts';

const linked = { login: loginAt(100), claims: 'claims' };
const invalidated: TokenEntry = { login: undefined, note: '1000 state' };
const published = [{ changed: 'token' }];

describe('linkToken', () => {
  it.each([
    ['that is new', undefined],
    ['of an older login', { login: loginAt(99), claims: '' }],
    ['of another login of that second', { login: loginAt(100, { id: 'x' }), claims: '' }],
    ['of the same login', linked],
  ])('lets a token belong to the login: one %s', (_which, entry) => {
    expect(linkToken(entry, linked, 'token')).toEqual({ state: linked, reply: 'ok', published });
  });

  it('leaves a token to a newer login', () => {
    const newer = { login: loginAt(101), claims: '' };
    expect(linkToken(newer, linked, 'token')).toEqual({ state: newer, reply: 'ok', published: [] });
  });

  it('never revives an invalidated token', () => {
    const unchanged = { state: invalidated, reply: 'invalidated', published: [] };
    expect(linkToken(invalidated, linked, 'token')).toEqual(unchanged);
  });
});

describe('invalidateToken', () => {
  const note = 'note';
  const done = { state: { login: undefined, note }, reply: { isFirst: true }, published };

  it.each([true, false])('invalidates a token that nobody saved (force: %s)', (force) => {
    expect(invalidateToken(undefined, { note, force }, 'token')).toEqual(done);
  });

  it('leaves a token that a login has, and answers its entry', () => {
    const unchanged = { state: linked, reply: { isFirst: false, linked }, published: [] };
    expect(invalidateToken(linked, { note, force: false }, 'token')).toEqual(unchanged);
  });

  it('invalidates a token that a login has where that is forced', () => {
    expect(invalidateToken(linked, { note, force: true }, 'token')).toEqual(done);
  });

  it.each([true, false])('keeps the first note (force: %s)', (force) => {
    const unchanged = { state: invalidated, reply: { isFirst: false }, published: [] };
    expect(invalidateToken(invalidated, { note, force }, 'token')).toEqual(unchanged);
  });
});
