import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import request from 'supertest';
import { Events, type RevocationEvent } from '../../lib/events.ts';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { resolveOptions } from '../../lib/options/oidc-logout-options.ts';
import { Provider } from '../../lib/provider/provider.ts';
import { Revocations } from '../../lib/provider/revocations.ts';
import { type App, appWith, LOGOUT } from '../support/app.ts';
import { letPass, resetClocks } from '../support/clock.ts';
import { AUDIENCE, CLIENT_ID, createSigner, type Signer } from '../support/provider.ts';
import {
  answerWith,
  listenToRevocations,
  type RevocationServer,
  REVOKE,
  startRevocationServer,
  type ToldRevocations,
} from '../support/revocation-server.ts';
import { until } from '../support/until.ts';

// Their tokens are large, or many.
const LONGER = 60_000;
const KEY = Buffer.alloc(32, 7);
const MEBIBYTE = 1024 * 1024;

interface RevokingApp extends App {
  readonly told: ToldRevocations;
}

describe('the queue of revocations', () => {
  let provider: RevocationServer;
  let signer: Signer;
  let serial = 0;
  const apps: App[] = [];

  beforeEach(async () => {
    provider = await startRevocationServer();
    signer = await createSigner(provider.issuer, { alg: 'ES256' });
  });

  afterEach(async () => {
    resetClocks();
    provider.answer = answerWith(200);
    await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
    await provider.close();
  });

  function optionsOf(options: Partial<OidcLogoutOptions>): OidcLogoutOptions {
    const { issuer } = provider;
    return {
      ...{ audience: AUDIENCE, encryptionKey: KEY, revocation: 'refresh-token' },
      revocationTimeout: 0.05,
      ...options,
      // Given, so that providerTimeout is about revocations only.
      provider: {
        ...{ issuer, clientId: CLIENT_ID, algorithms: ['ES256'], jwks: { keys: [signer.jwk] } },
        discovery: false,
        metadata: {
          end_session_endpoint: `${issuer}/logout`,
          revocation_endpoint: `${issuer}${REVOKE}`,
        },
      },
    };
  }

  function start(options: Partial<OidcLogoutOptions> = {}): RevokingApp {
    const app = appWith(optionsOf(options));
    apps.push(app);
    return { ...app, told: listenToRevocations(app.oidc) };
  }

  async function logOut({ app }: App, refresh_token = `refresh-${++serial}`): Promise<void> {
    const access_token = await signer.accessToken({ sid: refresh_token });
    await request(app).post(LOGOUT).send({ access_token, refresh_token }).expect(200);
  }

  async function save({ oidc }: App, count: number, refreshToken: (index: number) => string) {
    for (let index = 0; index < count; index += 1) {
      await oidc.sessions.save({
        access_token: `access-${index}`,
        id_token: await signer.idToken({ sid: `sid-${index}` }),
        refresh_token: refreshToken(index),
      });
    }
  }

  const endAll = ({ oidc }: App) => oidc.sessions.end({ issuer: provider.issuer, sub: 'alice' });
  const asked = () => provider.requests.map(({ form }) => form.token);
  const outcomes = ({ told }: RevokingApp) =>
    told.events.map(({ outcome, reason }) => reason ?? outcome);

  /** Answers each 20 ms later, and counts those under way. */
  function countThoseAtOnce(): { readonly most: number } {
    const count = { underWay: 0, most: 0 };
    provider.answer = (res) => {
      count.most = Math.max(count.most, ++count.underWay);
      setTimeout(() => {
        count.underWay -= 1;
        res.end();
      }, 20);
    };
    return count;
  }

  it(
    'revokes all of a user with many sessions, eight at once',
    async () => {
      const app = start();
      await save(app, 100, (index) => `refresh-${index}`);
      const count = countThoseAtOnce();
      await endAll(app);
      const events = await app.told.until(100);
      expect(new Set(events.map(({ outcome }) => outcome))).toEqual(new Set(['revoked']));
      expect(new Set(asked()).size).toBe(100);
      expect(provider.requests).toHaveLength(100);
      expect(count.most).toBe(8);
    },
    LONGER,
  );

  it('asks a provider that hangs for eight at once', async () => {
    const app = start({ providerTimeout: 1 });
    provider.answer = () => undefined;
    await Promise.all(Array.from({ length: 40 }, () => logOut(app)));
    await provider.untilAsked(8);
    expect(asked()).toHaveLength(8);
    await app.oidc.close();
    expect(outcomes(app)).toEqual(Array(40).fill('TimeoutError'));
  });

  it(
    'holds 32 MiB of tokens; what does not fit has failed at once',
    async () => {
      const app = start();
      const held: ServerResponse[] = [];
      provider.answer = (res) => held.push(res);
      const large = 'x'.repeat(MEBIBYTE - 2);
      await save(app, 34, (index) => `${String(index).padStart(2, '0')}${large}`);
      await endAll(app);
      expect(outcomes(app)).toEqual(['queue-full', 'queue-full']);
      await until(() => held.length === 8);
      provider.answer = answerWith(200);
      for (const res of held) res.end();
      await app.told.until(34);
      expect(outcomes(app).slice(2)).toEqual(Array(32).fill('revoked'));
      await logOut(app);
      await app.told.until(35);
      expect(outcomes(app)[34]).toBe('revoked');
    },
    LONGER,
  );

  it(
    'holds 20,000 tokens; what does not fit has failed at once',
    async () => {
      const settings = resolveOptions(optionsOf({ providerTimeout: 60 }));
      const events = new Events();
      const told: RevocationEvent[] = [];
      events.on('revocation', (event) => told.push(event));
      const revocations = new Revocations(events, settings);
      const [entry] = settings.providers;
      if (entry === undefined) throw new Error('There is no provider');
      const op = new Provider(entry, events);
      provider.answer = () => undefined;
      const owner = { issuer: op.issuer, subject: 'alice', sid: 'sid-1' };
      for (let index = 0; index < 20_003; index += 1) {
        const token = { text: `refresh-${index}`, provider: op };
        revocations.revoke({ ...owner, refreshTokens: [token] });
      }
      expect(told).toEqual(
        Array(3).fill({
          ...{ kind: 'refresh-token', outcome: 'failed', reason: 'queue-full' },
          ...{ issuer: provider.issuer, subject: 'alice', sid: 'sid-1' },
        }),
      );
      await provider.untilAsked(8);
      op.close();
      await revocations.close();
      expect(told).toHaveLength(20_003);
    },
    LONGER,
  );

  it(
    'holds what waits for its repetition as well',
    async () => {
      const app = start();
      provider.answer = answerWith(503);
      const large = 'x'.repeat(MEBIBYTE - 2);
      await save(app, 32, (index) => `${String(index).padStart(2, '0')}${large}`);
      await endAll(app);
      await provider.untilAsked(32);
      await logOut(app, 'one more');
      expect(outcomes(app)).toEqual(['queue-full']);
      provider.answer = answerWith(200);
      await app.oidc.close();
      expect(outcomes(app).slice(1)).toEqual(Array(32).fill('revoked'));
    },
    LONGER,
  );

  describe('of a provider that asks for patience', () => {
    const future = new Date(Date.now() + 3_600_000).toUTCString();
    const past = 'Wed, 21 Oct 2015 07:28:00 GMT';

    it.each(['1000000000', '61', future])('pauses, with %j until the app closes', async (wait) => {
      const app = start();
      provider.answer = answerWith(503, '', { 'retry-after': wait });
      await logOut(app, 'first');
      await provider.untilAsked(1);
      await logOut(app, 'second');
      await logOut(app, 'third');
      expect(asked()).toEqual(['first']);
      provider.answer = answerWith(200);
      await app.oidc.close();
      expect(asked().slice(1).sort()).toEqual(['first', 'second', 'third']);
      expect(outcomes(app)).toEqual(['revoked', 'revoked', 'revoked']);
    });

    it.each([
      [503, '1'],
      [429, '2'],
    ])('by %i goes on by itself after its %j s', async (status, wait) => {
      const app = start();
      provider.answer = answerWith(status, '', { 'retry-after': wait });
      await logOut(app, 'first');
      provider.answer = answerWith(200);
      await logOut(app, 'second');
      await app.told.until(2);
      expect(outcomes(app)).toEqual(['revoked', 'revoked']);
      expect(asked().slice(1).sort()).toEqual(['first', 'second']);
    });

    it.each(['x', '-1', '0', '', '1.5', past])('does not pause with %j', async (wait) => {
      const app = start();
      provider.answer = (res, { token }) => {
        answerWith(token === 'first' ? 503 : 200, '', { 'retry-after': wait })(res);
      };
      await logOut(app, 'first');
      await logOut(app, 'second');
      await app.told.until(1);
      expect(asked()).toEqual(['first', 'second']);
      provider.answer = answerWith(200);
      await app.told.until(2);
      expect(asked()).toEqual(['first', 'second', 'first']);
    });
  });

  it('gives up what waits after five minutes of failures', async () => {
    const app = start();
    provider.answer = answerWith(503);
    for (let count = 0; count < 3; count += 1) await logOut(app);
    await provider.untilAsked(3);
    letPass(301_000);
    await app.told.until(3);
    expect(outcomes(app)).toEqual(Array(3).fill('HTTP_503'));
    expect(asked().length).toBeLessThanOrEqual(6);
    provider.answer = answerWith(200);
    await logOut(app);
    await app.told.until(4);
    expect(outcomes(app)[3]).toBe('revoked');
  });

  it('lets one go first after refused connections', async () => {
    const app = start();
    await provider.refuse();
    for (let count = 0; count < 20; count += 1) await logOut(app);
    let atOnce = 0;
    let duringFirst = 0;
    provider.answer = (res) => {
      atOnce += 1;
      if (provider.requests.length > 1) {
        res.end();
        return;
      }
      setTimeout(() => {
        duringFirst = atOnce;
        res.end();
      }, 200);
    };
    await provider.listen();
    await app.told.until(20);
    expect(duringFirst).toBe(1);
    expect(outcomes(app)).toEqual(Array(20).fill('revoked'));
  });

  describe('when the app closes', () => {
    it('takes no more, also while requests keep coming', async () => {
      const app = start();
      const held: ServerResponse[] = [];
      provider.answer = (res) => held.push(res);
      await logOut(app, 'first');
      const closed = app.oidc.close();
      for (let count = 0; count < 10; count += 1) await logOut(app);
      expect(outcomes(app)).toEqual(Array(10).fill('closed'));
      held[0]?.end();
      await closed;
      await logOut(app);
      expect(outcomes(app).slice(10)).toEqual(['revoked', 'closed']);
      expect(asked()).toEqual(['first']);
    });

    it('gives up after 10 s what is under way and what waits', async () => {
      const app = start({ providerTimeout: 60 });
      provider.answer = () => undefined;
      for (let count = 0; count < 10; count += 1) await logOut(app);
      expect(provider.requests).toHaveLength(8);
      await Promise.all([app.oidc.close(), app.oidc.close()]);
      expect(outcomes(app)).toEqual(Array(10).fill('closed'));
      expect(provider.requests).toHaveLength(8);
    });

    it('resolves at once where nothing is left', async () => {
      const app = start();
      await logOut(app);
      await app.told.until(1);
      await app.oidc.close();
      await app.oidc.close();
      expect(outcomes(app)).toEqual(['revoked']);
    });
  });
});
