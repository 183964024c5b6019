import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessToken } from '../../lib/access-token/access-token.ts';
import { TokenStatuses } from '../../lib/access-token/token-status.ts';
import { StoreUnavailableError } from '../../lib/errors.ts';
import { Events } from '../../lib/events.ts';
import type { Login } from '../../lib/invalidation/login.ts';
import { Epoch } from '../../lib/store/epoch.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import type { Key } from '../../lib/store/operations.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import { writeTokenClaims } from '../../lib/token/token-claims.ts';
import { LIFETIMES } from '../support/lifetimes.ts';
import { byTime } from '../support/session-states.ts';
import { until } from '../support/until.ts';

const TTL = 60;

/** The keys of each call, in their order. */
class RecordedOperations extends StoreOperations {
  readonly reads: string[][] = [];
  /** What fails the reads after the first one. */
  failure: Error | undefined;
  /** What every answer waits for. */
  delay = Promise.resolve();

  override async read(keys: readonly Key[]): Promise<(string | undefined)[]> {
    this.reads.push(keys.map((key) => (key.kind === 'epoch' ? 'epoch' : `${key.kind} ${key.of}`)));
    if (this.failure !== undefined && this.reads.length > 1) throw this.failure;
    const texts = await super.read(keys);
    await this.delay;
    return texts;
  }
}

let store: MemoryStore;
let operations: RecordedOperations;
let statuses: TokenStatuses;

beforeEach(() => {
  store = new MemoryStore();
  const events = new Events();
  operations = new RecordedOperations(store, new StoreCalls(events, 1000), LIFETIMES);
  statuses = new TokenStatuses(operations, new Epoch(operations, events, 'accept'));
});

/** What the judgement needs of a token. */
function tokenOf(key: string, claims: Partial<AccessToken> = {}): AccessToken {
  return { key, issuedAt: 100, ...claims } as AccessToken;
}

function loginOf(session: string, changes: Partial<Login> = {}): Login {
  return { session, subject: `of-${session}`, time: 100, id: 'id', ...changes };
}

async function link(key: string, login: Login): Promise<void> {
  await operations.linkToken({ kind: 'access-token', of: key }, login, '', TTL);
}

async function invalidate(key: string): Promise<void> {
  const options = { ttl: TTL, note: '', force: false };
  await operations.invalidateToken({ kind: 'access-token', of: key }, options);
}

async function endUntil(session: string, time: number): Promise<void> {
  const end = { session, claimant: 'app:', answer: '', owner: '' };
  await operations.endSession({ ...end, how: byTime(time) });
}

async function write(key: string, value: string): Promise<void> {
  const writes = [{ key, value, ttl: TTL }];
  await store.update([key], () => ({ result: undefined, writes, messages: [] }));
}

const isInvalidated = async (token: AccessToken) =>
  (await statuses.statusOf(token)).refusedBy !== undefined;

