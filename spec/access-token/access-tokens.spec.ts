import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import { AccessTokens } from '../../lib/access-token/access-tokens.ts';
import { InvalidTokenError, ProviderUnavailableError } from '../../lib/errors.ts';
import { Events } from '../../lib/events.ts';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { resolveOptions } from '../../lib/options/oidc-logout-options.ts';
import { Providers } from '../../lib/provider/providers.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import type { Operations } from '../../lib/store/operations.ts';
import { StoreCalls } from '../../lib/store/store-calls.ts';
import { StoreOperations } from '../../lib/store/any/store-operations.ts';
import { writeTokenClaims } from '../../lib/token/token-claims.ts';
import { accessTokenKey, refreshTokenKey } from '../../lib/token/token-keys.ts';
import { optionsFor } from '../support/app.ts';
import { letPass, resetClocks, setTime } from '../support/clock.ts';
import { LIFETIMES } from '../support/lifetimes.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;
const LOGIN = { session: 'session', subject: 'subject', time: NOW, id: 'id' };

interface Opened {
  readonly tokens: AccessTokens;
  readonly operations: Operations;
}

let signer: Signer;

beforeAll(async () => {
  signer = await createSigner('https://op.example.com', { alg: 'ES256' });
});

beforeEach(() => {
  setTime(NOW * 1000);
});

afterEach(resetClocks);

function entryOf(entry: object = {}) {
  const { provider } = optionsFor(signer, { provider: { algorithms: 'ES256', ...entry } });
  return [provider].flat()[0] as object;
}

function openWith(provider: unknown, options: object = {}): Opened {
  const given = { provider, audience: AUDIENCE, ...options } as OidcLogoutOptions;
  const settings = resolveOptions(given);
  const events = new Events();
  const calls = new StoreCalls(events, 10_000);
  const operations = new StoreOperations(new MemoryStore(), calls, LIFETIMES);
  const providers = new Providers(settings.providers, events);
  return { tokens: new AccessTokens(providers, operations, settings), operations };
}

const open = (entry: object = {}, options: object = {}) => openWith(entryOf(entry), options);

async function refusalOf(verification: Promise<unknown>) {
  const error = await verification.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidTokenError);
  const { reason, claim, expected, found, issuer } = error as InvalidTokenError;
  return { reason, claim, expected, found, issuer };
}

const untyped = (claims: Claims) => signer.sign({ aud: AUDIENCE, sub: 'alice', ...claims });

