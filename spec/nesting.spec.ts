import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CompactEncrypt, exportJWK, type JWK } from 'jose';
import express from 'express';
import request from 'supertest';
import { verifyLogoutToken } from '../lib/index.ts';
import { type App, appWith, BACK_CHANNEL_LOGOUT, call, LOGOUT, optionsFor } from './support/app.ts';
import { createKeyPair } from './support/key-pair.ts';
import { AUDIENCE, CLIENT_ID, LOGOUT_EVENT } from './support/provider.ts';
import { createRawSigner, nestedJson, type RawSigner } from './support/raw-signer.ts';

const DEEP = 20_000;
const MALFORMED = {
  error: 'invalid_token',
  error_description: 'The access token is malformed or unknown',
};
const NOT_AUTHENTIC = {
  error: 'invalid_token',
  error_description: 'The access token is not authentic or not meant for this API',
};
const FORGED_LOGOUT_TOKEN = {
  error: 'invalid_request',
  error_description: 'The Logout Token is not authentic or not meant for this client',
};
// Nobody can tell whose it is.
const UNKNOWN_LOGOUT_TOKEN = {
  error: 'invalid_request',
  error_description: 'The Logout Token is of an unknown issuer',
};

let raw: RawSigner;
let encryption: { publicJwk: JWK; privateJwk: JWK };
let app: App;

beforeAll(async () => {
  raw = createRawSigner();
  const { privateKey, publicKey } = await createKeyPair('RSA-OAEP-256');
  encryption = { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) };
});

beforeEach(() => {
  app = start();
});

afterEach(() => app.oidc.close());

function start(entry: object = {}, outer = express()): App {
  const { issuer, jwk } = raw;
  const signer = { issuer, jwk } as never;
  return appWith(
    optionsFor(signer, { bodyLimit: 2 ** 20, provider: { jwks: { keys: [jwk] }, ...entry } }),
    outer,
  );
}

function members(claims: object): string {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: raw.issuer, sub: 'alice', sid: 'sid-1', iat: now, exp: now + 600, ...claims };
  return JSON.stringify(all).slice(1, -1);
}

const HEADER = '"alg":"RS256","kid":"key-1"';
const accessToken = (levels: number) =>
  raw.sign(`{${HEADER},"typ":"at+jwt"}`, nestedJson(levels, members({ aud: AUDIENCE })));
const idToken = (levels: number) =>
  raw.sign(`{${HEADER}}`, nestedJson(levels, members({ aud: CLIENT_ID })));
const logoutToken = (levels: number) =>
  raw.sign(
    `{${HEADER}}`,
    nestedJson(levels, members({ aud: CLIENT_ID, jti: `jti-${levels}`, events: LOGOUT_EVENT })),
  );
const sendLogoutToken = (logout_token: string, { app: outer } = app) =>
  request(outer).post(BACK_CHANNEL_LOGOUT).type('form').send({ logout_token });

function encrypt(jwt: string, header: object): Promise<string> {
  return new CompactEncrypt(Buffer.from(jwt))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', cty: 'JWT', ...header })
    .encrypt(encryption.publicJwk);
}

describe('a token of 32 levels', () => {
  it('is taken everywhere', async () => {
    await app.oidc.sessions.save({ access_token: accessToken(32), id_token: idToken(32) });
    // Node takes 16 kB of headers, so that it can be no deeper there by itself.
    await call(app, accessToken(32)).expect(200);
    await sendLogoutToken(logoutToken(32)).expect(200, '');
    await call(app, accessToken(32)).expect(401);
  });
});

