import { beforeEach, describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../../lib/errors.ts';
import { Events } from '../../lib/events.ts';
import { Invalidations } from '../../lib/invalidation/invalidations.ts';
import { MemoryInvalidationList } from '../../lib/invalidation/memory.ts';
import { Encryption } from '../../lib/session/encryption.ts';
import { MemorySessionStore } from '../../lib/session/memory.ts';
import { Records } from '../../lib/session/records.ts';
import { type RegisteredToken, SessionRegistry } from '../../lib/session/session-registry.ts';
import type { AccessToken } from '../../lib/token/access-token.ts';

const LIFETIMES = {
  clockTolerance: 5,
  expiredTokenGrace: 60,
  maxTokenLifetime: 3600,
  maxSessionLifetime: 3600,
};
const TTL = 60;
const SPARED = { token: false, subject: false, session: false, ends: [] };

/** The keys of each call, in their order. */
class RecordedList extends MemoryInvalidationList {
  readonly checks: (readonly string[])[] = [];

  override check(keys: readonly string[]): Promise<(number | undefined)[]> {
    this.checks.push(keys);
    return super.check(keys);
  }
}

class RecordedStore extends MemorySessionStore {
  readonly reads: (readonly string[])[] = [];

  override get(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.reads.push(keys);
    return super.get(keys);
  }
}

let list: RecordedList;
let store: RecordedStore;
let invalidations: Invalidations;

beforeEach(() => {
  list = new RecordedList();
  store = new RecordedStore();
  const registry = new SessionRegistry(new Records(store, new Encryption(undefined)), LIFETIMES);
  invalidations = new Invalidations(list, registry, new Events(), LIFETIMES);
});

/** What the list's meaning needs of a token. */
function tokenOf(key: string, claims: Partial<AccessToken> = {}): AccessToken {
  return { key, authTime: 100, ...claims } as AccessToken;
}

async function register(key: string, token: Partial<RegisteredToken>): Promise<void> {
  await store.set([{ key: `access:${key}`, value: JSON.stringify(token), ttl: TTL }]);
}

describe('Invalidations', () => {
  it('asks once for all tokens of one turn', async () => {
    await list.add([{ key: 'b', ttl: TTL }]);
    const tokens = [tokenOf('a', { subjectKey: 's', sessionKey: 'x' }), tokenOf('b'), tokenOf('c')];
    const answers = await Promise.all(tokens.map((token) => invalidations.isInvalidated(token)));
    expect(answers).toEqual([false, true, false]);
    expect(list.checks).toEqual([['a', 's', 'x', 'b', 'c']]);
    expect(store.reads).toEqual([['access:a', 'access:b', 'access:c']]);
  });

  it('looks up the sessions that the registry knows, all at once, and asks it no more', async () => {
    await register('a', { session: 'x', generation: 3, loginTime: 100 });
    await register('b', { session: 'y', generation: 3, loginTime: 100 });
    await list.add([{ key: 'x', cutOff: 4, ttl: TTL }]);
    await list.add([{ key: 'y', cutOff: 3, ttl: TTL }]);
    const tokens = [tokenOf('a'), tokenOf('b')];
    const expected = [
      { ...SPARED, session: true, ends: [{ key: 'x', cutOff: 4 }] },
      { ...SPARED, ends: [{ key: 'y', cutOff: 3 }] },
    ];
    for (let count = 0; count < 2; count++) {
      const covered = await Promise.all(tokens.map((token) => invalidations.coverage(token)));
      expect(covered).toEqual(expected);
    }
    expect(list.checks).toEqual([
      ['a', 'b'],
      ['x', 'y'],
      ['a', 'x', 'b', 'y'],
    ]);
    expect(store.reads).toHaveLength(1);
  });

  it('compares the cut-off of a subject with the login, else with the token', async () => {
    await register('late', { session: 'x', generation: 0, loginTime: 201 });
    await register('early', { session: 'y', generation: 0, loginTime: 200 });
    await list.add([{ key: 's', cutOff: 200, ttl: TTL }]);
    const coverageOf = async (key: string, authTime: number) =>
      (await invalidations.coverage(tokenOf(key, { subjectKey: 's', authTime }))).subject;
    expect(await coverageOf('late', 100)).toBe(false);
    expect(await coverageOf('early', 300)).toBe(true);
    expect(await coverageOf('unsaved', 200)).toBe(true);
    expect(await coverageOf('unsaved', 201)).toBe(false);
  });

  it('fails for the token alone whose record is corrupt', async () => {
    await store.set([{ key: 'access:b', value: '{', ttl: TTL }]);
    const [first, broken, last] = await Promise.allSettled(
      ['a', 'b', 'c'].map((key) => invalidations.coverage(tokenOf(key))),
    );
    expect(first).toEqual({ status: 'fulfilled', value: SPARED });
    expect(broken).toEqual({
      status: 'rejected',
      reason: new StoreUnavailableError('corrupt-record'),
    });
    expect(last).toEqual({ status: 'fulfilled', value: SPARED });
    expect(store.reads).toHaveLength(1);
  });

  it('goes by the list for a token that is known, when the registry fails', async () => {
    const unavailable = new StoreUnavailableError('timeout');
    const known = tokenOf('a', { registered: { session: 'x', generation: 0 } as RegisteredToken });
    await list.add([{ key: 'a', ttl: TTL }]);
    store.get = () => Promise.reject(unavailable);
    const [refused, failed] = await Promise.allSettled([
      invalidations.isInvalidated(known),
      invalidations.isInvalidated(tokenOf('b')),
    ]);
    expect(refused).toEqual({ status: 'fulfilled', value: true });
    expect(failed).toEqual({ status: 'rejected', reason: unavailable });
  });
});