describe('a JWT access token', () => {
  it('is known by its claims', async () => {
    const { tokens } = open();
    const times = { iat: NOW - 1, exp: NOW + 59.5, auth_time: NOW - 9.5 };
    const token = await signer.accessToken({ ...times, a: { b: 1 } });
    const accessToken = await tokens.verify(token);
    expect(accessToken).toMatchObject({
      ...{ issuedAt: NOW - 1, expiresAt: NOW + 60, authTime: NOW - 10, saved: undefined },
      ...{ isUnclear: false, isSenderConstrained: false },
      auth: { token, header: { typ: 'at+jwt' }, payload: { sub: 'alice', sid: 'sid-1' } },
    });
    const { auth, key, subjectKey, sessionKey } = accessToken;
    expect(new Set([key, subjectKey, sessionKey, undefined]).size).toBe(4);
    expect([auth, auth.header, auth.payload, auth.payload.a].every(Object.isFrozen)).toBe(true);
  });

  it.each<[string, Claims]>([
    ['within the tolerance after its end', { exp: NOW - 4 }],
    ['within the tolerance before its start', { nbf: NOW + 5 }],
    ['of the longest life', { exp: NOW + DAY + 5 }],
    ['of the longest life from now', { iat: undefined, exp: NOW + DAY + 5 }],
    ['of no subject, which is for the caller to judge', { sub: undefined }],
    ['of another client for this API', { client_id: 'other' }],
  ])('passes %s', async (_what, claims) => {
    const token = await signer.accessToken(claims);
    expect(await open().tokens.verify(token)).toMatchObject({ auth: { token } });
  });

  it.each<[string, string, Claims, object]>([
    ['expired', 'exp', { exp: NOW - 5 }, { expected: '5 s ago at most', found: '5 s ago' }],
    [
      'lives-too-long',
      'exp',
      { exp: NOW + DAY + 6 },
      { expected: '86400 s at most', found: '86406 s' },
    ],
    ['lives-too-long', 'exp', { iat: undefined, exp: NOW + DAY + 6 }, { found: '86406 s' }],
    ['lives-too-long', 'exp', { iat: NOW + 9, exp: NOW + DAY + 6 }, { found: '86406 s' }],
    ['lives-too-long', 'exp', { exp: 1e13 }, { expected: '86400 s at most', found: undefined }],
    ['claim-missing', 'exp', { exp: undefined }, {}],
    ['claim-malformed', 'sub', { sub: '' }, {}],
    ['claim-malformed', 'sub', { sub: 1 }, {}],
    ['wrong-audience', 'aud', { aud: 'x' }, { expected: AUDIENCE, found: 'x' }],
    ['not-yet-valid', 'nbf', { nbf: NOW + 6 }, { found: 'in 6 s' }],
    ['logout-token', 'events', { events: {} }, {}],
  ])('is refused by %s for %s: %j', async (reason, claim, claims, evidence) => {
    const refusal = await refusalOf(open().tokens.verify(await signer.accessToken(claims)));
    expect(refusal).toMatchObject({ reason, claim, issuer: signer.issuer, ...evidence });
  });

  it('is refused where it is bound to its sender, but can be logged out', async () => {
    const { tokens } = open();
    const token = await signer.accessToken({ cnf: { jkt: 'x' } });
    const refusal = { reason: 'sender-constrained', issuer: signer.issuer };
    expect(await refusalOf(tokens.verify(token))).toMatchObject(refusal);
    expect(await tokens.authenticate(token)).toMatchObject({ isSenderConstrained: true });
  });

  it('is refused where it is none, or of nobody known', async () => {
    const { tokens } = open();
    const whole = await signer.accessToken();
    expect(await refusalOf(tokens.verify(`${whole}.x`))).toEqual({ reason: 'malformed' });
    const foreign = await signer.accessToken({ iss: 'x' });
    const evidence = { claim: 'iss', expected: signer.issuer, found: 'x' };
    expect(await refusalOf(tokens.verify(foreign))).toEqual({
      reason: 'unknown-issuer',
      ...evidence,
    });
    const forged = await (await createSigner(signer.issuer, { alg: 'ES256' })).accessToken();
    expect(await refusalOf(tokens.verify(forged))).toMatchObject({ reason: 'wrong-signature' });
  });

  it('is not refused where the keys are away', async () => {
    const { tokens } = open({
      jwks: undefined,
      metadata: { jwks_uri: 'https://127.0.0.1:1/jwks' },
    });
    const verification = tokens.verify(await signer.accessToken());
    await expect(verification).rejects.toThrow(ProviderUnavailableError);
  });

  it('is never signed by a secret', async () => {
    const clientSecret = 's'.repeat(32);
    const { tokens } = open({ clientSecret, algorithms: ['ES256', 'HS256'] });
    const token = await new SignJWT({ iss: signer.issuer, aud: AUDIENCE, exp: NOW + 60 })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(Buffer.from(clientSecret));
    const refusal = { reason: 'algorithm-not-allowed', expected: 'ES256', found: 'HS256' };
    expect(await refusalOf(tokens.verify(token))).toMatchObject(refusal);
  });

  // RFC 9068, section 2.2
  it.each(['exp', 'sub', 'client_id', 'iat', 'jti'])('needs %s with strict', async (claim) => {
    const { tokens } = open({}, { strict: true });
    await tokens.verify(await signer.accessToken());
    const lacking = await signer.accessToken({ [claim]: undefined });
    expect(await refusalOf(tokens.verify(lacking))).toMatchObject({
      reason: 'claim-missing',
      claim,
    });
  });

  it('needs its type with strict', async () => {
    const token = await untyped({ scope: 'read' });
    expect(await open().tokens.verify(token)).toMatchObject({ isUnclear: false });
    const refusal = await refusalOf(
      open({}, { strict: true }).tokens.authenticate(await untyped({ client_id: 'w', jti: 'j' })),
    );
    expect(refusal).toMatchObject({ reason: 'wrong-type', issuer: signer.issuer });
  });

  it.each<[object, object, Claims, boolean]>([
    [{}, {}, { nonce: 'n' }, true],
    [{ accessTokens: { likeIdTokens: true } }, {}, { nonce: 'n' }, false],
    [{}, { audience: CLIENT_ID }, { aud: CLIENT_ID }, true],
    [{}, {}, {}, false],
    // Nobody compares the audience, so any may be a client.
    [{ accessTokens: { clients: 'spa' } }, {}, { azp: 'spa' }, true],
  ])('with %j, %j and %j may be an ID Token: %j', async (entry, options, claims, isUnclear) => {
    const { tokens } = open(entry, options);
    expect(await tokens.verify(await untyped(claims))).toMatchObject({ isUnclear });
  });

  it.each<[object, Claims, string]>([
    [{}, { client_id: 'other' }, CLIENT_ID],
    [{ accessTokens: { clients: ['spa', 'app'] } }, { client_id: 'other' }, 'spa, app'],
  ])(
    'must be of a known client where no audience is, with %j: %j',
    async (entry, claims, expected) => {
      const { tokens } = open(entry, { audience: undefined });
      const refusal = { reason: 'other-client', claim: 'client_id', expected, found: 'other' };
      const token = await signer.accessToken({ aud: 'x', ...claims });
      expect(await refusalOf(tokens.verify(token))).toMatchObject(refusal);
      const client_id = expected.split(',')[0];
      await tokens.verify(await signer.accessToken({ aud: 'x', client_id }));
    },
  );
});