describe('TokenStatuses', () => {
  it('asks once for all tokens of one turn', async () => {
    await invalidate('b');
    const tokens = [tokenOf('a', { subjectKey: 's', sessionKey: 'x' }), tokenOf('b'), tokenOf('c')];
    expect(await Promise.all(tokens.map(isInvalidated))).toEqual([false, true, false]);
    const ofTheFirst = ['access-token a', 'verdict x', 'cut-off s'];
    expect(operations.reads).toEqual([
      ['epoch', ...ofTheFirst, 'access-token b', 'access-token c'],
    ]);
  });

  it('asks once in each turn', async () => {
    await isInvalidated(tokenOf('a'));
    await isInvalidated(tokenOf('b'));
    expect(operations.reads).toEqual([
      ['epoch', 'access-token a'],
      ['epoch', 'access-token b'],
    ]);
  });

  it('asks for each key once, whoever shares a session or a subject', async () => {
    await link('a', loginOf('x', { subject: 's' }));
    const claims = { subjectKey: 's', sessionKey: 'x' };
    const tokens = [tokenOf('a', claims), tokenOf('b', claims), tokenOf('c', { subjectKey: 's' })];
    const asked = [...tokens, ...tokens.slice(0, 1)];
    expect(await Promise.all(asked.map(isInvalidated))).toEqual([false, false, false, false]);
    expect(operations.reads).toEqual([
      ['epoch', 'access-token a', 'verdict x', 'cut-off s', 'access-token b', 'access-token c'],
    ]);
  });

  it('answers look-ups at the same time that find different logins of one token', async () => {
    await link('a', loginOf('x'));
    const token = tokenOf('a');
    let answer: () => void = () => undefined;
    operations.delay = new Promise((resolve) => (answer = resolve));
    const first = isInvalidated(token);
    await until(() => operations.reads.length === 1);
    await link('a', loginOf('y', { time: 101 }));
    const second = isInvalidated(token);
    await until(() => operations.reads.length === 2);
    answer();
    expect(await Promise.all([first, second])).toEqual([false, false]);
    expect(operations.reads).toEqual([
      ['epoch', 'access-token a'],
      ['epoch', 'access-token a'],
      ['verdict x', 'cut-off of-x'],
      ['verdict y', 'cut-off of-y'],
    ]);
  });

  it('reads twice what is found by its login, all at once, and later once', async () => {
    await link('a', loginOf('x'));
    await link('b', loginOf('y'));
    await endUntil('x', 100);
    await endUntil('y', 99);
    const tokens = [tokenOf('a'), tokenOf('b')];
    for (let count = 0; count < 2; count++) {
      expect(await Promise.all(tokens.map(isInvalidated))).toEqual([true, false]);
    }
    const [first, second] = [
      ['verdict x', 'cut-off of-x'],
      ['verdict y', 'cut-off of-y'],
    ];
    expect(operations.reads).toEqual([
      ['epoch', 'access-token a', 'access-token b'],
      [...first, ...second],
      ['epoch', 'access-token a', ...first, 'access-token b', ...second],
    ]);
  });

  it('reads once what says of itself which session it is of', async () => {
    await link('a', loginOf('x', { subject: 's' }));
    const token = tokenOf('a', { sessionKey: 'x', subjectKey: 's' });
    expect(await statuses.statusOf(token)).toEqual({
      refusedBy: undefined,
      isSaved: true,
      isSenderConstrained: false,
      digests: ['a', 'x', 's'],
    });
    expect(operations.reads).toHaveLength(1);
  });

  it.each<[boolean, string]>([
    [true, writeTokenClaims({ iss: 'https://op.example.com', bound: true })],
    [false, writeTokenClaims({ iss: 'https://op.example.com' })],
    [false, ''],
  ])('tells whether a token was saved as bound to its sender: %s', async (isBound, claims) => {
    await operations.linkToken({ kind: 'access-token', of: 'a' }, loginOf('x'), claims, TTL);
    const status = await statuses.statusOf(tokenOf('a'));
    expect(status).toMatchObject({ isSaved: true, isSenderConstrained: isBound });
  });

  it('compares the cut-off of a subject with the login, else with the token', async () => {
    await link('late', loginOf('x', { subject: 's', time: 201 }));
    await link('early', loginOf('y', { subject: 's', time: 200 }));
    const end = { subject: 's', time: 200, unless: undefined, claimant: 'app:', owner: '' };
    await operations.endSubject(end);
    const statusOf = (key: string, authTime: number) =>
      isInvalidated(tokenOf(key, { subjectKey: 's', authTime }));
    expect(await statusOf('late', 100)).toBe(false);
    expect(await statusOf('early', 300)).toBe(true);
    expect(await statusOf('unsaved', 200)).toBe(true);
    expect(await statusOf('unsaved', 201)).toBe(false);
  });

  it.each<[string, string, string]>([
    ['entry', 'tb', '{'],
    ['verdict', 'xy', 'soon'],
    ['cut-off', 'uof-y', '1'],
  ])('fails for the token alone whose %s is corrupt', async (_what, key, value) => {
    await link('b', loginOf('y'));
    await write(key, value);
    const [first, broken, last] = await Promise.allSettled(
      ['a', 'b', 'c'].map((each) => isInvalidated(tokenOf(each))),
    );
    expect(first).toEqual({ status: 'fulfilled', value: false });
    expect(broken).toEqual({
      status: 'rejected',
      reason: new StoreUnavailableError('corrupt-record'),
    });
    expect(last).toEqual({ status: 'fulfilled', value: false });
  });

  it('fails for those alone that need the second read, when that one fails', async () => {
    const failure = new StoreUnavailableError('timeout');
    await link('b', loginOf('y'));
    await invalidate('c');
    operations.failure = failure;
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((each) => isInvalidated(tokenOf(each))),
    );
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: false },
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: true },
    ]);
  });
});
