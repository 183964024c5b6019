import { expect, it } from '@jest/globals';
import { readOwner, type SessionOwner, writeOwner } from '../../lib/session/session-owner.ts';

const ISSUER = 'https://op.example.com';

it.each<SessionOwner>([
  { issuer: ISSUER, subject: 'alice', sid: 'sid-1' },
  { issuer: ISSUER, subject: 'alice', sid: undefined },
  { issuer: ISSUER, subject: undefined, sid: 'sid-1' },
])('the owner %j is read as written', (owner) => {
  expect(readOwner(writeOwner(owner))).toEqual(owner);
});

it.each([
  undefined,
  '',
  'null',
  '[]',
  '{"subject":"alice","sid":"sid-1"}',
  '{"issuer":1,"subject":"alice"}',
  '{"issuer":"https://op.example.com","subject":1}',
  '{"issuer":"https://op.example.com","sid":null}',
])('the text %j is of no known owner', (text) => {
  expect(readOwner(text)).toBeUndefined();
});