describe('a JWT that was verified', () => {
  it('is remembered for ten minutes, and no longer than it lives', async () => {
    const { tokens } = open();
    const [token, short] = [
      await signer.accessToken(),
      await signer.accessToken({ exp: NOW + 60 }),
    ];
    expect([tokens.recall(token), tokens.isKnownJwt(token)]).toEqual([undefined, false]);
    const [verified] = [await tokens.verify(token), await tokens.verify(short)];
    letPass(59_000);
    expect(tokens.recall(token)).toBe(verified);
    expect([tokens.isKnownJwt(token), tokens.isKnownJwt(short)]).toEqual([true, true]);
    letPass(1000);
    expect([tokens.isKnownJwt(token), tokens.isKnownJwt(short)]).toEqual([true, false]);
    expect(await tokens.authenticate(token)).toBe(verified);
    letPass(9 * 60_000);
    expect(tokens.recall(token)).toBeUndefined();
  });

  it('is judged anew at each use', async () => {
    const { tokens } = open({}, { clockTolerance: 0 });
    const token = await signer.accessToken({ exp: NOW + 60 });
    await tokens.verify(token);
    setTime((NOW + 60) * 1000);
    expect(() => tokens.recall(token)).toThrow('The access token expired');
  });

  it.each<[object, number, boolean]>([
    [{}, NOW - DAY + 1, true],
    [{}, NOW - DAY, false],
    [{ expiredTokenGrace: 0 }, NOW - 4, true],
    [{ expiredTokenGrace: 0 }, NOW - 5, false],
  ])('vouches for a logout with %j after its exp %d: %j', async (options, exp, vouches) => {
    const { tokens } = open({}, options);
    const accessToken = await tokens.authenticate(await signer.accessToken({ exp }));
    const refuse = () => {
      tokens.refuseLongExpired(accessToken);
    };
    if (vouches) refuse();
    else expect(refuse).toThrow('The access token expired');
  });
});