describe.each([33, 5000, DEEP])('a token of %i levels', (levels) => {
  it('is malformed for the logout', async () => {
    await request(app.app)
      .post(LOGOUT)
      .send({ access_token: accessToken(levels) })
      .expect(401, MALFORMED);
  });

  it('is malformed for the guard, wherever it comes from', async () => {
    app.app.use(
      '/own',
      app.oidc.guard({ token: () => accessToken(levels) }),
      (_req, res) => void res.end(),
    );
    await request(app.app).get('/own').expect(401, MALFORMED);
  });

  it('is none for sessions, and saves nothing', async () => {
    const { sessions } = app.oidc;
    const good = { access_token: accessToken(2), id_token: idToken(2) };
    const deep = { code: 'ERR_OIDC_LOGOUT_INVALID_ID_TOKEN' };
    await expect(sessions.save({ ...good, id_token: idToken(levels) })).rejects.toMatchObject(deep);
    const malformed = { code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN', reason: 'malformed' };
    const access_token = accessToken(levels);
    await expect(sessions.save({ ...good, access_token })).rejects.toMatchObject(malformed);
    await sessions.save(good);
    const renewed = { access_token: accessToken(3), id_token: idToken(levels) };
    await expect(sessions.rotate(good, renewed)).rejects.toMatchObject(deep);
    await expect(sessions.rotate(good, { access_token })).rejects.toMatchObject(malformed);
    await call(app, good.access_token).expect(200);
  });

  it('is refused by the back channel, and ends nothing', async () => {
    await sendLogoutToken(logoutToken(levels)).expect(400, UNKNOWN_LOGOUT_TOKEN);
    await call(app, accessToken(2)).expect(200);
  });

  it('is malformed for verifyLogoutToken()', async () => {
    const options = { issuer: raw.issuer, clientId: CLIENT_ID };
    const verification = verifyLogoutToken(logoutToken(levels), raw.jwk, options);
    await expect(verification).rejects.toMatchObject({ reason: 'malformed' });
  });

  it('is malformed inside of an encrypted one, and around it', async () => {
    const idTokenEncryption = { alg: 'RSA-OAEP-256', jwks: { keys: [encryption.privateJwk] } };
    app = start({ idTokenEncryption });
    const sound = logoutToken(2);
    const deep = JSON.parse(nestedJson(Math.min(levels, 1000))) as object;
    await sendLogoutToken(await encrypt(logoutToken(levels), {}), app).expect(400);
    for (const name of ['iss', 'sub', 'aud', 'x']) {
      await sendLogoutToken(await encrypt(sound, { [name]: deep }), app).expect(400);
      const id_token = await encrypt(idToken(2), { [name]: deep });
      const saved = app.oidc.sessions.save({ access_token: 'opaque-1', id_token });
      await expect(saved).rejects.toMatchObject({ code: 'ERR_OIDC_LOGOUT_INVALID_ID_TOKEN' });
    }
    await sendLogoutToken(await encrypt(sound, {}), app).expect(200);
  });
});

describe('a JWT with b64', () => {
  it.each<[string, string]>([
    ['that is false', '"b64":false'],
    ['that is false and critical', '"b64":false,"crit":["b64"]'],
    ['that is a number', '"b64":1'],
    ['that is null', '"b64":null'],
  ])('%s is none anywhere', async (_what, b64) => {
    const header = `{${HEADER},${b64}}`;
    const access_token = raw.sign(header, `{${members({ aud: AUDIENCE })}}`);
    const id_token = raw.sign(header, `{${members({ aud: CLIENT_ID })}}`);
    const logout_token = raw.sign(
      header,
      `{${members({ aud: CLIENT_ID, jti: 'j', events: LOGOUT_EVENT })}}`,
    );
    await call(app, access_token).expect(401, NOT_AUTHENTIC);
    await request(app.app).post(LOGOUT).send({ access_token }).expect(401, NOT_AUTHENTIC);
    await sendLogoutToken(logout_token).expect(400, FORGED_LOGOUT_TOKEN);
    const saved = app.oidc.sessions.save({ access_token: accessToken(2), id_token });
    await expect(saved).rejects.toMatchObject({ code: 'ERR_OIDC_LOGOUT_INVALID_ID_TOKEN' });
  });
});

describe('a body of 8,000 levels', () => {
  const arrays = '['.repeat(8000) + ']'.repeat(8000);
  const objects = '{"a":'.repeat(8000) + '1' + '}'.repeat(8000);

  it.each<[string, string, string]>([
    ['arrays', arrays, 'The body is not a JSON object'],
    [
      'arrays as access_token',
      `{"access_token":${arrays}}`,
      'The field access_token is not a string',
    ],
    [
      'objects as access_token',
      `{"access_token":${objects}}`,
      'The field access_token is not a string',
    ],
    ['arrays as token', `{"token":${arrays}}`, 'The field access_token is not a string'],
    [
      'objects as refresh_token',
      `{"access_token":"a","refresh_token":${objects}}`,
      'The field refresh_token is not a string',
    ],
    ['an unknown field', objects, 'The body has an unknown field: a'],
  ])('is 400 for the logout: %s', async (_what, body, error_description) => {
    const expected = { error: 'invalid_request', error_description };
    const outer = express().use(express.json());
    for (const at of [app, start({}, outer)]) {
      await request(at.app).post(LOGOUT).type('json').send(body).expect(400, expected);
    }
  });

  it('is 400 for the logout without its end too', async () => {
    const error_description = 'The body cannot be parsed';
    const sent = request(app.app).post(LOGOUT).type('json').send('['.repeat(8000));
    await sent.expect(400, { error: 'invalid_request', error_description });
  });

  it.each<[string, string]>([
    ['form', `logout_token${'[a]'.repeat(2000)}=x`],
    ['form', `logout_token=${encodeURIComponent(arrays)}`],
    ['json', `{"logout_token":${arrays}}`],
    ['json', arrays],
  ])('is 400 for the back channel, of the type %s', async (type, body) => {
    for (const at of [
      app,
      start({}, express().use(express.json(), express.urlencoded({ extended: true }))),
    ]) {
      await request(at.app).post(BACK_CHANNEL_LOGOUT).type(type).send(body).expect(400);
    }
  });
});
