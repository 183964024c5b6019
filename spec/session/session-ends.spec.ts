import { beforeEach, describe, expect, it } from '@jest/globals';
import { Events } from '../../lib/events.ts';
import type { HowToEnd } from '../../lib/invalidation/how-to-end.ts';
import { Announcements } from '../../lib/session/announcements.ts';
import type { EndRevocation, EndRevocations } from '../../lib/session/end-revocations.ts';
import type { SessionEnding } from '../../lib/session/ending.ts';
import { SessionEnds } from '../../lib/session/ends.ts';
import { writeOwner } from '../../lib/session/session-owner.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { LIFETIMES } from '../support/lifetimes.ts';
import { byLogin, byTime, loginAt } from '../support/session-states.ts';

const ISSUER = 'https://op.example.com';
const OWNER = { issuer: ISSUER, subject: 'user', sid: 'sid-1' };
const TOKENS = { idToken: 'id-token', refreshToken: 'refresh-token' };
const LOGIN = loginAt(100);

class CountedOperations extends StoreOperations {
  ends = 0;

  constructor() {
    super(new MemoryStore(), new StoreCalls(new Events(), 1000), LIFETIMES);
  }

  override endSession(...args: Parameters<StoreOperations['endSession']>) {
    this.ends++;
    return super.endSession(...args);
  }
}

/** What was to be revoked; `done` settles the revocations of kept tokens. */
class RecordedRevocations {
  readonly calls: unknown[][] = [];
  done = Promise.resolve('tr');

  revokeKept(_ending: unknown, _record: unknown, isResumed: boolean): EndRevocation {
    this.calls.push(['kept', isResumed ? 'resumed' : 'first']);
    return { asked: Promise.resolve(), done: this.done };
  }

  revokeHandedIn = () => Promise.resolve(void this.calls.push(['handed in']));
  revokeLate = () => Promise.resolve(void this.calls.push(['late']));
}

let operations: CountedOperations;
let revocations: RecordedRevocations;
let announced: unknown[];
let ends: SessionEnds;

/** Another one is another process. */
function createEnds(): SessionEnds {
  const events = new Events();
  events.on('session-ended', (event) => announced.push(event));
  return new SessionEnds({
    operations,
    announcements: new Announcements(events, operations, new Set([ISSUER])),
    endRevocations: revocations as unknown as EndRevocations,
    events,
    clockTolerance: 5,
    maxSessionLifetime: 1000,
  });
}

beforeEach(() => {
  operations = new CountedOperations();
  revocations = new RecordedRevocations();
  announced = [];
  ends = createEnds();
});

async function saveLogin(login = LOGIN): Promise<void> {
  await operations.addMember(login);
  await operations.saveLogin({ login, owner: writeOwner(OWNER), clientId: 'web', tokens: TOKENS });
}

const endingBy = (how: HowToEnd, more: Partial<SessionEnding> = {}): SessionEnding => ({
  ...{ cause: 'logout', call: 'call', owner: OWNER, session: LOGIN.session, how },
  answer: 'sealed',
  ...more,
});

const leftOf = async () => (await operations.look(LOGIN.session)).end?.left;