describe('an opaque access token that was saved', () => {
  const key = { kind: 'access-token', of: accessTokenKey({ kind: 'opaque', text: 'a' }) } as const;
  const claims = { client_id: CLIENT_ID, sub: 'alice', exp: NOW + 60, iat: NOW };

  async function save(others: object = {}): Promise<Opened> {
    return saveText(writeTokenClaims({ iss: signer.issuer, ...claims, ...others }));
  }

  async function saveText(text: string): Promise<Opened> {
    const opened = open();
    await opened.operations.linkToken(key, LOGIN, text, 60);
    return opened;
  }

  it('is known by its login', async () => {
    const { tokens } = await save({ sid: 'sid-1', scope: 'read' });
    const payload = { iss: signer.issuer, sub: 'alice', sid: 'sid-1', scope: 'read' };
    const accessToken = await tokens.verify('a');
    expect(accessToken).toMatchObject({
      ...{ key: key.of, subjectKey: 'subject', sessionKey: 'session', saved: { login: LOGIN } },
      ...{ issuedAt: NOW, expiresAt: NOW + 60, authTime: undefined, isUnclear: false },
      isSenderConstrained: false,
    });
    const { auth } = accessToken;
    expect(auth).toEqual({ token: 'a', payload: { ...payload, exp: NOW + 60 } });
    expect([auth, auth.payload].every(Object.isFrozen)).toBe(true);
    expect([tokens.recall('a'), tokens.isKnownJwt('a')]).toEqual([accessToken, false]);
  });

  it('has no claim that was not saved', async () => {
    const { tokens } = await save({ sub: undefined, client_id: 'gone' });
    const { payload } = (await tokens.verify('a')).auth;
    expect(payload).toStrictEqual({ iss: signer.issuer, exp: NOW + 60 });
  });

  it('is refused where it was saved as bound to its sender', async () => {
    const { tokens } = await save({ bound: true });
    expect(await refusalOf(tokens.verify('a'))).toMatchObject({ reason: 'sender-constrained' });
  });

  it.each([{ exp: undefined }, { iss: 'https://other.example.com' }])(
    'is unknown where the saved claims are %j',
    async (others) => {
      const { tokens } = await save(others);
      expect(await refusalOf(tokens.verify('a'))).toEqual({ reason: 'opaque-unknown' });
    },
  );

  it('is unknown where it was saved without claims', async () => {
    const { tokens } = await saveText('');
    expect(await refusalOf(tokens.verify('a'))).toEqual({ reason: 'opaque-unknown' });
  });

  it('is refused where it was invalidated, and nothing else is known', async () => {
    const { tokens, operations } = open();
    await operations.invalidateToken(key, { ttl: 60, note: '', force: false });
    expect(await refusalOf(tokens.verify('a'))).toEqual({ reason: 'token-invalidated' });
  });
});

