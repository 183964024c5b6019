import { describe, expect, it } from '@jest/globals';
import type { Jwt } from '../../lib/token/jwt.ts';
import {
  clientOf,
  evidenceOfOtherClient,
  evidenceOfUnlistedClient,
  isOfAnotherClient,
  isOfClient,
  kindOf,
} from '../../lib/token/token-kind.ts';

const CLIENT_IDS = ['web', 'app'];
const RULES = { clientIds: CLIENT_IDS, strict: false };
const STRICT = { ...RULES, strict: true };
const FOR_CLIENT = { aud: 'web' };
const WRONG = 'wrong-type';

function jwtOf(claims: object, header: object = {}): Jwt {
  return { text: 'a.b.c', header: { alg: 'RS256', ...header }, claims } as Jwt;
}

const suspectOf = (claims: object) => ({ text: 'a.b.c', claims: claims as Jwt['claims'] });

describe('kindOf', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+jwt'])(
    'is an access token where the type is %s, whatever the claims are',
    (typ) => {
      const jwt = jwtOf({ aud: 'web', nonce: 'n', typ: 'ID', purpose: 'id' }, { typ });
      expect([kindOf(jwt, RULES), kindOf(jwt, STRICT)]).toEqual(['access-token', 'access-token']);
    },
  );

  it.each([undefined, 'JWT', 'jwt', 'application/jwt', 'Application/JWT'])(
    'is decided by the claims where the type is %s, but not with strict',
    (typ) => {
      const jwt = jwtOf({ scope: 'read' }, { typ });
      expect(kindOf(jwt, RULES)).toBe('access-token');
      const evidence = { claim: 'typ', expected: 'at+jwt', found: typ };
      expect(kindOf(jwt, STRICT)).toEqual({ reason: WRONG, ...evidence });
    },
  );

  it.each<[unknown, string]>([
    ['logout+jwt', 'logout+jwt'],
    ['at+jwt2', 'at+jwt2'],
    ['', ''],
    [null, 'null'],
    [['at+jwt'], 'at+jwt'],
  ])('is another one where the type is %j', (typ, found) => {
    const evidence = { claim: 'typ', expected: 'at+jwt, JWT', found };
    expect(kindOf(jwtOf({ scope: 'read' }, { typ }), RULES)).toEqual({
      reason: WRONG,
      ...evidence,
    });
  });

  it.each(['at+jwt', 'logout+jwt', undefined])(
    'is a Logout Token where the claims have events, with the type %s',
    (typ) => {
      const jwt = jwtOf({ events: undefined, scope: 'read' }, { typ });
      expect(kindOf(jwt, STRICT)).toEqual({ reason: 'logout-token', claim: 'events' });
    },
  );

  it.each([{ typ: 'Bearer' }, { typ: 'DPoP' }, { typ: 'dpop' }, { token_use: 'access' }])(
    'is an access token where a provider says so by the claim %j',
    (claims) => {
      const likeIdToken = { ...FOR_CLIENT, nonce: 'n', tokenName: 'id_token', purpose: 'id' };
      expect(kindOf(jwtOf({ ...likeIdToken, ...claims }), RULES)).toBe('access-token');
    },
  );

  it.each<[string, unknown, string | undefined]>([
    ['typ', 'ID', 'Bearer'],
    ['typ', 'Refresh', 'Bearer'],
    ['typ', 'bearer', 'Bearer'],
    ['typ', '', 'Bearer'],
    ['token_use', 'id', 'access'],
    ['token_use', '', 'access'],
    ['tokenName', 'id_token', 'access_token'],
    ['tokenName', 'refresh_token', 'access_token'],
    ['purpose', 'id', undefined],
  ])('is another one where a provider says so by the claim %s: %j', (claim, value, expected) => {
    const jwt = jwtOf({ scope: 'read', [claim]: value });
    expect(kindOf(jwt, RULES)).toEqual({ reason: WRONG, claim, expected, found: value });
  });

  it.each([
    { typ: 1 },
    { token_use: ['id'] },
    { tokenName: 'access_token' },
    { purpose: 'access' },
  ])('is told nothing by the claim %j', (claims) => {
    expect(kindOf(jwtOf({ ...FOR_CLIENT, ...claims }), RULES)).toBe('unclear');
    expect(kindOf(jwtOf({ ...FOR_CLIENT, scope: '', ...claims }), RULES)).toBe('access-token');
  });

  it.each(['at_hash', 'c_hash', 's_hash', 'nonce'])(
    'is unclear where the claims have %s, as in an ID Token',
    (claim) => {
      expect(kindOf(jwtOf({ scope: 'read', [claim]: 'x' }), RULES)).toBe('unclear');
    },
  );

  it.each(['scope', 'scp', 'client_id', 'cid', 'appid', 'idtyp'])(
    'is an access token, though its audience is a client, where the claims have %s',
    (claim) => {
      expect(kindOf(jwtOf({ ...FOR_CLIENT, [claim]: 'x' }), RULES)).toBe('access-token');
    },
  );

  it.each<[object, string, string]>([
    [{ aud: 'web' }, 'unclear', 'unclear'],
    [{ aud: ['https://api.example.com', 'app'] }, 'unclear', 'unclear'],
    [{ aud: 'https://api.example.com' }, 'access-token', 'unclear'],
    [{}, 'access-token', 'access-token'],
  ])(
    'follows from the audience alone, for %j, where no other claim tells',
    (claims, kind, ofAnyClient) => {
      expect(kindOf(jwtOf(claims), RULES)).toBe(kind);
      expect(kindOf(jwtOf(claims), { ...RULES, clientIds: undefined })).toBe(ofAnyClient);
    },
  );
});