describe('the end of a session', () => {
  it('is foreseen as it will be, with the tokens of the client, and nothing ends', async () => {
    await saveLogin();
    const ending = endingBy(byLogin(LOGIN));
    const foreseen = await ends.foresee(ending, 'web');
    expect(await operations.look(LOGIN.session)).toEqual({ isLive: true, end: undefined });
    expect(foreseen.record?.tokens).toMatchObject({ web: TOKENS });
    const { status, record, age } = await ends.end(ending);
    expect([foreseen.status, foreseen.age]).toEqual([status, age]);
    expect(foreseen.record?.end).toEqual({
      ...record?.end,
      ...{ answer: '', claimedAt: expect.any(Number), endedAt: expect.any(Number) },
    });
    const { endedAt = 0 } = foreseen.record?.end ?? {};
    expect(Math.abs(Date.now() / 1000 - endedAt)).toBeLessThan(5);
  });

  it('is foreseen for its own call alone once another call has the work', async () => {
    await saveLogin();
    await ends.end(endingBy(byLogin(LOGIN)));
    const again = await ends.foresee(endingBy(byLogin(LOGIN)), 'web');
    expect(again.record?.end?.claimant).toBe('logout:call:');
    const other = endingBy(byLogin(LOGIN), { call: 'other' });
    expect((await ends.foresee(other, 'web')).record).toBeUndefined();
  });

  it('is settled once the store knows', async () => {
    await saveLogin();
    let finish: (done: string) => void = () => undefined;
    revocations.done = new Promise((resolve) => (finish = resolve));
    await ends.end(endingBy(byLogin(LOGIN)));
    let isSettled = false;
    const settled = ends.settled().then(() => (isSettled = true));
    expect(await leftOf()).toBe('tr');
    expect(isSettled).toBe(false);
    finish('tr');
    await settled;
    expect(await leftOf()).toBe('');
  });

  it('is finished by the same call again, which announces nothing more', async () => {
    await saveLogin();
    revocations.done = Promise.resolve('t');
    const ending = endingBy(byLogin(LOGIN));
    await ends.end(ending);
    await ends.settled();
    expect(await leftOf()).toBe('r');
    await ends.end(ending);
    await ends.settled();
    revocations.done = Promise.resolve('tr');
    await createEnds().end(ending);
    expect(revocations.calls).toEqual([
      ['kept', 'first'],
      ['kept', 'resumed'],
      ['kept', 'resumed'],
    ]);
    expect(announced).toEqual([{ ...OWNER, cause: 'logout', revokesOfflineAccess: false }]);
  });

  it('under way is not begun once more by the same call', async () => {
    await saveLogin();
    revocations.done = new Promise(() => undefined);
    for (let count = 0; count < 2; count++) await ends.end(endingBy(byLogin(LOGIN)));
    expect(revocations.calls).toEqual([['kept', 'first']]);
  });

  it.each<[string, HowToEnd, object, unknown[][]]>([
    ['unknown', byTime(100), { refreshToken: undefined }, [['handed in']]],
    ['repeated, with a saved refresh token', byTime(100), { isSaved: true }, [['late']]],
    ['repeated, with another one', byTime(100), {}, []],
    ['too early for the login', byTime(99), { isSaved: true }, []],
  ])('that is %s revokes what was handed in accordingly', async (what, how, handedIn, calls) => {
    if (what !== 'unknown') await saveLogin();
    if (what.startsWith('repeated')) await ends.end(endingBy(byTime(100)));
    await ends.settled();
    revocations.calls.length = 0;
    await ends.end(endingBy(how, { call: 'other', handedIn }));
    expect(revocations.calls).toEqual(calls);
  });
});

describe('the end of a subject', () => {
  const ending = { cause: 'app', owner: OWNER, subject: 'user', time: 200, tolerance: 0 } as const;

  it('is of a known subject where sessions were saved, or the same end came before', async () => {
    expect(await ends.endSubject(ending)).toEqual({ isKnown: false });
    expect(await ends.endSubject(ending)).toEqual({ isKnown: true });
    await saveLogin(loginAt(300));
    expect(await ends.endSubject({ ...ending, time: 400 })).toEqual({ isKnown: true });
  });

  it('ends each of its sessions once', async () => {
    const sessions = Array.from({ length: 9 }, (_, index) => `session-${index}`);
    for (const session of sessions) await saveLogin(loginAt(100, { session }));
    await ends.endSubject(ending);
    expect(operations.ends).toBe(9);
    const looks = await Promise.all(sessions.map((session) => operations.look(session)));
    expect(looks.map(({ isLive }) => isLive)).toEqual(sessions.map(() => false));
  });
});

describe('the end of a token', () => {
  const key = { kind: 'access-token', of: 'token' } as const;
  const ending = { cause: 'logout', owner: OWNER, key, ttl: 60, note: '' } as const;

  it('leaves a token with a login valid, and tells the login', async () => {
    await operations.linkToken(key, LOGIN, '', 60);
    expect(await ends.endToken(ending)).toMatchObject({ isFirst: false, login: LOGIN });
    expect(await ends.endToken({ ...ending, force: true })).toMatchObject({
      isFirst: true,
      login: undefined,
    });
  });

  it('revokes what was handed in once, where the token is of no session', async () => {
    for (let count = 0; count < 2; count++) await ends.endToken({ ...ending, isOfNoSession: true });
    expect(revocations.calls).toEqual([['handed in']]);
  });
});