describe('introspection', () => {
  let here: ProviderServer;
  let there: ProviderServer;

  beforeAll(async () => {
    [here, there] = [await startProviderServer(), await startProviderServer()];
  });

  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
  });

  function answer(server: ProviderServer, claims: object | undefined): void {
    const { issuer } = server;
    const metadata = { introspection_endpoint: `${issuer}/introspect` };
    const documents = serveMetadata(issuer, [signer.jwk], metadata);
    server.answer = (req, res: ServerResponse) => {
      if (req.url !== '/introspect') documents(req, res);
      else if (claims === undefined) res.writeHead(500).end();
      else res.setHeader('content-type', 'application/json').end(JSON.stringify(claims));
    };
  }

  const entry = ({ issuer }: ProviderServer, introspection: string, others: object = {}) => ({
    ...{ issuer, clientId: CLIENT_ID, clientSecret: 'secret', introspection },
    ...{ algorithms: 'ES256', ...others },
  });
  const ACTIVE = { active: true, aud: AUDIENCE, sub: 'alice', exp: NOW + 60 };
  const INACTIVE = { active: false };
  const OUTAGE = undefined;

  it.each<[string, object | undefined, object | undefined, string]>([
    ['the first provider knows', ACTIVE, OUTAGE, 'here'],
    ['the second provider knows', INACTIVE, ACTIVE, 'there'],
    ['the second knows while the first is away', OUTAGE, ACTIVE, 'there'],
    ['the first takes for another kind', { ...ACTIVE, token_type: 'mac' }, ACTIVE, 'wrong-type'],
    ['no provider knows', INACTIVE, INACTIVE, 'opaque-inactive'],
    ['nobody knows while one is away', OUTAGE, INACTIVE, 'outage'],
    ['nobody knows while another is away', INACTIVE, OUTAGE, 'outage'],
  ])('tells of an opaque token that %s', async (_what, first, second, expected) => {
    answer(here, first);
    answer(there, second);
    const { tokens } = openWith([entry(here, 'opaque'), entry(there, 'opaque')]);
    const names = { [here.issuer]: 'here', [there.issuer]: 'there' };
    const found = await tokens.verify('opaque').then(
      ({ provider }) => names[provider.issuer],
      (error: unknown) => {
        if (error instanceof ProviderUnavailableError) return 'outage';
        return (error as InvalidTokenError).reason;
      },
    );
    expect(found).toBe(expected);
  });

  it('is asked of no provider that may not be asked', async () => {
    answer(here, ACTIVE);
    const { tokens } = openWith([entry(here, 'never')]);
    expect(await refusalOf(tokens.verify('opaque'))).toEqual({ reason: 'opaque-unknown' });
    answer(there, INACTIVE);
    const both = openWith([entry(there, 'opaque'), entry(here, 'never')]);
    const refusal = { reason: 'opaque-inactive', issuer: there.issuer };
    expect(await refusalOf(both.tokens.verify('opaque'))).toEqual(refusal);
  });

  it('tells of the client whose entry counts', async () => {
    answer(here, { ...ACTIVE, client_id: 'mobile' });
    const mobile = entry(here, 'opaque', { clientId: 'mobile' });
    const { tokens } = openWith([entry(here, 'opaque'), mobile]);
    const { provider } = await tokens.verify('opaque');
    expect(provider.settings.clientId).toBe('mobile');
  });

  it('is not asked about a saved refresh token, which a provider may call active', async () => {
    answer(here, ACTIVE);
    const { tokens, operations } = openWith(entry(here, 'opaque'));
    const key = { kind: 'refresh-token', of: refreshTokenKey('refresh') } as const;
    await operations.linkToken(key, LOGIN, '', 60);
    expect(await refusalOf(tokens.verify('refresh'))).toEqual({ reason: 'refresh-token' });
  });

  it.each<[object, string | undefined]>([
    [{ active: true }, undefined],
    [{ active: true, token_type: 'Bearer' }, undefined],
    [INACTIVE, 'inactive'],
    [{ active: true, cnf: {} }, 'sender-constrained'],
    [{ active: true, token_type: 'DPoP' }, 'sender-constrained'],
  ])('decides about a JWT too, where always: %j, %s', async (claims, reason) => {
    answer(here, claims);
    const { tokens } = openWith(entry(here, 'always'));
    const token = await signer.accessToken({ iss: here.issuer });
    if (reason === undefined) await tokens.verify(token);
    else {
      expect(await refusalOf(tokens.verify(token))).toMatchObject({ reason, issuer: here.issuer });
    }
    // The provider has to be asked again.
    expect(tokens.recall(token)).toBeUndefined();
  });
});
