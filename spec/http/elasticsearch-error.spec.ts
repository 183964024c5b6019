import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type App, appWith, LOGOUT, optionsFor } from '../support/app.ts';
import { createSigner, type Signer } from '../support/provider.ts';

const PRODUCT = { 'x-elastic-product': 'Elasticsearch', 'cache-control': 'no-store' };

describe("logout with errorFormat: 'elasticsearch'", () => {
  let signer: Signer;
  let app: App;

  beforeAll(async () => {
    signer = await createSigner();
  });

  beforeEach(() => {
    app = appWith({ ...optionsFor(signer), errorFormat: 'elasticsearch' });
  });

  it('names the product on success too', async () => {
    const token = await signer.accessToken();
    const answer = await request(app.app)
      .post(`${LOGOUT}?pretty&error_trace=false`)
      .set('Accept', 'application/vnd.elasticsearch+json; compatible-with=9')
      .type('application/vnd.elasticsearch+json; compatible-with=9')
      .send(JSON.stringify({ token }));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject(PRODUCT);
    expect(Object.keys(answer.body as object)).toEqual(['redirect']);
  });

  const parse = 'x_content_parse_exception';

  it.each<[string, string, string, string]>([
    ['{}', '', 'action_request_validation_exception', 'Validation Failed: 1: token is missing;'],
    [
      '{"token":""}',
      '',
      'action_request_validation_exception',
      'Validation Failed: 1: token is missing;',
    ],
    [
      '{"token":"a","refresh_token":""}',
      '',
      'illegal_argument_exception',
      'refresh token must be provided',
    ],
    ['{"tokn":"a"}', '', parse, '[oidc_logout] unknown field [tokn]'],
    ['{"token":null}', '', parse, "[oidc_logout] token doesn't support values of type: VALUE_NULL"],
    ['{"token":1}', '', parse, "[oidc_logout] token doesn't support values of type: VALUE_NUMBER"],
    [
      '{"token":true}',
      '',
      parse,
      "[oidc_logout] token doesn't support values of type: VALUE_BOOLEAN",
    ],
    [
      '{"token":["a"]}',
      '',
      parse,
      "[oidc_logout] token doesn't support values of type: START_ARRAY",
    ],
    [
      '{"token":"a","refresh_token":{}}',
      '',
      parse,
      "[oidc_logout] refresh_token doesn't support values of type: START_OBJECT",
    ],
    ['[]', '', parse, '[1:1] [oidc_logout] Expected START_OBJECT but was: START_ARRAY'],
    ['"a"', '', parse, '[1:1] [oidc_logout] Expected START_OBJECT but was: VALUE_STRING'],
    ['{"token":', '', parse, '[1:1] the request body cannot be parsed'],
    [
      '{"token":"a","access_token":"b"}',
      '',
      'illegal_argument_exception',
      'The fields access_token and token differ',
    ],
    [
      '{"token":"a"}',
      '?x=1',
      'illegal_argument_exception',
      'request [/_security/oidc/logout] contains unrecognized parameter: [x]',
    ],
  ])('answers 400 to %s%s', async (body, query, type, reason) => {
    const answer = await request(app.app)
      .post(LOGOUT + query)
      .type('json')
      .send(body);
    expect(answer.status).toBe(400);
    expect(answer.headers).toMatchObject(PRODUCT);
    expect(answer.body).toEqual({
      error: { root_cause: [{ type, reason }], type, reason },
      status: 400,
    });
  });

  it('answers 400 to an empty body', async () => {
    const [type, reason] = ['parse_exception', 'request body is required'];
    await request(app.app)
      .post(LOGOUT)
      .expect(400, {
        error: { root_cause: [{ type, reason }], type, reason },
        status: 400,
      });
  });

  it('answers 401 to an unknown token, with the challenge in header and body', async () => {
    const challenge =
      'Bearer realm="api", error="invalid_token", ' +
      'error_description="The access token is malformed or unknown"';
    const exception = {
      type: 'security_exception',
      reason: 'supplied token is not valid',
      header: { 'WWW-Authenticate': challenge },
    };
    await request(app.app)
      .post(LOGOUT)
      .send({ token: 'unknown' })
      .expect('WWW-Authenticate', challenge)
      .expect(401, { error: { root_cause: [exception], ...exception }, status: 401 });
  });

  it('answers routing errors as a text', async () => {
    await request(app.app)
      .get(LOGOUT)
      .expect('Allow', 'POST')
      .expect(405, {
        error: `Incorrect HTTP method for uri [${LOGOUT}] and method [GET], allowed: [POST]`,
        status: 405,
      });
    await request(app.app)
      .post(LOGOUT)
      .type('text/plain; charset=utf-8')
      .send('a')
      .expect(415, { error: 'Content-Type header [text/plain] is not supported', status: 415 });
  });

  it('answers a body without a media type as a text', async () => {
    const server = app.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const body = Buffer.from('a');
    const answer = await fetch(`http://127.0.0.1:${port}${LOGOUT}`, { method: 'POST', body });
    expect([answer.status, await answer.json()]).toEqual([
      415,
      { error: 'Content-Type header is missing', status: 415 },
    ]);
    server.close();
    server.closeAllConnections();
  });

  it('answers 413 to a body that is too large', async () => {
    const exception = { type: 'content_too_long_exception', reason: 'The body is too large' };
    await request(app.app)
      .post(LOGOUT)
      .send({ token: 'x'.repeat(20_000) })
      .expect(413, { error: { root_cause: [exception], ...exception }, status: 413 });
  });
});
