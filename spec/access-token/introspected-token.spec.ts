import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessToken } from '../../lib/access-token/access-token.ts';
import { introspectedToken } from '../../lib/access-token/introspected-token.ts';
import type { InvalidTokenError } from '../../lib/errors.ts';
import { Events } from '../../lib/events.ts';
import { resolveOptions } from '../../lib/options/oidc-logout-options.ts';
import { Providers } from '../../lib/provider/providers.ts';
import { optionsFor } from '../support/app.ts';
import { resetClocks, setTime } from '../support/clock.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  type Signer,
} from '../support/provider.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://op.example.com';
const NO_AUDIENCE = { accessTokens: { withoutAudience: true } };
const FOR_CLIENTS = { accessTokens: { clients: ['spa'] } };

let signer: Signer;

beforeAll(async () => {
  signer = await createSigner(ISSUER, { alg: 'ES256' });
});

beforeEach(() => {
  setTime(NOW * 1000);
});

afterEach(resetClocks);

/** What an active answer with the claims makes of an opaque token. */
function read(claims: Claims, entry: object = {}, options: object = {}): AccessToken {
  const rules = resolveOptions({ ...optionsFor(signer, { provider: entry }), ...options });
  const { first: provider } = new Providers(rules.providers, new Events());
  const answer = { exp: NOW + 60, ...claims };
  return introspectedToken({ token: 'opaque', key: 'key', provider, claims: answer }, rules);
}

function refusalOf(claims: Claims, entry: object = {}) {
  try {
    read(claims, entry);
  } catch (error) {
    const { reason, claim, expected, found, issuer } = error as InvalidTokenError;
    expect(issuer).toBe(ISSUER);
    return { reason, claim, expected, found };
  }
  throw new Error('The token is accepted');
}

