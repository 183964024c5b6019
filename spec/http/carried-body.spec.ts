import { connect } from 'node:http2';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import express, { type Express, type RequestHandler } from 'express';
import request from 'supertest';
import { type OidcLogout, oidcLogout } from '../../lib/index.ts';
import { appWith, BACK_CHANNEL_LOGOUT, call, LOGOUT, optionsFor } from '../support/app.ts';
import { EXPRESS } from '../support/express-versions.ts';
import { createSigner, type Signer } from '../support/provider.ts';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

let signer: Signer;

beforeAll(async () => {
  signer = await createSigner();
});

/** Reads the body as a serverless carrier does, and leaves it as it is. */
function carrier(carry: (bytes: Buffer) => unknown): RequestHandler {
  return (req, _res, next) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      (req as { body?: unknown }).body = carry(Buffer.concat(chunks));
      next();
    });
  };
}

const LEFT: Record<string, RequestHandler> = {
  'bytes, by express.raw()': express.raw({ type: () => true }),
  'text, by express.text()': express.text({ type: () => true }),
  'bytes, by a carrier': carrier((bytes) => bytes),
  'a Uint8Array, by a carrier': carrier((bytes) => new Uint8Array(bytes)),
  'a part of a larger ArrayBuffer': carrier((bytes) =>
    Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]).subarray(
      6,
      6 + bytes.byteLength,
    ),
  ),
  'text, by a carrier': carrier((bytes) => bytes.toString()),
};

// A text is never compressed, but for what has been inflated on its way to be one.
const COMPRESSIBLE = Object.keys(LEFT).filter((name) => name !== 'text, by a carrier');

describe.each(Object.keys(EXPRESS))('a body on %s', (version) => {
  const startBehind = (left: RequestHandler, options: object = {}) => {
    const outer = EXPRESS[version]?.() ?? express();
    return appWith({ ...optionsFor(signer), ...options }, outer.use(left));
  };

  const post = (app: Express, path: string, body: string | Buffer, type: string) =>
    request(app)
      .post(path)
      .set('Content-Type', type)
      .serialize((data) => data as string)
      .send(body);

  describe.each(Object.keys(LEFT))('left as %s', (name) => {
    const left = LEFT[name] ?? express.raw();

    it.each([
      [JSON_TYPE, (token: string) => JSON.stringify({ access_token: token })],
      [`${JSON_TYPE}; charset=utf-8`, (token: string) => JSON.stringify({ token })],
      ['application/x+json', (token: string) => `\n ${JSON.stringify({ token })}`],
      [
        'application/vnd.elasticsearch+json; compatible-with=9',
        (token: string) => JSON.stringify({ token, refresh_token: 'ä' }),
      ],
      [FORM_TYPE, (token: string) => `access_token=${token}&refresh_token=r%26`],
      [`${FORM_TYPE}; charset=iso-8859-1`, (token: string) => `access_token=${token}`],
    ])('is parsed as its media type %s says', async (type, bodyOf) => {
      const app = startBehind(left);
      const access_token = await signer.accessToken();
      await post(app.app, LOGOUT, bodyOf(access_token), type).expect(200);
      await call(app, access_token).expect(401);
    });

    it('is parsed at the back channel', async () => {
      const app = startBehind(left);
      const access_token = await signer.accessToken();
      const body = `logout_token=${await signer.logoutToken()}`;
      await post(app.app, BACK_CHANNEL_LOGOUT, body, FORM_TYPE).expect(200, '');
      await call(app, access_token).expect(401);
    });

    it.each([
      ['an empty one', JSON_TYPE, '', 400, 'The request has no body'],
      ['an empty form', FORM_TYPE, '', 400, 'The request has no body'],
      ['no JSON', JSON_TYPE, '{"access_token":', 400, 'The body cannot be parsed'],
      ['a text of JSON', JSON_TYPE, '"a"', 400, 'The body is not a JSON object'],
      ['null', JSON_TYPE, 'null', 400, 'The body is not a JSON object'],
      ['an array', JSON_TYPE, '[]', 400, 'The body is not a JSON object'],
      ['an unknown field', JSON_TYPE, '{"a":1}', 400, 'The body has an unknown field: a'],
      [
        'a repeated field',
        FORM_TYPE,
        'token=a&token=b',
        400,
        'The field access_token is not a string',
      ],
      [
        'another media type',
        'text/plain',
        'token=a',
        415,
        'The media type, charset or encoding of the body is not supported',
      ],
      [
        'another charset',
        `${JSON_TYPE}; charset=iso-8859-1`,
        '{"token":"a"}',
        415,
        'The media type, charset or encoding of the body is not supported',
      ],
      [
        'one beyond the limit',
        JSON_TYPE,
        `{"token":"${'a'.repeat(16_384)}"}`,
        413,
        'The body is too large',
      ],
    ])('fails as any other: %s', async (_what, type, body, status, error_description) => {
      const answer = await post(startBehind(left).app, LOGOUT, body, type);
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual({ error: 'invalid_request', error_description });
    });

    it('may be as long as the limit, in bytes, and no longer', async () => {
      const access_token = await signer.accessToken();
      const text = JSON.stringify({ access_token, refresh_token: 'ä' });
      const bodyLimit = Buffer.byteLength(text);
      const tight = startBehind(left, { bodyLimit });
      await post(tight.app, LOGOUT, text, JSON_TYPE).expect(200);
      await post(tight.app, LOGOUT, ` ${text}`, JSON_TYPE).expect(413);
    });
  });

  describe.each(COMPRESSIBLE)('left as %s', (name) => {
    const left = LEFT[name] ?? express.raw();

    it.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('may have come as %s, inflated meanwhile or not', async (encoding, compress) => {
      const app = startBehind(left);
      for (const type of [JSON_TYPE, FORM_TYPE]) {
        const access_token = await signer.accessToken({ sid: type });
        const text =
          type === JSON_TYPE ? JSON.stringify({ access_token }) : `access_token=${access_token}`;
        const test = post(app.app, LOGOUT, compress(text), type);
        await test.set('Content-Encoding', encoding).expect(200);
        await call(app, access_token).expect(401);
      }
      const large = compress(`{"token":"${'a'.repeat(20_000)}"}`);
      const test = post(app.app, LOGOUT, large, JSON_TYPE).set('Content-Encoding', encoding);
      await test.expect(413);
      const broken = post(app.app, LOGOUT, compress('{}').subarray(0, -4), JSON_TYPE);
      await broken.set('Content-Encoding', encoding).expect(400);
    });
  });

  it('that the app has parsed is taken as it is', async () => {
    const app = startBehind(express.json());
    const access_token = await signer.accessToken();
    await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
    await call(app, access_token).expect(401);
  });

  it('that is chunked and empty is none', async () => {
    const app = appWith(optionsFor(signer), EXPRESS[version]?.());
    const test = request(app.app).post(LOGOUT).type(JSON_TYPE).set('Transfer-Encoding', 'chunked');
    await test.expect(400, {
      error: 'invalid_request',
      error_description: 'The request has no body',
    });
  });

  it('is told to callers of Elasticsearch by what it is', async () => {
    const text = express.text({ type: () => true });
    const app = startBehind(text, { errorFormat: 'elasticsearch' });
    const answer = await post(app.app, LOGOUT, '{"token":5}', JSON_TYPE).expect(400);
    expect((answer.body as { error: { reason: string } }).error.reason).toBe(
      "[oidc_logout] token doesn't support values of type: VALUE_NUMBER",
    );
  });
});