describe('the client of a token', () => {
  it.each<[object, unknown]>([
    [{ client_id: 'a', azp: 'b', cid: 'c', appid: 'd' }, 'a'],
    [{ azp: 'b', cid: 'c', appid: 'd' }, 'b'],
    [{ cid: 'c', appid: 'd' }, 'c'],
    [{ client_id: null, appid: 'd' }, 'd'],
    [{ client_id: '' }, ''],
    [{ aud: 'web' }, undefined],
  ])('of the claims %j is %j', (claims, client) => {
    expect(clientOf({ ...claims })).toBe(client);
  });

  const NONE = undefined;
  const otherOf = (claim: string, found: string) => ({ claim, expected: 'web, app', found });

  // The first claim decides for an issuer's client; each one counts where clients are listed.
  it.each<[object, boolean, object | undefined, object | undefined]>([
    [{ client_id: 'web' }, false, NONE, NONE],
    [{ azp: 'app', cid: 'web' }, false, NONE, NONE],
    [{ azp: 'app', cid: 'x' }, false, NONE, otherOf('cid', 'x')],
    [{ azp: 'x', cid: 'web' }, true, otherOf('azp', 'x'), otherOf('azp', 'x')],
    [{ client_id: ['web'] }, true, otherOf('client_id', 'web'), otherOf('client_id', 'web')],
    [{ aud: 'web' }, false, NONE, { ...otherOf('client_id', ''), found: undefined }],
  ])('with %j, is another one: %j', (claims, isAnother, evidence, unlisted) => {
    expect(isOfAnotherClient({ ...claims }, CLIENT_IDS)).toBe(isAnother);
    expect(evidenceOfOtherClient(suspectOf(claims), CLIENT_IDS)).toEqual(evidence);
    expect(evidenceOfUnlistedClient(suspectOf(claims), CLIENT_IDS)).toEqual(unlisted);
  });

  it.each<[object, boolean]>([
    [{ client_id: 'web' }, true],
    [{ client_id: 'web', azp: 'web', cid: null }, true],
    [{ client_id: 'web', azp: 'app' }, false],
    [{ azp: ['web'] }, false],
    [{ aud: 'web' }, false],
  ])('is surely this one, where every claim of clients says so: %j, %j', (claims, isOf) => {
    expect(isOfClient({ ...claims }, 'web')).toBe(isOf);
  });
});
