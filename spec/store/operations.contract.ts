import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { EndMessage } from '../../lib/invalidation/end-message.ts';
import type { SessionToEnd } from '../../lib/invalidation/end-session.ts';
import { type Login, WITHOUT_SID } from '../../lib/invalidation/login.ts';
import { decodeCutOff } from '../../lib/store/codecs/cut-off.ts';
import { decodeTokenEntry } from '../../lib/store/codecs/token-entry.ts';
import { decodeVerdict } from '../../lib/store/codecs/verdict.ts';
import type { Lifetimes } from '../../lib/store/lifetimes.ts';
import type { Key, Operations, TokenKey } from '../../lib/store/operations.ts';
import { byFront, byLogin, byTime, byUnsaved } from '../support/session-states.ts';
import { LIFETIMES } from '../support/lifetimes.ts';
import { until } from '../support/until.ts';

export interface OperationsUnderTest {
  /** Those of one process. With other lifetimes these are others, on the same store. */
  open(lifetimes: Lifetimes): Operations;
  close(): Promise<void>;
}

/** What the operations do on every store. */
export function describeOperations(name: string, start: () => Promise<OperationsUnderTest>): void {
  describe(name, () => {
    let under: OperationsUnderTest;
    let operations: Operations;
    let elsewhere: Operations;

    beforeAll(async () => {
      under = await start();
      operations = under.open(LIFETIMES);
      elsewhere = under.open(LIFETIMES);
    });

    afterAll(() => under.close());

    function login(time: number, changes: Partial<Login> = {}): Login {
      return { session: randomUUID(), subject: randomUUID(), time, id: `id${time}`, ...changes };
    }

    const owner = '{"issuer":"https://op.example","subject":"ä \\"😀\\"","sid":"s/1"}';
    const tokens = { idToken: 'id.token ä', refreshToken: '{"token":"rt"}\n' };
    const save = (given: Login, clientId = 'web', kept = tokens) =>
      operations.saveLogin({ login: given, owner, clientId, tokens: kept });
    const end = (session: string, changes: Partial<SessionToEnd> = {}, by = operations) =>
      by.endSession({
        session,
        how: byTime(100),
        claimant: 'jti:1',
        answer: '',
        owner,
        ...changes,
      });
    const verdictOf = async (of: string) =>
      decodeVerdict((await elsewhere.read([{ kind: 'verdict', of }]))[0]);
    const accessToken = (): TokenKey => ({ kind: 'access-token', of: randomUUID() });

    it('reads nothing that is not there, and nothing where nothing is asked', async () => {
      const keys: Key[] = [
        { kind: 'verdict', of: '-none' },
        { kind: 'cut-off', of: 'none' },
        accessToken(),
        { kind: 'refresh-token', of: 'none' },
      ];
      expect(await operations.read(keys)).toEqual(keys.map(() => undefined));
      expect(await operations.read([])).toEqual([]);
      expect((await operations.look('none')).end).toBeUndefined();
    });

    it('ends a session that was saved, and answers its record to the claimant', async () => {
      const given = login(100);
      expect(await save(given)).toBe('ok');
      const { session, subject } = given;
      const how = { ...byLogin(given), subject };
      const reply = await end(session, { how, claimant: 'at:1', answer: 'answer' });
      const time = expect.any(Number) as unknown as number;
      expect(reply).toEqual({
        status: 'ended',
        age: 0,
        record: {
          last: 100,
          ids: ['id100'],
          subject,
          owner,
          tokens: { web: { ...tokens, time: 100 } },
          end: {
            event: '100 id100',
            claimant: 'at:1',
            claimedAt: time,
            endedAt: time,
            answer: 'answer',
            left: 'tr',
          },
        },
      });
      expect(await verdictOf(session)).toEqual({ before: 99, named: ['id100'] });
      expect((await elsewhere.look(session)).end).toMatchObject({ event: '100 id100', left: 'tr' });
    });

    it('reads a session without a change, with the tokens of one client', async () => {
      const given = login(100);
      const { session, subject } = given;
      expect(await operations.readSession(session, 'web')).toEqual({});
      await save(given, 'other');
      await save(given);
      const live = { last: 100, ids: ['id100'], subject, owner };
      const read = await elsewhere.readSession(session, 'web');
      expect(read).toMatchObject({
        record: { ...live, tokens: { web: { ...tokens, time: 100 } } },
      });
      expect([read.verdict, read.record?.end]).toEqual([undefined, undefined]);
      await end(session, { answer: 'answer' });
      const ended = await elsewhere.readSession(session, 'web');
      expect(ended.verdict).toEqual({ before: 100, named: [] });
      expect(ended.record).toMatchObject({ ...live, end: { claimant: 'jti:1', answer: 'answer' } });
    });

    it('answers to one claimant alone, and the same to it again', async () => {
      const given = login(100);
      await save(given);
      const first = await end(given.session);
      const other = await end(given.session, { claimant: 'jti:2' }, elsewhere);
      expect(other).toEqual({ status: 'repeat', record: undefined, age: 0 });
      const again = await end(given.session, {}, elsewhere);
      expect(again).toEqual({ ...first, status: 'repeat', age: again.age });
    });

    it('ends a session once, whoever ends it at the same moment', async () => {
      const given = login(100);
      await save(given);
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          end(given.session, { claimant: `jti:${index}` }, index % 2 ? operations : elsewhere),
        ),
      );
      const statuses = replies.map(({ status }) => status).sort();
      expect(statuses).toEqual(['ended', ...Array.from({ length: 19 }, () => 'repeat')]);
      expect(replies.filter(({ record }) => record !== undefined)).toHaveLength(1);
    });

    it('lets a save or an end win, and never both', async () => {
      const rounds = Array.from({ length: 20 }, async () => {
        const given = login(100);
        const [reply, { status }] = await Promise.all([
          save(given),
          end(given.session, {}, elsewhere),
        ]);
        return [reply, status].join();
      });
      for (const outcome of await Promise.all(rounds)) {
        expect(['ok,ended', 'over,unknown']).toContain(outcome);
      }
    });

    it('refuses a login that is over, and lets the session of a later one live again', async () => {
      const given = login(100);
      await end(given.session);
      expect(await save(given)).toBe('over');
      const later = { ...given, time: 101, id: 'later' };
      expect(await save(later)).toBe('ok');
      expect((await operations.look(given.session)).end).toBeUndefined();
      expect((await end(given.session)).status).toBe('repeat');
    });

    it('keeps the tokens of each client until a session ends', async () => {
      const given = login(100);
      const other = { idToken: 'other', refreshToken: '' };
      await save(given, 'web');
      await save({ ...given, time: 101, id: 'b' }, 'r:app ä', other);
      await save({ ...given, time: 99, id: 'c' }, 'r:app ä', tokens);
      const { record } = await end(given.session, { how: byTime(101) });
      expect(record).toMatchObject({ last: 101, ids: ['b'] });
      const expected = { web: { ...tokens, time: 100 }, 'r:app ä': { ...other, time: 101 } };
      expect(record?.tokens).toEqual(expected);
    });

    it('keeps no tokens of another life of the session', async () => {
      const given = login(100);
      await save(given, 'web');
      await end(given.session);
      await save({ ...given, time: 101 }, 'app');
      const { record } = await end(given.session, { how: byTime(101) });
      expect(Object.keys(record?.tokens ?? {})).toEqual(['app']);
    });

    it('renews the tokens of a login whose session lives', async () => {
      const given = login(100);
      const renewal = {
        login: given,
        clientId: 'web',
        tokens: { idToken: '', refreshToken: 'new' },
      };
      expect(await operations.renewLogin(renewal)).toBe('unknown');
      await save(given);
      expect(await operations.renewLogin(renewal)).toBe('ok');
      const { record } = await end(given.session);
      expect(record?.tokens).toEqual({ web: { ...tokens, refreshToken: 'new', time: 100 } });
      expect(await operations.renewLogin(renewal)).toBe('over');
    });

    it('ends the session of one user for a later login of another, and tells so', async () => {
      const given = login(100);
      const messages = await messagesOf(elsewhere);
      await save(given);
      expect(await save({ ...given, time: 101, subject: 'other', id: 'x' })).toBe('moved');
      expect(await verdictOf(given.session)).toEqual({ before: 99, named: ['id100'] });
      await until(() => messages.some(({ event }) => event === '100 id100'));
      expect(messages).toContainEqual({ event: '100 id100', claimant: '', owner });
      expect(
        (await end(given.session, { how: byTime(101, { subject: given.subject }) })).status,
      ).toBe('other-subject');
    });

    it('settles an end step by step', async () => {
      const given = login(100);
      await save(given);
      await end(given.session);
      await operations.settleEnd(given.session, 'another', 'tr');
      expect((await operations.look(given.session)).end).toMatchObject({ left: 'tr' });
      await operations.settleEnd(given.session, '100 id100', 't');
      expect((await operations.look(given.session)).end).toMatchObject({ left: 'r' });
      await operations.settleEnd(given.session, '100 id100', 'r');
      expect((await operations.look(given.session)).end).toBeUndefined();
      expect((await end(given.session)).record).toBeUndefined();
    });

    it('keeps a settled logout for its repetition, without any refresh token', async () => {
      const given = login(100);
      await save(given);
      await save({ ...given, id: 'b' }, 'app');
      await end(given.session, { answer: 'answer' });
      await operations.settleEnd(given.session, '100 b id100', 'tr');
      const { record } = await end(given.session, { answer: 'another' });
      expect(record?.end).toMatchObject({ left: '', answer: 'answer' });
      const kept = { idToken: tokens.idToken, refreshToken: '', time: 100 };
      expect(record?.tokens).toEqual({ web: kept, app: kept });
    });

    it('drops a settled logout at once where no repetition is answered', async () => {
      const given = login(100);
      const strict = under.open({ ...LIFETIMES, settled: 0 });
      await save(given);
      await end(given.session, { answer: 'answer' }, strict);
      await strict.settleEnd(given.session, '100 id100', 'tr');
      expect((await strict.look(given.session)).end).toBeUndefined();
    });

    it('keeps what the front channel ended for the signed end that follows', async () => {
      const given = login(100);
      await save(given);
      const front = await end(given.session, { how: byFront(100), claimant: 'front' });
      expect(front.record?.end?.left).toBe('th');
      await operations.settleEnd(given.session, '100 id100', 't');
      expect((await end(given.session, { how: byFront(101) })).record).toBeUndefined();
      const signed = await end(given.session, { how: byTime(100) }, elsewhere);
      expect([signed.status, signed.record?.end?.left]).toEqual(['repeat', 'r']);
      expect(signed.record?.tokens.web?.refreshToken).toBe(tokens.refreshToken);
    });

    it('gives what is left to another claimant after the lease', async () => {
      const given = login(100);
      await save(given);
      await end(given.session);
      const hasty = under.open({ ...LIFETIMES, lease: 0 });
      expect((await end(given.session, { claimant: 'app' })).record).toBeUndefined();
      const { record } = await end(given.session, { claimant: 'app' }, hasty);
      expect(record?.end).toMatchObject({ claimant: 'app', left: 'tr' });
    });

    it('ends a token that nobody saved by its own times', async () => {
      const given = login(100);
      const how = { ...byUnsaved(100, 90), subject: given.subject };
      expect((await end(given.session, { how })).status).toBe('unknown');
      expect(await verdictOf(given.session)).toEqual({ before: 100, named: [] });
      const later = { ...byUnsaved(140, 101), subject: given.subject };
      expect((await end(given.session, { how: later })).status).toBe('unknown');
      expect((await end(given.session, { how: { ...later, authTime: undefined } })).status).toBe(
        'repeat',
      );
    });

    it('ends a subject: its sessions are answered, and its older logins refused', async () => {
      const given = login(100);
      const { session, subject } = given;
      const without = WITHOUT_SID + randomUUID();
      expect(await operations.addMember(given)).toBe('ok');
      expect(await operations.addMember({ ...given, session: without })).toBe('ok');
      const unless = { subject, time: 90, claimant: 'app::', owner, unless: session };
      expect(await operations.endSubject(unless)).toEqual({
        members: [],
        published: false,
        raised: false,
      });
      expect(await operations.endSubject({ ...unless, unless: 'unknown' })).toEqual({
        members: [without],
        published: false,
        raised: true,
      });
      const reply = await elsewhere.endSubject({ subject, time: 100, claimant: 'app::', owner });
      expect(reply.published).toBe(false);
      expect(reply.members.sort()).toEqual([without, session].sort());
      expect(await operations.addMember(given)).toBe('over');
      expect(await operations.addMember({ ...given, time: 101 })).toBe('ok');
      const [text] = await operations.read([{ kind: 'cut-off', of: subject }]);
      expect(decodeCutOff(text)).toEqual({ all: 100, withoutSid: 90 });
    });

    it('tells the end of a subject without sessions once', async () => {
      const { subject } = login(100);
      const messages = await messagesOf(elsewhere);
      const ending = { subject, time: 100, claimant: 'app::', owner };
      const told = { members: [], published: true, raised: true };
      expect(await operations.endSubject(ending)).toEqual(told);
      const again = { members: [], published: false, raised: false };
      expect(await operations.endSubject(ending)).toEqual(again);
      const event = `subject ${subject} 100`;
      await until(() => messages.some((message) => message.event === event));
      expect(messages.filter((message) => message.event === event)).toEqual([
        { event, claimant: 'app::', owner },
      ]);
    });

    it('lets members go in time', async () => {
      const given = login(100);
      const brief = under.open({ ...LIFETIMES, session: 1 });
      await operations.addMember(given);
      await brief.addMember({ ...given, session: 'brief' });
      await operations.addMember(given);
      const ending = { subject: given.subject, time: 99, claimant: 'app::', owner };
      await until(async () => (await operations.endSubject(ending)).members.length === 1);
      expect((await operations.endSubject(ending)).members).toEqual([given.session]);
    });

    it.each(['access-token', 'refresh-token'] as const)(
      'keeps which login an %s belongs to',
      async (kind) => {
        const key = { kind, of: randomUUID() };
        const given = login(100);
        expect(await operations.linkToken(key, given, 'some claims', 60)).toBe('ok');
        expect(await operations.linkToken(key, { ...given, time: 99 }, '', 60)).toBe('ok');
        const [text] = await elsewhere.read([key]);
        expect(decodeTokenEntry(text)).toEqual({ login: given, claims: 'some claims' });
        const { session, subject } = given;
        expect(text).toBe(`${session} ${subject} 100 id100 some claims`);
      },
    );

    it('invalidates a token that nobody saved, for good', async () => {
      const key = accessToken();
      const first = { ttl: 60, note: '1000 state', force: false };
      expect(await operations.invalidateToken(key, first)).toEqual({ isFirst: true });
      expect(await operations.invalidateToken(key, { ttl: 60, note: '', force: true })).toEqual({
        isFirst: false,
      });
      expect(await operations.linkToken(key, login(100), '', 60)).toBe('invalidated');
      expect(await operations.read([key])).toEqual(['! 1000 state']);
    });

    it('leaves a token to its login unless that is forced', async () => {
      const key = accessToken();
      const given = login(100);
      await operations.linkToken(key, given, '', 60);
      const entry = `${given.session} ${given.subject} 100 id100`;
      const gentle = { ttl: 60, note: 'note', force: false };
      const linked = { login: given, claims: '' };
      expect(await operations.invalidateToken(key, gentle)).toEqual({ isFirst: false, linked });
      expect(await operations.read([key])).toEqual([entry]);
      expect(await operations.invalidateToken(key, { ttl: 60, note: '', force: true })).toEqual({
        isFirst: true,
      });
      expect(await operations.read([key])).toEqual(['!']);
    });

    it('lets a token that is used up expire', async () => {
      const key: TokenKey = { kind: 'refresh-token', of: randomUUID() };
      await operations.expireToken(key, 60);
      expect(await operations.read([key])).toEqual([undefined]);
      await operations.linkToken(key, login(100), '', 60);
      await operations.expireToken(key, 1);
      expect((await operations.read([key]))[0]).toBeDefined();
      await until(async () => (await operations.read([key]))[0] === undefined);
    });

    it('gives the state of a logout back once', async () => {
      const digest = randomUUID();
      await operations.keepState(digest, '{"returnTo":"/ä"}', 60);
      const taken = await Promise.all(
        [operations, elsewhere, operations].map((each) => each.takeState(digest)),
      );
      expect(taken.filter((value) => value !== undefined)).toEqual(['{"returnTo":"/ä"}']);
      expect(await operations.takeState(digest)).toBeUndefined();
    });

    it('begins its memory once', async () => {
      const begun = await Promise.all([operations.beginEpoch(), elsewhere.beginEpoch()]);
      expect(begun[0]).toBe(begun[1]);
      expect(Math.abs(begun[0] - Date.now() / 1000)).toBeLessThan(600);
      expect(await elsewhere.read([{ kind: 'epoch' }])).toEqual([String(begun[0])]);
    });

    it('tells each change and each end to every process', async () => {
      const given = login(100);
      const key = accessToken();
      const changes = await Promise.all([changesOf(operations), changesOf(elsewhere)]);
      const messages = await messagesOf(elsewhere);
      await operations.linkToken(key, given, '', 60);
      await save(given);
      await end(given.session, { claimant: 'at:1' });
      await operations.endSubject({ subject: given.subject, time: 100, claimant: 'app::', owner });
      const digests = [key.of, given.session, given.subject];
      await until(() =>
        changes.every((heard) => digests.every((digest) => heard.includes(digest))),
      );
      await until(() => messages.some(({ event }) => event === '100 id100'));
      const own = messages.filter(({ event }) => event === '100 id100');
      expect(own).toEqual([{ event: '100 id100', claimant: 'at:1', owner }]);
    });

    it('tells its own process of a change before it answers', async () => {
      const key = accessToken();
      const heard = await changesOf(operations);
      await operations.invalidateToken(key, { ttl: 60, note: '', force: true });
      expect(heard).toContain(key.of);
    });

    it('tells nothing more to who has left', async () => {
      const key = accessToken();
      const [leaving, staying] = [[] as string[], await changesOf(elsewhere)];
      const stop = elsewhere.onChange({ changed: (digest) => leaving.push(digest) });
      stop();
      await operations.linkToken(key, login(100), '', 60);
      await until(() => staying.includes(key.of));
      expect(leaving).toEqual([]);
    });

    /** What a process hears from now on. */
    function changesOf(by: Operations): Promise<string[]> {
      const heard: string[] = [];
      return new Promise((resolve) => {
        by.onChange({
          changed: (digest) => heard.push(digest),
          live: () => {
            resolve(heard);
          },
        });
      });
    }

    function messagesOf(by: Operations): Promise<EndMessage[]> {
      const heard: EndMessage[] = [];
      return new Promise((resolve) => {
        by.onEnd({
          ended: (message) => heard.push(message),
          live: () => {
            resolve(heard);
          },
        });
      });
    }
  });
}
