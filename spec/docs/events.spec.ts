import { expect, it } from '@jest/globals';
import * as entry from '../../lib/index.ts';
import { INVALID_TOKEN } from '../../lib/refusals/access-token.ts';
import { INVALID_LOGOUT_TOKEN } from '../../lib/refusals/logout-token.ts';
import { appWith, call, optionsFor } from '../support/app.ts';
import { openPage } from '../support/page.ts';
import { createSigner } from '../support/provider.ts';
import { startRedisServer } from '../support/redis-server.ts';

const PAGE = openPage('docs/events.md');
const REFUSALS = PAGE.take('js', "oidc.on('token-refused'");
const OF_REQUESTS = ['insufficient-scope', 'refresh-token-of-another-session'];
const LISTEN = PAGE.take('js', "oidc.on('store-error'");

it('shows listeners that log what happens', async () => {
  const [signer, redis] = await Promise.all([createSigner(), startRedisServer()]);
  const { app, oidc } = appWith({
    ...optionsFor(signer),
    redis: redis.connect(),
    storeTimeout: 0.1,
  });
  const logged: unknown[][] = [];
  const console = { error: (...words: unknown[]) => logged.push(words) };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const listen = new Function('oidc', 'console', LISTEN) as (...parts: unknown[]) => void;
  listen(oidc, console);
  await redis.kill();
  await call({ app }, await signer.accessToken()).expect(503);
  expect(logged).toEqual([['store:', 'read', 'not-connected']]);
  await redis.close();
});

it('has every event and its members', () => {
  const members: {
    [Name in keyof entry.OidcLogoutEvents]: (keyof entry.OidcLogoutEvents[Name])[];
  } = {
    logout: ['issuer', 'subject', 'sid', 'repeated'],
    invalidated: ['kind', 'issuer', 'subject', 'sid'],
    'session-ended': ['issuer', 'subject', 'sid', 'cause', 'revokesOfflineAccess'],
    revocation: ['kind', 'outcome', 'reason', 'issuer', 'subject', 'sid'],
    'store-error': ['operation', 'reason'],
    'store-warning': ['setting', 'found', 'expected'],
    'provider-error': ['issuer', 'operation', 'reason'],
    'token-refused': ['reason', 'claim', 'expected', 'found', 'issuer', 'endpoint'],
    'logout-token-refused': ['reason', 'claim', 'expected', 'found', 'issuer', 'endpoint'],
    'logout-token-unmatched': ['issuer', 'subject', 'sid'],
    'logout-token-delayed': ['outcome', 'reason', 'issuer', 'sid'],
    'listener-error': ['event', 'error'],
  };
  const told = PAGE.table('Event', 'Members').map(([name = '', list = '']) => [
    name,
    list.split(', '),
  ]);
  expect(Object.fromEntries(told)).toEqual(members);
});

it.each<[string, object, string[], string[]]>([
  ['Access token', INVALID_TOKEN, OF_REQUESTS, ['of-another-session']],
  ['Logout Token', INVALID_LOGOUT_TOKEN, [], []],
])('has every reason to refuse: %s', (head, texts, others, left) => {
  const told = PAGE.table(head, 'Remedy').map(([reason]) => reason);
  expect([...told, ...left].sort()).toEqual([...Object.keys(texts), ...others].sort());
});

it('shows listeners that log why a token is refused', async () => {
  const { app, oidc } = appWith(optionsFor(await createSigner()));
  const logged: unknown[][] = [];
  const console = { warn: (...words: unknown[]) => logged.push(words) };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const listen = new Function('oidc', 'console', REFUSALS) as (...parts: unknown[]) => void;
  listen(oidc, console);
  await call({ app }, 'opaque-1').expect(401);
  expect(logged).toEqual([['refused:', '{"reason":"opaque-unknown","endpoint":"guard"}']]);
});

it('has every error, its code and its status', () => {
  const errors = Object.entries(entry).flatMap(([name, value]) => {
    if (!(value.prototype instanceof entry.OidcLogoutError) || name === 'HttpError') return [];
    const make = value as unknown as (new (cause: unknown) => entry.OidcLogoutError) & {
      readonly code: string;
    };
    const cause = name === 'InsufficientScopeError' ? ['x'] : 'x';
    const error = new make(cause) as entry.OidcLogoutError & Partial<entry.HttpError>;
    expect(make.code).toBe(error.code);
    expect(error.statusCode).toBe(error.status);
    expect(error.expose).toBe(error.status && error.status < 500);
    return [[name, error.code, String(error.status ?? 'none')]];
  });
  const told = PAGE.table('Class', 'Code', 'Status').map((row) => row.slice(0, 3));
  expect(told.sort()).toEqual(errors.sort());
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
