import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import {
  type GuardedRequest,
  type Middleware,
  type OidcLogout,
  oidcLogout,
  type ReturningRequest,
} from '../../lib/index.ts';
import {
  BACK_CHANNEL_LOGOUT,
  FRONT_CHANNEL_LOGOUT,
  LOGGED_OUT,
  LOGOUT,
  optionsFor,
  redirectOf,
} from '../support/app.ts';
import { createSigner, type Signer } from '../support/provider.ts';

const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };
const JSON_TYPE = 'application/json; charset=utf-8';
const ISSUER = 'https://op.example.com';

let signer: Signer;
let oidc: OidcLogout;
let server: Server;
let errors: unknown[];

beforeAll(async () => {
  signer = await createSigner();
});

beforeEach(async () => {
  errors = [];
  oidc = oidcLogout(optionsFor(signer));
  await start(oidc);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Runs a middleware as whoever has nothing but Node would. */
function run(
  handler: Middleware,
  [req, res]: [IncomingMessage, ServerResponse],
  goOn: () => void,
): void {
  void handler(req, res, (error?: unknown) => {
    if (error === undefined) {
      goOn();
      return;
    }
    errors.push(error);
    res.statusCode = 500;
    res.end();
  });
}

async function start(parts: OidcLogout): Promise<void> {
  const routes: Record<string, Middleware> = {
    [LOGOUT]: parts.logout(),
    '/elastic': oidcLogout({ ...optionsFor(signer), errorFormat: 'elasticsearch' }).logout(),
    '/failing': parts.logout({ tokens: () => Promise.reject(new Error('own')) }),
    [BACK_CHANNEL_LOGOUT]: parts.backChannelLogout(),
    [FRONT_CHANNEL_LOGOUT]: parts.frontChannelLogout(),
    [LOGGED_OUT]: parts.postLogoutCallback(),
    '/api': parts.guard({ scope: 'read' }),
  };
  server = createServer((req, res) => {
    const route = routes[req.url?.split('?', 1)[0] ?? ''];
    if (route === undefined) throw new Error('There is no such route');
    res.setHeader('Set-Cookie', 'own=1');
    run(route, [req, res], () => {
      const { auth, postLogout } = req as GuardedRequest & ReturningRequest;
      res.end(JSON.stringify({ sub: auth?.payload.sub, postLogout }));
    });
  });
  server.on('upgrade', (req: IncomingMessage, socket: Socket) => {
    const res = new ServerResponse(req);
    res.assignSocket(socket);
    run(parts.guard(), [req, res], () => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

const get = (path: string) => request(server).get(path);
const post = (path: string) => request(server).post(path);

describe('on plain http', () => {
  it('the guard lets a live token pass', async () => {
    const token = await signer.accessToken({ scope: 'read' });
    await get('/api').auth(token, { type: 'bearer' }).expect(200, '{"sub":"alice"}');
    await get('/api').auth(token, { type: 'bearer' }).expect(200, '{"sub":"alice"}');
  });

  it.each<[string, () => PromiseLike<request.Response>, number, object, string]>([
    [
      'the guard without credentials',
      () => get('/api'),
      401,
      { 'www-authenticate': 'Bearer realm="api"' },
      '',
    ],
    [
      'the guard with a foreign token',
      () => get('/api').auth('unknown', { type: 'bearer' }),
      401,
      { 'content-type': JSON_TYPE, 'content-length': '88' },
      '{"error":"invalid_token","error_description":"The access token is malformed or unknown"}',
    ],
    [
      'the guard with too little scope',
      async () => get('/api').auth(await signer.accessToken(), { type: 'bearer' }),
      403,
      { 'content-type': JSON_TYPE },
      '{"error":"insufficient_scope","error_description":"The access token lacks a required scope"}',
    ],
    [
      'a logout without a body',
      () => post(LOGOUT),
      400,
      { 'content-type': JSON_TYPE },
      '{"error":"invalid_request","error_description":"The request has no body"}',
    ],
    [
      'a logout of another media type',
      () => post(LOGOUT).type('text/plain').send('a'),
      415,
      { 'content-type': JSON_TYPE },
      '{"error":"invalid_request","error_description":"The media type, charset or encoding of the body is not supported"}',
    ],
    [
      'a logout by GET',
      () => get(LOGOUT),
      405,
      { allow: 'POST' },
      '{"error":"invalid_request","error_description":"The endpoint does not serve this method"}',
    ],
    [
      'a logout with a foreign token',
      () => post(LOGOUT).send({ access_token: 'unknown' }),
      401,
      { 'content-type': JSON_TYPE },
      '{"error":"invalid_token","error_description":"The access token is malformed or unknown"}',
    ],
    [
      'a logout as Elasticsearch, of an unknown parameter',
      () => post('/elastic?pretty&x=1').send({ access_token: 'a' }),
      400,
      { 'content-type': JSON_TYPE, 'x-elastic-product': 'Elasticsearch' },
      '{"error":{"root_cause":[{"type":"illegal_argument_exception","reason":"request [/elastic] contains unrecognized parameter: [x]"}],"type":"illegal_argument_exception","reason":"request [/elastic] contains unrecognized parameter: [x]"},"status":400}',
    ],
    [
      'a logout as Elasticsearch, by GET',
      () => get('/elastic'),
      405,
      { allow: 'POST', 'x-elastic-product': 'Elasticsearch' },
      '{"error":"Incorrect HTTP method for uri [/elastic] and method [GET], allowed: [POST]","status":405}',
    ],
    [
      'a logout by the provider',
      async () =>
        post(BACK_CHANNEL_LOGOUT)
          .type('form')
          .send({ logout_token: await signer.logoutToken() }),
      200,
      { 'content-length': '0' },
      '',
    ],
    [
      'a logout by the provider with a foreign token',
      () => post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token: 'unknown' }),
      400,
      { 'content-type': JSON_TYPE },
      '{"error":"invalid_request","error_description":"The Logout Token is of an unknown issuer"}',
    ],
    [
      'a logout in a frame',
      () => get(FRONT_CHANNEL_LOGOUT).query({ iss: ISSUER, sid: 'sid-1' }),
      200,
      {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; frame-ancestors ${ISSUER}`,
        'referrer-policy': 'no-referrer',
      },
      '<!doctype html><html lang="en"><title>Logged out</title><body><p>Logged out</p></body></html>',
    ],
    [
      'a logout in a frame that is fetched ahead',
      () =>
        get(FRONT_CHANNEL_LOGOUT)
          .query({ iss: ISSUER, sid: 'sid-1' })
          .set('Sec-Purpose', 'prefetch'),
      204,
      { 'referrer-policy': 'no-referrer' },
      '',
    ],
    [
      'a logout in a frame of nobody',
      () => get(FRONT_CHANNEL_LOGOUT).query({ iss: 'https://other.example', sid: 'a' }),
      400,
      { 'content-type': JSON_TYPE, 'referrer-policy': 'no-referrer' },
      '{"error":"invalid_request","error_description":"The parameter iss is missing, repeated or not a configured issuer"}',
    ],
    ['the way back', () => get(LOGGED_OUT), 200, {}, '{"postLogout":{"outcome":"missing"}}'],
    [
      'the way back by POST',
      () => post(LOGGED_OUT),
      405,
      { allow: 'GET, HEAD' },
      '{"error":"invalid_request","error_description":"The endpoint does not serve this method"}',
    ],
  ])('%s is answered as on Express', async (_what, send, status, headers, text) => {
    const answer = await send();
    expect([answer.status, answer.text]).toEqual([status, text]);
    expect(answer.headers).toMatchObject({ ...NO_STORE, ...headers, 'set-cookie': ['own=1'] });
  });

  it('a function of the app that fails goes to who comes next', async () => {
    await post('/failing').set('Sec-Fetch-Site', 'same-origin').expect(500);
    expect(errors).toEqual([new Error('own')]);
  });

  it.each([
    ['lets a live token pass', 'HTTP/1.1 101 Switching Protocols'],
    ['refuses another', 'HTTP/1.1 401 Unauthorized'],
  ])('an upgrade by the guard %s', async (how, line) => {
    const token = how.startsWith('lets') ? await signer.accessToken() : 'unknown';
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(
      `GET / HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    await once(socket, 'data');
    socket.destroy();
    expect(text.split('\r\n', 1)).toEqual([line]);
  });
});
describe('a logout on plain http', () => {
  it('answers where to send the browser, and comes back from there', async () => {
    const access_token = await signer.accessToken({ scope: 'read' });
    await oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    const answer = await post(LOGOUT).send({ access_token }).expect(200);
    const redirect = redirectOf(answer);
    const state = new URL(redirect).searchParams.get('state') ?? '';
    const [own, cookie = ''] = answer.get('Set-Cookie') ?? [];
    expect(answer.headers).toMatchObject({ ...NO_STORE, 'content-type': JSON_TYPE });
    expect(own).toBe('own=1');
    expect(cookie).toMatch(
      new RegExp(
        `^__Host-oidc-logout=${state}; Max-Age=3600; Path=/; Expires=[^;]+ GMT; HttpOnly; Secure; SameSite=Lax$`,
      ),
    );
    await get('/api').auth(access_token, { type: 'bearer' }).expect(401);

    const back = get(LOGGED_OUT).query({ state }).set('Cookie', cookie.split(';', 1));
    const returned = await back.expect(200, '{"postLogout":{"outcome":"verified"}}');
    expect(returned.get('Set-Cookie')).toEqual([
      'own=1',
      '__Host-oidc-logout=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    ]);
  });
});
