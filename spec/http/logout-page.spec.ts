import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import request from 'supertest';
import type { OidcLogoutOptions, ProviderOptions } from '../../lib/index.ts';
import { oidcLogout } from '../../lib/index.ts';
import { sendAnswer } from '../../lib/http/logout-answer.ts';
import { type App, appWith, LOGOUT, optionsFor } from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { targetOf } from '../support/logout-page.ts';
import { createSigner, type Signer } from '../support/provider.ts';

const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const OP = 'https://op.example.com';
const POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The page, with a URL that is HTML already. */
const pageTo = (url: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url=${url}">
<title>Logging out</title>
</head>
<body>
<h1>Logging out</h1>
<p>This page goes on by itself. If it does not: <a href="${url}">Continue</a></p>
</body>
</html>
`;

let signer: Signer;

beforeAll(async () => {
  signer = await createSigner();
});

/** Nothing in the URL but what a row is about. */
const BARE = { idTokenHint: 'never', postLogoutRedirectUri: undefined } as const;

describe.each(Object.keys(EXPRESS))('the page of a logout, on %s', (version) => {
  function start(
    provider: Partial<ProviderOptions> = BARE,
    options: Partial<Omit<OidcLogoutOptions, 'provider'>> = {},
    ...before: RequestHandler[]
  ): App {
    const app = EXPRESS[version]?.();
    for (const handler of before) app?.use(handler);
    return appWith(optionsFor(signer, { ...options, provider }), app);
  }

  async function post(
    { app }: App,
    accept: string | undefined = HTML,
    accessToken?: string,
  ): Promise<request.Response> {
    const access_token = accessToken ?? (await signer.accessToken());
    return request(app).post(LOGOUT).type('form').set('Accept', accept).send({ access_token });
  }

  it('is a whole page without a script or a style', async () => {
    const answer = await post(start());
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(pageTo('https://op.example.com/logout?client_id=web'));
  });

  it('has its own policy in place of what helmet and others have set', async () => {
    const cors: RequestHandler = (_req, res, next) => {
      res.set({ Vary: 'Origin', 'Cache-Control': 'public', 'Referrer-Policy': 'unsafe-url' });
      next();
    };
    const { headers } = await post(start(BARE, {}, helmet(), cors));
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      vary: 'Origin, Accept',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    });
  });

  it('has no header that is as long as the URL', async () => {
    const app = start({ idTokenHint: 'always' });
    const access_token = await signer.accessToken();
    const id_token = await signer.idToken({ groups: 'x'.repeat(20_000) });
    await app.oidc.sessions.save({ access_token, id_token });
    const answer = await post(app, HTML, access_token);
    expect(new URL(targetOf(answer.text)).searchParams.get('id_token_hint')).toBe(id_token);
    const longest = Math.max(
      ...Object.values(answer.headers).map((value: unknown) => String(value).length),
    );
    expect(longest).toBeLessThan(300);
    expect(answer.headers).not.toHaveProperty('refresh');
    expect(answer.headers).not.toHaveProperty('location');
  });

  it('shows no part of the URL to who looks at the screen', async () => {
    const { text } = await post(start({ idTokenHint: 'always' }));
    const shown = text.replace(/^[^]*<body>/, '').replace(/<[^>]*>/g, '');
    expect(shown.trim()).toBe('Logging out\nThis page goes on by itself. If it does not: Continue');
  });

  it('is the same when it is loaded again within retryWindow', async () => {
    const app = start({});
    const access_token = await signer.accessToken();
    const first = await post(app, HTML, access_token);
    const again = await post(app, HTML, access_token);
    expect(new URL(targetOf(first.text)).searchParams.get('state')).toHaveLength(43);
    expect(again.text).toBe(first.text);
  });

  it('takes nothing from the request', async () => {
    const app = start({ ...BARE, metadata: {} });
    const answer = await request(app.app)
      .post(`${LOGOUT}/https://evil.example/?redirect=https://evil.example&url=javascript:alert(1)`)
      .set({
        Accept: HTML,
        Host: 'evil.example',
        Origin: 'https://evil.example',
        Referer: 'https://evil.example/',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'javascript',
      })
      .send({ access_token: await signer.accessToken() });
    expect(answer.status).toBe(200);
    expect(targetOf(answer.text)).toBe('/');
    expect(answer.text).not.toMatch(/evil|javascript/);
  });

  describe('is for callers whose Accept prefers HTML to JSON:', () => {
    it.each<[accept: string | undefined, type: 'html' | 'json']>([
      [HTML, 'html'],
      ['text/html', 'html'],
      ['TEXT/HTML', 'html'],
      ['text/*', 'html'],
      ['text/html, application/json;q=0.9', 'html'],
      ['application/json;q=0.4, text/html;q=0.5', 'html'],
      ['text/html;q=0.5, application/json;q=0.5', 'html'],
      ['application/json;q=0, */*', 'html'],
      ['text/vnd.turbo-stream.html, text/html, application/xhtml+xml', 'html'],
      [';;;, text/html', 'html'],
      [undefined, 'json'],
      ['', 'json'],
      ['*/*', 'json'],
      ['text/html;q=0', 'json'],
      ['text/html;q=0, */*', 'json'],
      ['application/json, text/html', 'json'],
      ['application/xhtml+xml', 'json'],
      ['text/html;level=1', 'json'],
      ['text/plain, image/png', 'json'],
      ['application/vnd.elasticsearch+json; compatible-with=9', 'json'],
      ['html', 'json'],
      ['text/html;q=abc', 'json'],
      [',,;q=1', 'json'],
      ['text/', 'json'],
    ])('%j gets %s, as Express negotiates', async (accept, type) => {
      const negotiated: unknown[] = [];
      const app = start(BARE, {}, (req, _res, next) => {
        negotiated.push(req.accepts(['json', 'html']));
        next();
      });
      const asked = request(app.app).post(LOGOUT).type('form');
      if (accept !== undefined) asked.set('Accept', accept);
      const answer = await asked.send({ access_token: await signer.accessToken() });
      expect(negotiated[0] === 'html' ? 'html' : 'json').toBe(type);
      expect([answer.status, answer.type]).toEqual([
        200,
        type === 'html' ? 'text/html' : 'application/json',
      ]);
      expect(answer.headers).toMatchObject({ vary: 'Accept', 'referrer-policy': 'no-referrer' });
      const redirect = `${OP}/logout?client_id=web`;
      if (type === 'html') expect(targetOf(answer.text)).toBe(redirect);
      else expect(answer.text).toBe(`{"redirect":"${redirect}"}`);
    });
  });

  it('is the same on both where they read an Accept in two ways', async () => {
    const { type } = await post(start(), 'text/html;q=');
    expect(type).toBe('text/html');
  });

  describe('goes on to the URL that JSON has, byte for byte,', () => {
    const at = (endpoint: string): Partial<ProviderOptions> => ({
      ...BARE,
      metadata: { end_session_endpoint: endpoint },
    });

    it.each<[what: string, provider: Partial<ProviderOptions>, url: string]>([
      [
        'with an own query that looks like references of HTML',
        at(`${OP}/logout?a=1&amp=2&copy=3&lt&quot;=&#39`.replace('#', '%23')),
        `${OP}/logout?a=1&amp=2&copy=3&lt&quot;=&%2339&client_id=web`,
      ],
      [
        'with markup in the endpoint',
        at(`${OP}/log'out"><script>alert(1)</script>?x='"><img/src=x>`),
        `${OP}/log'out"><script>alert(1)</script>?x='"><img/src=x>&client_id=web`,
      ],
      [
        'with another target of a refresh in it',
        at(`${OP}/logout?x=0;url=javascript:alert(1),0;URL='https://evil.example'`),
        `${OP}/logout?x=0;url=javascript:alert(1),0;URL='https://evil.example'&client_id=web`,
      ],
      [
        'with encoded line breaks, quotes and NUL',
        at(`${OP}/logout?x=%0D%0A%22%27%3C%00%25%c3%A9`),
        `${OP}/logout?x=%0D%0A%22%27%3C%00%25%c3%A9&client_id=web`,
      ],
      ['with a query that has just begun', at(`${OP}/logout?`), `${OP}/logout?client_id=web`],
      ['with a backslash', at(`${OP}/a\\b?\\`), `${OP}/a\\b?\\&client_id=web`],
      [
        'with an address and a port',
        at('https://[2001:db8::1]:8443/logout'),
        'https://[2001:db8::1]:8443/logout?client_id=web',
      ],
      [
        'with further parameters of any characters',
        { ...BARE, endSessionParameters: { '"><b>': `'"<>&;,+ %\n\r\0é\u2028`, 'a&b': '=' } },
        `${OP}/logout?client_id=web&%22%3E%3Cb%3E=%27%22%3C%3E%26%3B%2C%2B+%25%0A%0D%00%C3%A9%E2%80%A8&a%26b=%3D`,
      ],
      [
        'with a hint of any characters',
        { ...BARE, logoutHint: () => `o'hara"<>&+@example.com` },
        `${OP}/logout?client_id=web&logout_hint=o%27hara%22%3C%3E%26%2B%40example.com`,
      ],
      [
        'with several locales',
        { ...BARE, uiLocales: ['de-CH', 'en'] },
        `${OP}/logout?client_id=web&ui_locales=de-CH+en`,
      ],
      [
        'with a client of any characters',
        { ...BARE, clientId: `"web's"&<app>` },
        `${OP}/logout?client_id=%22web%27s%22%26%3Capp%3E`,
      ],
      [
        "as 'auth0' has it, with an address of any characters",
        {
          ...BARE,
          endSession: 'auth0',
          postLogoutRedirectUri: `https://app.example.com/o'clock?a="b"&c=<d>`,
        },
        `${OP}/v2/logout?client_id=web&returnTo=https%3A%2F%2Fapp.example.com%2Fo%27clock%3Fa%3D%22b%22%26c%3D%3Cd%3E`,
      ],
      [
        "as 'cognito' has it",
        {
          ...BARE,
          endSession: 'cognito',
          postLogoutRedirectUri: `https://app.example.com/?'`,
        },
        `${OP}/logout?client_id=web&logout_uri=https%3A%2F%2Fapp.example.com%2F%3F%27`,
      ],
    ])('%s', async (_what, provider, url) => {
      const app = start(provider);
      const json = await post(app, 'application/json');
      expect(json.body).toEqual({ redirect: url });
      const { text } = await post(app);
      expect(targetOf(text)).toBe(url);
      for (const character of ['"', "'", '<', '>']) {
        expect(text.split(character)).toHaveLength(pageTo('').split(character).length);
      }
    });

    it.each<[home: string | undefined, url: string]>([
      [undefined, '/'],
      ['https://app.example.com/logged-out', 'https://app.example.com/logged-out'],
      [
        `https://app.example.com/o'clock?a="&amp;b=<x>`,
        `https://app.example.com/o'clock?a="&amp;b=<x>`,
      ],
      ['http://localhost:3000/?a;b,c', 'http://localhost:3000/?a;b,c'],
    ])('or home where JSON has null: %s', async (postLogoutRedirectUri, url) => {
      const app = start({ ...BARE, metadata: {}, postLogoutRedirectUri });
      expect((await post(app, 'application/json')).text).toBe('{"redirect":null}');
      expect(targetOf((await post(app)).text)).toBe(url);
    });
  });

  describe('is not what an error is answered with:', () => {
    const missing = {
      error: 'invalid_request',
      error_description: 'The field access_token is missing or empty',
    };
    const nothing = { error: 'invalid_request', error_description: 'The request has no body' };
    const method = {
      error: 'invalid_request',
      error_description: 'The endpoint does not serve this method',
    };

    it.each<
      [what: string, method: 'get' | 'put' | 'post', body: string, status: number, is: object]
    >([
      ['no body', 'post', '', 400, nothing],
      ['an empty token', 'post', 'access_token=', 400, missing],
      [
        'markup for a token',
        'post',
        'access_token=%3Cscript%3Ealert(1)%3C/script%3E',
        401,
        {
          error: 'invalid_token',
          error_description: 'The access token is malformed or unknown',
        },
      ],
      [
        'markup for a field',
        'post',
        'access_token=a&%3Cscript%3E=1',
        400,
        { error: 'invalid_request', error_description: 'The body has an unknown field' },
      ],
      ['GET', 'get', '', 405, method],
      ['PUT', 'put', 'access_token=a', 405, method],
    ])('%s', async (_what, verb, body, status, is) => {
      const { app } = start();
      const answer = await request(app)[verb](LOGOUT).set('Accept', HTML).type('form').send(body);
      expect([answer.status, answer.type, answer.body]).toEqual([status, 'application/json', is]);
    });

    it('HEAD', async () => {
      const { app } = start();
      const answer = await request(app).head(LOGOUT).set('Accept', HTML);
      expect([answer.status, answer.headers.allow, answer.text]).toEqual([405, 'POST', undefined]);
    });

    it("no token, in Elasticsearch's envelope", async () => {
      const answer = await post(start(BARE, { errorFormat: 'elasticsearch' }), HTML, '');
      const exception = {
        type: 'action_request_validation_exception',
        reason: 'Validation Failed: 1: token is missing;',
      };
      expect([answer.status, answer.type]).toEqual([400, 'application/json']);
      expect(answer.body).toEqual({
        error: { root_cause: [exception], ...exception },
        status: 400,
      });
    });
  });

  it('names the product where errors are as Elasticsearch has them', async () => {
    const answer = await post(start(BARE, { errorFormat: 'elasticsearch' }));
    expect(answer.headers['x-elastic-product']).toBe('Elasticsearch');
    expect(targetOf(answer.text)).toBe(`${OP}/logout?client_id=web`);
  });
});