// RFC 7662, section 4
describe('an active introspected token', () => {
  it('is known by what the provider tells, and no more', () => {
    const times = { iat: NOW - 1.5, exp: NOW + 59.5, auth_time: NOW - 9.5 };
    const token = read({ ...times, aud: AUDIENCE, sub: 'alice', sid: 's', a: { b: 1 } });
    expect(token).toMatchObject({
      ...{ key: 'key', saved: undefined, isUnclear: false, isSenderConstrained: false },
      ...{ issuedAt: NOW - 1.5, expiresAt: NOW + 60, authTime: NOW - 10 },
      auth: { token: 'opaque', header: undefined, payload: { iss: ISSUER, sub: 'alice' } },
    });
    const { auth, subjectKey, sessionKey } = token;
    expect([auth, auth.payload, auth.payload.a].every(Object.isFrozen)).toBe(true);
    expect([subjectKey, sessionKey]).not.toContain(undefined);
  });

  it.each<[string, Claims]>([
    ['an audience', { aud: AUDIENCE }],
    ['several audiences', { aud: ['other', AUDIENCE] }],
    ['an audience beside its client', { aud: [CLIENT_ID, AUDIENCE] }],
    ['the type Bearer alone', { token_type: 'bearer' }],
    ['the type DPoP alone', { token_type: 'DPoP' }],
    ['the kind of Keycloak', { aud: AUDIENCE, typ: 'Bearer' }],
    ['the kind of Keycloak for DPoP', { aud: AUDIENCE, typ: 'DPoP' }],
    ['the use access', { aud: AUDIENCE, token_use: 'access' }],
    ['the use access_token', { aud: AUDIENCE, token_use: 'access_token' }],
    ['its own issuer', { aud: AUDIENCE, iss: ISSUER }],
    ['a start within the tolerance', { aud: AUDIENCE, nbf: NOW + 5 }],
    ['its own client alone', { token_type: 'Bearer', client_id: CLIENT_ID }],
    ['another client for this API', { aud: AUDIENCE, client_id: 'other' }],
  ])('passes with %s', (_what, claims) => {
    expect(read(claims)).toMatchObject({ expiresAt: NOW + 60 });
  });

  it.each<[string, string, Claims, object]>([
    // As a refresh token, which is meant for its client alone.
    ['introspection-unclear', 'aud', {}, { expected: 'an API, or token_type' }],
    ['introspection-unclear', 'aud', { aud: [CLIENT_ID] }, {}],
    ['wrong-type', 'token_type', { token_type: 'mac' }, { expected: 'Bearer', found: 'mac' }],
    ['wrong-type', 'token_type', { aud: AUDIENCE, token_type: null }, { found: 'null' }],
    ['wrong-type', 'typ', { aud: AUDIENCE, typ: 'Refresh' }, { expected: 'Bearer' }],
    ['wrong-type', 'token_use', { aud: AUDIENCE, token_use: 'id' }, { expected: 'access' }],
    ['other-issuer', 'iss', { aud: AUDIENCE, iss: 'x' }, { expected: ISSUER, found: 'x' }],
    ['wrong-audience', 'aud', { aud: ['x', 'y'] }, { expected: AUDIENCE, found: 'x, y' }],
    [
      'other-client',
      'client_id',
      { token_type: 'Bearer', client_id: 'x' },
      { expected: CLIENT_ID, found: 'x' },
    ],
    [
      'not-yet-valid',
      'nbf',
      { aud: AUDIENCE, nbf: NOW + 6 },
      { expected: 'in 5 s at most', found: 'in 6 s' },
    ],
    ['claim-malformed', 'nbf', { aud: AUDIENCE, nbf: 'x' }, {}],
    // Without an end, the token would outlive its invalidation.
    ['lives-too-long', 'exp', { aud: AUDIENCE, exp: undefined }, { expected: '86400 s at most' }],
    ['lives-too-long', 'exp', { aud: AUDIENCE, exp: undefined, iat: 'x' }, {}],
    ['lives-too-long', 'exp', { aud: AUDIENCE, exp: 'x', iat: NOW }, {}],
    ['lives-too-long', 'exp', { aud: AUDIENCE, exp: 1e13 }, {}],
  ])('is refused by %s for %s: %j', (reason, claim, claims, evidence) => {
    expect(refusalOf(claims)).toMatchObject({ reason, claim, ...evidence });
  });

  it('ends with the longest life where only its beginning is told', () => {
    const token = read({ aud: AUDIENCE, exp: undefined, iat: NOW - 0.5 });
    expect(token).toMatchObject({ issuedAt: NOW - 0.5, expiresAt: NOW + 86_400 });
    expect(read({ aud: AUDIENCE, iat: 'x' }).issuedAt).toBeUndefined();
  });

  it('passes for any audience where none is configured', () => {
    expect(read({ aud: 'other' }, {}, { audience: undefined })).toBeDefined();
  });

  it.each<[Claims, boolean]>([
    [{ cnf: {} }, true],
    [{ typ: 'DPoP' }, true],
    [{ token_type: 'DPoP' }, true],
    [{ token_type: 'Bearer' }, false],
  ])('is bound to its sender with %j: %j', (claims, isSenderConstrained) => {
    expect(read({ aud: AUDIENCE, ...claims })).toMatchObject({ isSenderConstrained });
  });
});

describe('an introspected token of a provider that tells no audience', () => {
  it.each<[Claims, string | undefined]>([
    [{ client_id: CLIENT_ID }, undefined],
    [{}, 'other-client'],
    [{ client_id: 'other' }, 'other-client'],
    [{ token_type: 'Bearer' }, undefined],
    [{ client_id: CLIENT_ID, typ: 'Refresh' }, 'wrong-type'],
    [{ aud: 'other', client_id: CLIENT_ID }, 'wrong-audience'],
  ])('with %j is refused by %s', (claims, reason) => {
    if (reason === undefined) expect(read(claims, NO_AUDIENCE)).toBeDefined();
    else expect(refusalOf(claims, NO_AUDIENCE).reason).toBe(reason);
  });
});

describe('an introspected token where clients are listed', () => {
  it.each<[Claims, string | undefined]>([
    [{ client_id: 'spa' }, undefined],
    [{ client_id: 'spa', aud: 'other' }, undefined],
    [{ client_id: CLIENT_ID, aud: AUDIENCE }, 'other-client'],
    [{ aud: AUDIENCE }, 'other-client'],
  ])('with %j is refused by %s', (claims, reason) => {
    const typed = { token_type: 'Bearer', ...claims };
    if (reason === undefined) expect(read(typed, FOR_CLIENTS)).toBeDefined();
    else expect(refusalOf(typed, FOR_CLIENTS).reason).toBe(reason);
  });
});