describe('a body of a carrier without a stream', () => {
  let close: () => void;

  afterEach(() => {
    close();
  });

  /** Serves what a carrier makes of an event: headers and a body, that nobody announced. */
  async function serve(body: unknown): Promise<string> {
    const handle = oidcLogout(optionsFor(signer)).logout();
    const server = createServer((req, res) => {
      req.resume().on('end', () => {
        req.headers = { 'content-type': req.headers['content-type'] };
        Object.assign(req, { body });
        void handle(req, res, () => res.end('next'));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = () => server.close();
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each<[string, (text: string) => unknown]>([
    ['bytes', (text) => Buffer.from(text)],
    ['text', (text) => text],
  ])('is read as %s', async (_what, carry) => {
    const text = JSON.stringify({ access_token: 'x' });
    const url = await serve(carry(text));
    const answer = await request(url).post('/').type(JSON_TYPE).send('ignored');
    expect([answer.status, answer.body]).toEqual([
      401,
      {
        error: 'invalid_token',
        error_description: 'The access token is malformed or unknown',
      },
    ]);
  });

  it.each([undefined, '', Buffer.alloc(0)])('that is %p is none', async (body) => {
    const answer = await request(await serve(body))
      .post('/')
      .type(JSON_TYPE)
      .send('ignored');
    expect([answer.status, answer.body]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'The request has no body' },
    ]);
  });
});

describe('a body over HTTP/2, which announces no length', () => {
  let oidc: OidcLogout;
  let url: string;
  let close: () => void;

  beforeAll(() => {
    oidc = oidcLogout(optionsFor(signer));
  });

  afterEach(() => {
    close();
  });

  async function start(): Promise<void> {
    const handle = oidc.backChannelLogout();
    const server = createHttp2Server((req, res) => {
      const [plainReq, plainRes] = [req, res] as unknown as [IncomingMessage, ServerResponse];
      void handle(plainReq, plainRes, () => res.end('next'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => server.close();
  }

  async function send(body: string | undefined): Promise<[status: number, text: string]> {
    const session = connect(url);
    const stream = session.request(
      { ':method': 'POST', ':path': '/', 'content-type': FORM_TYPE },
      { endStream: body === undefined },
    );
    if (body !== undefined) stream.end(body);
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    session.close();
    return [Number(headers[':status']), text];
  }

  it('is read', async () => {
    await start();
    expect(await send(`logout_token=${await signer.logoutToken()}`)).toEqual([200, '']);
  });

  it.each<[string, string | undefined, number, string]>([
    ['none', undefined, 400, 'The request has no body'],
    ['empty', '', 400, 'The request has no body'],
    ['of another shape', 'a=b', 400, 'The field logout_token is missing, empty or repeated'],
    ['too large', `logout_token=${'a'.repeat(20_000)}`, 400, 'The body is too large'],
  ])('is answered 400 where it is %s', async (_what, body, status, error_description) => {
    await start();
    expect(await send(body)).toEqual([
      status,
      JSON.stringify({ error: 'invalid_request', error_description }),
    ]);
  });
});