it.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)//https://app.example.com',
  ' https://app.example.com/',
  'https://app.example.com/\n',
  'data:text/html,<script>alert(1)</script>',
  '//evil.example',
  '/logged-out',
  'https://alice@app.example.com/',
  'https://app.example.com/#<script>',
  'http://app.example.com/',
])('options let no page go on to %j', (url) => {
  const address = optionsFor(signer, { provider: { postLogoutRedirectUri: url } });
  expect(() => oidcLogout(address)).toThrow(/^"provider.postLogoutRedirectUri" must be /);
  const endpoint = optionsFor(signer, { provider: { metadata: { end_session_endpoint: url } } });
  expect(() => oidcLogout(endpoint)).toThrow(/^"provider.metadata.end_session_endpoint" must be /);
});

it('needs nothing but a server of Node', async () => {
  const form = { action: OP, method: 'POST', fields: { a: '1' } } as const;
  const server = createServer((req, res) => {
    sendAnswer(req, res, { redirect: undefined, form, home: '/?a="b"' });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [page, json] = await Promise.all(
    [HTML, '*/*'].map((accept) => fetch(url, { method: 'POST', headers: { accept } })),
  );
  expect(targetOf((await page?.text()) ?? '')).toBe('/?a="b"');
  expect(json?.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await json?.json()).toEqual({ redirect: null, form });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
