import { describe, expect, it } from '@jest/globals';
import { isCutOff } from '../../lib/invalidation/cut-off.ts';
import {
  addMember,
  endSubject,
  type SubjectState,
  type SubjectToEnd,
} from '../../lib/invalidation/subject.ts';
import { loginAt } from '../support/session-states.ts';

const NOBODY: SubjectState = { cutOff: undefined, members: new Map() };
const members = new Map([
  ['session', 2000],
  ['~without', 2000],
  ['gone', 1000],
]);

function end(state: SubjectState, changes: Partial<SubjectToEnd> = {}) {
  return endSubject(
    state,
    { subject: 'user', time: 100, claimant: 'app::', owner: 'owner', ...changes },
    { now: 1000 },
  );
}

describe('isCutOff', () => {
  const cutOff = { all: 100, withoutSid: 200 };

  it.each([
    ['session', 100, true],
    ['session', 101, false],
    ['~without', 200, true],
    ['~without', 201, false],
  ])('judges a login of %s at %i', (session, time, expected) => {
    expect(isCutOff(cutOff, { session, time })).toBe(expected);
  });

  it('is false where nothing ended', () => {
    expect(isCutOff(undefined, { session: '~without', time: 0 })).toBe(false);
  });
});

describe('addMember', () => {
  const times = { now: 1000, lifetime: 500 };

  it('adds a session, and lets those go whose time is over', () => {
    const { state, reply } = addMember(
      { ...NOBODY, members },
      loginAt(100, { session: 'new' }),
      times,
    );
    expect(reply).toBe('ok');
    expect([...state.members]).toEqual([
      ['session', 2000],
      ['~without', 2000],
      ['new', 1500],
    ]);
  });

  it('lets a member stay longer that is added again', () => {
    const later = { ...times, lifetime: 3000 };
    const { state } = addMember({ ...NOBODY, members }, loginAt(100), later);
    expect(state.members.get('session')).toBe(4000);
  });

  it.each([
    ['session', 100, 'over'],
    ['session', 101, 'ok'],
    ['~without', 150, 'over'],
    ['~without', 151, 'ok'],
  ])('answers for a login of %s at %i: %s', (session, time, expected) => {
    const state = { cutOff: { all: 100, withoutSid: 150 }, members };
    const added = addMember(state, loginAt(time, { session }), times);
    expect(added.reply).toBe(expected);
    expect(added.state === state).toBe(expected === 'over');
  });
});

describe('endSubject', () => {
  it('raises the cut-off, and answers the sessions that are there', () => {
    expect(end({ ...NOBODY, members })).toEqual({
      state: { cutOff: { all: 100, withoutSid: -1 }, members },
      reply: { members: ['session', '~without'], published: false, raised: true },
      published: [{ changed: 'user' }],
    });
  });

  it('publishes the end of a subject without sessions', () => {
    expect(end(NOBODY)).toEqual({
      state: { cutOff: { all: 100, withoutSid: -1 }, members: new Map() },
      reply: { members: [], published: true, raised: true },
      published: [
        { changed: 'user' },
        { ended: { event: 'subject user 100', claimant: 'app::', owner: 'owner' } },
      ],
    });
  });

  it.each([99, 100])(
    'ends nothing more at %i where the cut-off is 100, and answers the sessions',
    (time) => {
      const state = { cutOff: { all: 100, withoutSid: 7 }, members };
      const reply = { members: ['session', '~without'], published: false, raised: false };
      expect(end(state, { time })).toEqual({ state, reply, published: [] });
      expect(end({ ...state, members: new Map() }, { time }).published).toEqual([]);
    },
  );

  it('ends the logins without a sid where the session is no member', () => {
    expect(end({ ...NOBODY, members }, { unless: 'unknown' })).toEqual({
      state: { cutOff: { all: -1, withoutSid: 100 }, members },
      reply: { members: ['~without'], published: false, raised: true },
      published: [{ changed: 'user' }],
    });
    expect(end({ ...NOBODY, members }, { unless: 'gone' }).reply.members).toEqual(['~without']);
  });

  it('ends nothing where the session is a member', () => {
    const state = { ...NOBODY, members };
    const reply = { members: [], published: false, raised: false };
    expect(end(state, { unless: 'session' })).toEqual({ state, reply, published: [] });
  });

  it('never takes a cut-off back', () => {
    const state = { cutOff: { all: 100, withoutSid: 150 }, members };
    expect(end(state, { unless: 'unknown', time: 149 }).state).toBe(state);
    expect(end(state, { time: 120 }).state.cutOff).toEqual({ all: 120, withoutSid: 150 });
    expect(end(state, { unless: 'unknown', time: 151 }).state.cutOff).toEqual({
      all: 100,
      withoutSid: 151,
    });
  });
});
