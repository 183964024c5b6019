import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express, { type RequestHandler } from 'express';
import request from 'supertest';
import { type GuardedRequest, oidcLogout } from '../../lib/index.ts';
import { optionsFor } from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { createSigner, type Signer } from '../support/provider.ts';

const MALFORMED = 'The Authorization header is not a well-formed Bearer credential';
const REPEATED = 'The request carries an access token in more than one way';

let signer: Signer;
let token: string;

beforeAll(async () => {
  signer = await createSigner();
  token = await signer.accessToken({ jti: 'jti-1' });
});

interface Answer {
  readonly status: number | undefined;
  readonly challenge: string | undefined;
  readonly body: string;
}

function refusal(error_description: string): Answer {
  return {
    status: 400,
    challenge: `Bearer realm="api", error="invalid_request", error_description="${error_description}"`,
    body: JSON.stringify({ error: 'invalid_request', error_description }),
  };
}

const NO_CREDENTIALS: Answer = { status: 401, challenge: 'Bearer realm="api"', body: '' };
const LET_IN: Answer = { status: 200, challenge: undefined, body: 'jti-1' };

describe.each(Object.keys(EXPRESS))('credentials at the guard on %s', (version) => {
  let server = createServer();

  async function start(...parsers: RequestHandler[]): Promise<void> {
    close();
    const app = (EXPRESS[version] ?? express)();
    if (parsers.length > 0) app.use(parsers);
    app.use('/api', oidcLogout(optionsFor(signer)).guard(), (req: GuardedRequest, res) => {
      res.end(req.auth?.payload.jti);
    });
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  function close(): void {
    server.closeAllConnections();
    server.close();
  }

  beforeEach(() => start());

  afterEach(close);

  /** Sends header lines as they are, however often one stands there. */
  async function send(
    lines: readonly (readonly [string, string])[],
    path = '/api',
  ): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    const headers = [['Host', 'localhost'], ...lines].flat();
    const sent = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return {
      status: answer.statusCode,
      challenge: answer.headers['www-authenticate'],
      body: await text(answer),
    };
  }

  describe('in more than one line', () => {
    it.each<[string, () => [string, string][]]>([
      [
        'two tokens',
        () => [
          ['Authorization', `Bearer ${token}`],
          ['Authorization', 'Bearer other'],
        ],
      ],
      [
        'the valid one last',
        () => [
          ['Authorization', 'Bearer other'],
          ['Authorization', `Bearer ${token}`],
        ],
      ],
      [
        'the same token twice',
        () => [
          ['Authorization', `Bearer ${token}`],
          ['Authorization', `Bearer ${token}`],
        ],
      ],
      [
        'other letters of the name',
        () => [
          ['authorization', `Bearer ${token}`],
          ['AUTHORIZATION', 'Bearer other'],
        ],
      ],
      [
        'another scheme after it',
        () => [
          ['Authorization', `Bearer ${token}`],
          ['Authorization', 'Basic YTpi'],
        ],
      ],
      [
        'another scheme before it',
        () => [
          ['Authorization', 'Basic YTpi'],
          ['Authorization', `Bearer ${token}`],
        ],
      ],
      [
        'an empty line after it',
        () => [
          ['Authorization', `Bearer ${token}`],
          ['Authorization', ''],
        ],
      ],
      [
        'an empty line before it',
        () => [
          ['Authorization', ''],
          ['Authorization', `Bearer ${token}`],
        ],
      ],
      [
        'others between them',
        () => [
          ['Authorization', `Bearer ${token}`],
          ['X-A', 'b'],
          ['Accept', '*/*'],
          ['Authorization', `Bearer ${token}`],
        ],
      ],
    ])('are 400: %s', async (_what, lines) => {
      expect(await send(lines())).toEqual(refusal(REPEATED));
    });

    it('are none where another header has the token too', async () => {
      const lines = [
        ['Authorization', `Bearer ${token}`],
        ['Proxy-Authorization', 'Bearer x'],
      ] as const;
      expect(await send([...lines, ['X-Authorization', 'Bearer other']])).toEqual(LET_IN);
    });
  });

  describe('in a header', () => {
    it.each([
      'Bearer',
      'Bearer\t',
      'Bearer\tabc',
      'Bearer \tabc',
      'Bearer,abc',
      'Bearer=abc',
      'Bearer:abc',
      'Bearer"abc"',
      'Bearer abc,',
      'Bearer abc, Bearer abc',
      'Bearer abc,def',
      'Bearer abc def',
      'Bearer abc\tdef',
      'Bearer realm="api"',
      'Bearer abc=def',
      'Bearer =abc',
      'Bearer %61bc',
      'Bearer abc!',
      'Bearer {abc}',
      'bearer \u00e9',
      'Bearer abc\u00e9',
      'Bearer\u00a0abc',
      'BEARER abc\u00ff',
    ])('%j is 400', async (authorization) => {
      expect(await send([['Authorization', authorization]])).toEqual(refusal(MALFORMED));
    });

    it.each([
      '',
      'Basic YTpi',
      'DPoP abc',
      'Bearerabc',
      'Bearer-abc abc',
      'Bearer_ abc',
      'Bearer. abc',
      "Bearer' abc",
      'XBearer abc',
      'Digest username="Bearer"',
      'Negotiate Bearer abc',
      '\u00e9Bearer abc',
      ',Bearer abc',
    ])('%j is 401 without an error', async (authorization) => {
      expect(await send([['Authorization', authorization]])).toEqual(NO_CREDENTIALS);
    });

    it.each(['Bearer ', 'bearer ', 'BEARER ', 'bEaReR   '])(
      '%j and a token are let in',
      async (scheme) => {
        expect(await send([['Authorization', scheme + token]])).toEqual(LET_IN);
      },
    );
  });

  describe('in the query too', () => {
    it.each([
      '?access_token=x',
      '?access_token=',
      '?access_token',
      '?a=b&access_token=x',
      '?access%5Ftoken=x',
      '?access%5ftoken=x',
      '?%61ccess_toke%6E=x',
      '?a=?&access_token=x',
      '?&&access_token=x&',
      '?access_token=x&access_token=y',
      '?a=%zz&access_token=x',
    ])('%j is 400', async (query) => {
      const answer = await send([['Authorization', `Bearer ${token}`]], `/api${query}`);
      expect(answer).toEqual(refusal(REPEATED));
    });

    it('is 400 where the token is the same', async () => {
      const path = `/api?access_token=${token}`;
      expect(await send([['Authorization', `Bearer ${token}`]], path)).toEqual(refusal(REPEATED));
    });

    it.each([
      '',
      '?',
      '?next=/cb?access_token=x',
      '?next=%26access_token=x',
      '?next=%3Faccess_token%3Dx',
      '?a=b?access_token=x',
      '?Access_Token=x',
      '?my_access_token=x',
      '?access_token_hint=x',
      '?access%255Ftoken=x',
      '?access+token=x',
      '/access_token=x',
      '/%3Faccess_token=x',
    ])('%j is none', async (query) => {
      expect(await send([['Authorization', `Bearer ${token}`]], `/api${query}`)).toEqual(LET_IN);
    });

    it('is 400 where the app has changed the URL since', async () => {
      await start((req, _res, next) => {
        req.url = req.url.replace(/\?.*/, '');
        next();
      });
      const answer = await send([['Authorization', `Bearer ${token}`]], '/api?access_token=x');
      expect(answer).toEqual(refusal(REPEATED));
    });

    it('alone is 401 without an error', async () => {
      expect(await send([], `/api?access_token=${token}`)).toEqual(NO_CREDENTIALS);
    });
  });

  describe('in a form too', () => {
    const FORM = 'application/x-www-form-urlencoded';
    const post = (body: string, type = FORM) =>
      request(server).post('/api').set('Authorization', `Bearer ${token}`).type(type).send(body);

    describe.each([true, false])('parsed with extended: %j', (extended) => {
      beforeEach(() => start(express.urlencoded({ extended }), express.json(), express.text()));

      it.each<[string, string, string]>([
        ['another token', 'access_token=other', FORM],
        ['an empty one', 'access_token=', FORM],
        ['no value', 'access_token', FORM],
        ['two others', 'access_token=a&access_token=b', FORM],
        ['another spelling of its name', 'access%5Ftoken=other', FORM],
        ['a charset beside its type', 'access_token=other', `${FORM}; charset=utf-8`],
        ['its type in other letters', 'access_token=other', 'Application/X-WWW-Form-URLencoded'],
      ])('is 400: %s', async (_what, body, type) => {
        const answer = await post(body, type).expect(400);
        expect(answer.body).toEqual({ error: 'invalid_request', error_description: REPEATED });
        expect(answer.headers['www-authenticate']).toBe(refusal(REPEATED).challenge);
      });

      it('is 400 where the same token stands twice', async () => {
        await post(`access_token=${token}&access_token=${token}`).expect(400);
      });

      it('passes where the token is the same', async () => {
        await post(`access_token=${token}&refresh_token=x`).expect(200, 'jti-1');
      });

      it.each<[string, string, string]>([
        ['a form without one', 'a=b', FORM],
        ['JSON', '{"access_token":"other"}', 'application/json'],
        ['text', 'access_token=other', 'text/plain'],
        ['nothing', '', FORM],
      ])('passes where the body is %s', async (_what, body, type) => {
        await post(body, type).expect(200, 'jti-1');
      });

      it('is 401 without an error where nothing else has a token', async () => {
        await request(server).post('/api').type(FORM).send(`access_token=${token}`).expect(401, '');
      });
    });

    it('is 400 where brackets make it a list or an object', async () => {
      await start(express.urlencoded({ extended: true }));
      for (const name of ['access_token[]', 'access_token[0]', 'access_token[a]']) {
        await post(`${name}=${token}`).expect(400);
      }
    });

    it('is not looked for in a body that nobody has parsed', async () => {
      await post('access_token=other').expect(200, 'jti-1');
    });
  });
});
