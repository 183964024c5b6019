import { beforeEach, describe, expect, it } from '@jest/globals';
import { Events, type StoreErrorEvent } from '../../lib/events.ts';
import { StoreUnavailableError } from '../../lib/errors.ts';
import { decodeCutOff } from '../../lib/store/codecs/cut-off.ts';
import { decodeEpoch } from '../../lib/store/codecs/epoch.ts';
import { decodeMembers } from '../../lib/store/codecs/members.ts';
import { decodeRecord } from '../../lib/store/codecs/session-record.ts';
import { decodeTokenEntry } from '../../lib/store/codecs/token-entry.ts';
import { decodeVerdict } from '../../lib/store/codecs/verdict.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import { byTime, loginAt, tokensAt } from '../support/session-states.ts';
import { LIFETIMES } from '../support/lifetimes.ts';

const CORRUPT = { code: 'ERR_OIDC_LOGOUT_STORE_UNAVAILABLE', reason: 'corrupt-record' };
const record = {
  last: 100,
  ids: ['a'],
  subject: 'user',
  owner: 'owner',
  tokens: { web: { idToken: '', refreshToken: '', time: 100 } },
};
const end = { event: '', claimant: '', claimedAt: 1, endedAt: 1, answer: '', left: 'tr' };

describe('a text that is not what was stored', () => {
  it.each([
    ['a verdict', decodeVerdict, ['', 'x', '1.5', ' 1', '1  a', '1 ', '1e3', '9'.repeat(16)]],
    ['a cut-off', decodeCutOff, ['', '1', '1 x', '1 2 3', '1  2', '-', '1 2\n']],
    ['members', decodeMembers, ['a', 'a x', 'a 1 b', 'a -1', ' a 1']],
    [
      'a token entry',
      decodeTokenEntry,
      ['', 'a', 'a b c', 'a b 1', 'a b x id', 'a b 1.5 id', '? '],
    ],
    ['the epoch', decodeEpoch, ['', 'x', '-1', '1.5']],
    [
      'a session record',
      decodeRecord,
      [
        '',
        '{',
        'null',
        '[]',
        '"x"',
        ...Object.keys(record).map((name) => JSON.stringify({ ...record, [name]: undefined })),
        ...Object.keys(record).map((name) => JSON.stringify({ ...record, [name]: true })),
        ...Object.keys(end).map((name) =>
          JSON.stringify({ ...record, end: { ...end, [name]: null } }),
        ),
        JSON.stringify({ ...record, end: null }),
        JSON.stringify({ ...record, ids: [] }),
        JSON.stringify({ ...record, ids: [1] }),
        JSON.stringify({ ...record, tokens: { web: { idToken: '', refreshToken: '' } } }),
      ],
    ],
  ])('is refused as %s', (_which, decode: (text: string) => unknown, texts) => {
    for (const text of texts) {
      expect(() => decode(text)).toThrow(expect.objectContaining(CORRUPT));
    }
  });

  it.each([
    ['-1', { before: -1, named: [] }],
    ['100 a b', { before: 100, named: ['a', 'b'] }],
  ])('is none of a verdict: %s', (text, expected) => {
    expect(decodeVerdict(text)).toEqual(expected);
  });

  it.each(['!', '! ', '! note', '!note', '!!'])(
    'invalidates a token where it begins so: %s',
    (text) => {
      expect(decodeTokenEntry(text)?.login).toBeUndefined();
    },
  );

  it('is none of a record', () => {
    expect(decodeRecord(JSON.stringify(record))).toEqual(record);
    expect(decodeRecord(JSON.stringify({ ...record, end }))).toEqual({ ...record, end });
  });
});

describe('StoreOperations on a store with a text that is not what was stored', () => {
  let store: MemoryStore;
  let operations: StoreOperations;
  let errors: StoreErrorEvent[];

  beforeEach(() => {
    const events = new Events();
    errors = [];
    events.on('store-error', (event) => errors.push(event));
    store = new MemoryStore();
    operations = new StoreOperations(store, new StoreCalls(events, 1000), LIFETIMES);
  });

  async function plant(key: string, value: string): Promise<void> {
    const writes = [{ key, value, ttl: 60 }];
    await store.update([key], () => ({ result: 0, writes, messages: [] }));
  }

  const save = (session: string) =>
    operations.saveLogin({
      login: loginAt(100, { session }),
      owner: '',
      clientId: 'web',
      tokens: tokensAt(1),
    });
  const endOf = (session: string) =>
    operations.endSession({ session, how: byTime(100), claimant: 'app', answer: '', owner: '' });

  it.each<[string, string, () => Promise<unknown>]>([
    ['xsession', 'saveLogin', () => save('session')],
    ['xsession', 'endSession', () => endOf('session')],
    ['ssession', 'saveLogin', () => save('session')],
    ['ssession', 'endSession', () => endOf('session')],
    ['ssession', 'settleEnd', () => operations.settleEnd('session', '', 't')],
    ['ssession', 'look', () => operations.look('session')],
    ['xsession', 'readSession', () => operations.readSession('session')],
    ['ssession', 'readSession', () => operations.readSession('session')],
    ['uuser', 'addMember', () => operations.addMember(loginAt(100))],
    [
      'luser',
      'endSubject',
      () => operations.endSubject({ subject: 'user', time: 1, claimant: 'app::', owner: '' }),
    ],
    [
      'ttoken',
      'linkToken',
      () => operations.linkToken({ kind: 'access-token', of: 'token' }, loginAt(1), '', 60),
    ],
    [
      'rtoken',
      'invalidateToken',
      () =>
        operations.invalidateToken(
          { kind: 'refresh-token', of: 'token' },
          { ttl: 1, note: '', force: true },
        ),
    ],
    ['e', 'beginEpoch', () => operations.beginEpoch()],
  ])('under %s fails %s alone, and changes nothing', async (key, operation, call) => {
    await plant(key, 'what?');
    await expect(call()).rejects.toMatchObject(CORRUPT);
    expect(errors).toEqual([{ operation, reason: 'corrupt-record' }]);
    expect(await store.read([key])).toEqual(['what?']);
    expect(await save('another')).toBe('ok');
    expect(errors).toHaveLength(1);
  });

  it.each([[[]], [['1', '2']], [[1]], [[{}]], [undefined], ['1']])(
    'refuses what is no answer: %j',
    async (answer) => {
      const odd = Object.assign(new MemoryStore(), {
        read: () => Promise.resolve(answer as never),
      });
      const reading = new StoreOperations(odd, new StoreCalls(new Events(), 1000), LIFETIMES);
      await expect(reading.read([{ kind: 'epoch' }])).rejects.toThrow(StoreUnavailableError);
    },
  );

  it('takes null for nothing', async () => {
    const update = (_keys: unknown, change: (values: null[], now: number) => { result: unknown }) =>
      Promise.resolve(change([null, null], 1).result);
    const nulls = Object.assign(new MemoryStore(), { read: () => Promise.resolve([null]), update });
    const reading = new StoreOperations(nulls, new StoreCalls(new Events(), 1000), LIFETIMES);
    expect(await reading.read([{ kind: 'epoch' }])).toEqual([undefined]);
    expect(await reading.addMember(loginAt(1))).toBe('ok');
  });
});
