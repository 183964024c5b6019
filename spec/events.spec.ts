import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { OidcLogout } from '../lib/index.ts';
import { type App, appWith, LOGOUT, optionsFor } from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';
import { ERRORS, NO_ERRORS } from './support/thrown.ts';
import { until } from './support/until.ts';

describe('events', () => {
  let signer: Signer;
  let app: App;

  beforeAll(async () => {
    signer = await createSigner();
  });

  beforeEach(() => {
    app = appWith(optionsFor(signer));
  });

  async function logOut(): Promise<void> {
    const access_token = await signer.accessToken();
    const body = { access_token, refresh_token: 'refresh' };
    await request(app.app).post(LOGOUT).send(body).expect(200);
  }

  it('tell of a logout after all of it is stored', async () => {
    const owner = { issuer: signer.issuer, subject: 'alice', sid: 'sid-1' };
    await logOut();
    expect(app.events).toEqual([
      ['invalidated', { kind: 'access-token', ...owner }],
      ['invalidated', { kind: 'session', ...owner }],
      ['invalidated', { kind: 'refresh-token', ...owner }],
      ['logout', { ...owner, repeated: false }],
    ]);
  });

  it.each<[string, () => void]>([
    [
      'throws',
      () => {
        throw new Error('listener');
      },
    ],
    ['rejects', () => Promise.reject(new Error('listener'))],
  ])('harm no logout with a listener that %s', async (_how, listener) => {
    const heard: unknown[] = [];
    app.oidc.on('logout', listener).on('logout', (event) => heard.push(event));
    const told = new Promise((resolve) => app.oidc.on('listener-error', resolve));
    await logOut();
    expect(await told).toEqual({ event: 'logout', error: new Error('listener') });
    expect(heard).toHaveLength(1);
  });

  it('end in silence with a listener-error listener that throws', async () => {
    const fail = () => {
      throw new Error('listener');
    };
    app.oidc.on('listener-error', fail).on('logout', fail);
    await logOut();
  });

  it.each(['logout', 'invalidated', 'session-ended'] as const)(
    '%s is told to each listener in an object of its own',
    async (name) => {
      const heard: object[] = [];
      const spoil = (event: object) => {
        heard.push({ ...event });
        Object.assign(event, { issuer: 'https://evil.example', sid: 'other' });
        Reflect.deleteProperty(event, 'subject');
        Object.freeze(event);
      };
      app.oidc.on(name, spoil).on(name, spoil.bind(undefined));
      await logOut();
      expect(heard.length).toBeGreaterThan(1);
      for (const event of [...heard, ...app.events.map(([, told]) => told)]) {
        expect(event).toMatchObject({ issuer: signer.issuer, subject: 'alice', sid: 'sid-1' });
      }
    },
  );

  it.each<[string, (oidc: OidcLogout, again: () => void) => unknown]>([
    ['away and in again', (oidc, again) => oidc.off('logout', again).on('logout', again)],
    ['in once more', (oidc, again) => oidc.on('logout', again)],
    ['away', (oidc, again) => oidc.off('logout', again)],
    [
      'in as another',
      (oidc, again) =>
        oidc.on('logout', () => {
          again();
        }),
    ],
  ])('end though a listener takes itself %s', async (_how, change) => {
    let heard = 0;
    const again = () => {
      heard += 1;
      if (heard < 1000) change(app.oidc, again);
    };
    app.oidc.on('logout', again);
    await logOut();
    expect(heard).toBe(1);
  });

  it('reach who was there when it happened, and not who came while it was told', async () => {
    const heard: string[] = [];
    const late = () => heard.push('late');
    const second = () => heard.push('second');
    app.oidc.on('logout', () => {
      heard.push('first');
      app.oidc.off('logout', second).on('logout', late);
    });
    app.oidc.on('logout', second);
    await logOut();
    expect(heard).toEqual(['first', 'second']);
  });

  it.each(Object.entries({ ...NO_ERRORS, ...ERRORS }))(
    'tell by listener-error of a listener that throws or rejects with %s',
    async (_what, thrown) => {
      const value = thrown();
      const told: unknown[] = [];
      app.oidc.on('listener-error', ({ event, error }) => told.push(event, error));
      app.oidc.on('logout', () => {
        throw value as Error;
      });
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      app.oidc.on('logout', () => Promise.reject(value));
      app.oidc.on('listener-error', () => {
        throw value as Error;
      });
      await logOut();
      await until(() => told.length === 4);
      const [first, error, second, rejected] = told;
      expect([first, second]).toEqual(['logout', 'logout']);
      expect(Object.is(error, value) && Object.is(rejected, value)).toBe(true);
    },
  );

  const EVENTS =
    'logout, invalidated, session-ended, revocation, store-error, store-warning, ' +
    'provider-error, token-refused, logout-token-refused, logout-token-unmatched, logout-token-delayed, listener-error';

  it.each<[unknown, string]>([
    ['lgout', 'lgout'],
    ['sessionEnded', 'sessionEnded'],
    ['Logout', 'Logout'],
    ['', ''],
    ['error', 'error'],
    ['toString', 'toString'],
    ['__proto__', '__proto__'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [['logout'], 'logout'],
    [Symbol('logout'), 'Symbol(logout)'],
  ])('are none under the name %p', (name, shown) => {
    const error = new TypeError(`"${shown}" is not an event; the events are ${EVENTS}`);
    expect(() => app.oidc.on(name as 'logout', () => undefined)).toThrow(error);
    expect(() => app.oidc.off(name as 'logout', () => undefined)).toThrow(error);
  });

  it.each([undefined, null, 'listener', {}, [], { handleEvent: () => undefined }])(
    'are not told to %p, which is no function',
    async (listener) => {
      const error = new TypeError('The listener of "logout" must be a function');
      expect(() => app.oidc.on('logout', listener as () => void)).toThrow(error);
      expect(() => app.oidc.off('logout', listener as () => void)).toThrow(error);
      await logOut();
    },
  );

  it('are no longer heard after off', async () => {
    const heard: unknown[] = [];
    const listener = (event: unknown) => void heard.push(event);
    app.oidc.on('logout', listener);
    app.oidc.off('logout', listener);
    await logOut();
    expect(heard).toEqual([]);
  });
});
