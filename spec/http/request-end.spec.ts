import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import {
  appWith,
  BACK_CHANNEL_LOGOUT,
  FRONT_CHANNEL_LOGOUT,
  LOGOUT,
  optionsFor,
  redirectOf,
} from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import type { AnsweredApp, AnsweredInput } from '../support/answered-app.ts';
import { type AppProcess, startProcess } from '../support/child-process.ts';
import { createSigner, type Signer } from '../support/provider.ts';
import { until } from '../support/until.ts';

const STATE = 's'.repeat(43);
const FORM = 'application/x-www-form-urlencoded';

let signer: Signer;
let access_token: string;
let logout_token: string;

beforeAll(async () => {
  signer = await createSigner();
  access_token = await signer.accessToken();
  logout_token = await signer.logoutToken();
});

describe.each(Object.keys(EXPRESS))('a request on %s', (version) => {
  // What failed at the provider is not asked again for a while: one app for each that asks there.
  const FAILURES: Record<string, AnsweredApp['failure']> = {
    none: 'none',
    store: 'store',
    'the guard': 'provider',
    'logout()': 'provider',
    'backChannelLogout()': 'provider',
  };
  let process: AppProcess;
  let url: string;

  beforeAll(async () => {
    const { issuer, jwk } = signer;
    const apps = Object.values(FAILURES).map((failure) => ({ version, failure }));
    const input: AnsweredInput = { signer: { issuer, jwk }, apps };
    process = await startProcess('answered-app.ts', input);
  });

  afterAll(() => process.close());

  /** Has the requests go to this app. */
  async function use(name: string): Promise<void> {
    url = process.urls[Object.keys(FAILURES).indexOf(name)] ?? '';
    await told();
  }

  const callGuarded = (token = access_token) =>
    request(url).get('/guarded').set('Authorization', `Bearer ${token}`);
  const logOut = () => request(url).post(LOGOUT).send({ access_token });
  const logOutByProvider = () =>
    request(url).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });
  const logOutInFrame = () =>
    request(url).get(FRONT_CHANNEL_LOGOUT).query({ iss: signer.issuer, sid: 'sid-1' });
  const comeBack = () => request(url).get('/callback').query({ state: STATE });

  /** What was counted since it was asked last. */
  async function told(): Promise<object> {
    return (await request(url).get('/told').expect(200)).body as object;
  }

  // The last number is that of a request that nobody has answered before.
  it.each<[string, string, () => request.Test, number]>([
    ['the guard', 'store', callGuarded, 503],
    ['the guard', 'provider', callGuarded, 503],
    ['logout()', 'store', logOut, 503],
    ['logout()', 'provider', logOut, 503],
    ['backChannelLogout()', 'store', logOutByProvider, 400],
    ['backChannelLogout()', 'provider', logOutByProvider, 400],
    ['frontChannelLogout()', 'store', logOutInFrame, 503],
    ['postLogoutCallback()', 'store', comeBack, 200],
  ])(
    'to %s whose %s fails gets the one answer that was given before or meanwhile; nobody comes next',
    async (name, failure, send, status) => {
      await use(failure === 'provider' ? name : failure);
      for (const when of ['meanwhile', 'before']) {
        const answer = await send().set('Answer', when);
        expect([when, answer.status, answer.text]).toEqual([when, 504, 'early']);
        expect(answer.headers).not.toHaveProperty('www-authenticate');
      }
      await send().set('Answer', 'never').expect(status);
      expect(await told()).toEqual({ passed: status === 200 ? 1 : 0, handed: 0, closed: 3 });
      expect(process.isAlive()).toBe(true);
    },
  );

  it('that was answered before does not pass the guard', async () => {
    await use('none');
    await callGuarded().set('Answer', 'before').expect(504, 'early');
    await callGuarded().set('Answer', 'never').expect(200);
    // Known by now, so that it would pass in the turn in which it came.
    await callGuarded().set('Answer', 'before').expect(504, 'early');
    expect(await told()).toEqual({ passed: 1, handed: 0, closed: 3 });
  });

  it('that was answered before does not use up the state of a logout', async () => {
    await use('none');
    const answered = await logOut().set('Answer', 'never').expect(200);
    const redirect = redirectOf(answered);
    const state = new URL(redirect).searchParams.get('state');
    const early = request(url).get('/callback').query({ state });
    await early.set('Answer', 'before').expect(504, 'early');
    const callback = request(url).get('/logged-out').query({ state });
    const answer = await callback.set('Answer', 'never');
    expect(answer.body).toEqual({ outcome: 'unbound' });
  });

  it.each([
    ['logout()', LOGOUT, 'access_token'],
    ['backChannelLogout()', BACK_CHANNEL_LOGOUT, 'logout_token'],
  ])('to %s that was answered before ends its session all the same', async (name, path, field) => {
    await use('none');
    const claims = { sub: 'bob', sid: `sid of ${name}` };
    const token = await signer.accessToken(claims);
    const tokens = { access_token: token, logout_token: await signer.logoutToken(claims) };
    await callGuarded(token).set('Answer', 'never').expect(200);
    const body = { [field]: tokens[field as keyof typeof tokens] };
    const early = request(url).post(path).type('form').send(body);
    await early.set('Answer', 'before').expect(504, 'early');
    await until(async () => (await callGuarded(token).set('Answer', 'never')).status === 401);
    expect(await told()).toMatchObject({ handed: 0 });
    expect(process.isAlive()).toBe(true);
  });

  it.each<[string, string, string]>([
    [LOGOUT, 'application/json', 'before'],
    [LOGOUT, 'application/json', 'never'],
    [LOGOUT, FORM, 'before'],
    [LOGOUT, FORM, 'never'],
    [BACK_CHANNEL_LOGOUT, FORM, 'before'],
    [BACK_CHANNEL_LOGOUT, FORM, 'never'],
  ])('to %s whose %s is cut off, answered %s, harms nothing', async (path, type, when) => {
    await use('none');
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: app\r\nAnswer: ${when}\r\nContent-Type: ${type}\r\n` +
        'Content-Length: 100\r\n\r\n{"access_',
    );
    if (when === 'before') await once(socket, 'data');
    socket.resetAndDestroy();
    let counted: object = {};
    await until(async () => {
      counted = await told();
      return 'closed' in counted && counted.closed === 1;
    });
    expect(counted).toEqual({ passed: 0, handed: 0, closed: 1 });
    await told();
    expect(process.isAlive()).toBe(true);
  });
});

describe('a request whose `next` throws', () => {
  let process: AppProcess;

  beforeAll(async () => {
    const { issuer, jwk } = signer;
    process = await startProcess('throwing-next.ts', { signer: { issuer, jwk } });
  });

  afterAll(() => process.close());

  it.each([
    ['an unknown token', '/guard'],
    ['a known token', '/guard'],
    ['a function that fails', '/failing-guard'],
    ['the way back', '/callback'],
    ['a logout that fails', '/logout'],
  ])('has it called once with %s, and its failure is not taken for ours', async (_what, path) => {
    const headers = { Authorization: `Bearer ${access_token}`, 'Sec-Fetch-Site': 'same-origin' };
    const [url = ''] = process.urls;
    const test = path === '/logout' ? request(url).post(path) : request(url).get(path);
    await test.set(headers).expect(200, 'next');
    const { text } = await request(url).get('/told');
    expect(JSON.parse(text)).toEqual({ next: 1, uncaught: 1, rejected: 0 });
  });
});

describe.each(Object.keys(EXPRESS))('a request on %s whose answer cannot be written', (version) => {
  const secret = () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw 'secret-token';
  };

  const BREAKS: Record<string, (res: express.Response) => void> = {
    setHeader: (res) => (res.setHeader = secret),
    end: (res) => {
      res.end = () => {
        Reflect.deleteProperty(res, 'end');
        return secret();
      };
    },
  };

  it.each<[string, string, (app: Express) => request.Test]>([
    ['guard()', 'setHeader', (app) => request(app).get('/api')],
    ['guard()', 'end', (app) => request(app).get('/api')],
    ['logout()', 'setHeader', (app) => request(app).post(LOGOUT).send({ access_token })],
    ['logout()', 'end', (app) => request(app).post(LOGOUT).send({})],
    ['backChannelLogout()', 'setHeader', (app) => request(app).post(BACK_CHANNEL_LOGOUT)],
    ['backChannelLogout()', 'end', (app) => request(app).get(BACK_CHANNEL_LOGOUT)],
    ['frontChannelLogout()', 'setHeader', (app) => request(app).get(FRONT_CHANNEL_LOGOUT)],
    ['frontChannelLogout()', 'end', (app) => request(app).get(FRONT_CHANNEL_LOGOUT)],
    ['postLogoutCallback()', 'setHeader', (app) => request(app).get('/logged-out')],
    ['postLogoutCallback()', 'end', (app) => request(app).post('/logged-out')],
  ])('by %s, whose %s throws, goes to the app once', async (name, method, send) => {
    const errors: unknown[] = [];
    const app = EXPRESS[version]?.() ?? express();
    app.use((_req, res, next) => {
      BREAKS[method]?.(res);
      next();
    });
    appWith(optionsFor(signer), app);
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      errors.push(error);
      res.writeHead(500).end();
    });
    await send(app).expect(500);
    expect(errors).toEqual([new Error(`${name} failed with a value that is not an Error`)]);
  });
});
