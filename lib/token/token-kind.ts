import type { Evidence, Refusal } from '../refusals/evidence.ts';
import { evidenceOf, type Suspect } from './evidence.ts';
import type { JoseObject } from './jose-object.ts';
import type { Jwt } from './jwt.ts';
import { isDpop } from './sender-constraint.ts';

const ACCESS_TOKEN_TYPES: unknown[] = ['at+jwt', 'application/at+jwt'];
const UNTYPED: unknown[] = [undefined, 'jwt', 'application/jwt'];

const CLAIMS_OF_ID_TOKENS = ['at_hash', 'c_hash', 's_hash', 'nonce'];
const CLAIMS_OF_ACCESS_TOKENS = ['scope', 'scp', 'client_id', 'cid', 'appid', 'idtyp'];

/** `unclear`: the claims may be an ID Token's, as in the access tokens of some providers. */
export type TokenKind = 'access-token' | 'unclear' | Refusal<'wrong-type' | 'logout-token'>;

interface KindRules {
  /** `undefined` where nobody compares `aud`, so any may be a client. */
  readonly clientIds: readonly string[] | undefined;
  readonly strict: boolean;
}

/**
 * A JWT typed `at+jwt` is an access token. Most providers issue access tokens without a type of
 * their own; their claims must not be an ID Token's, a Logout Token's or a refresh token's.
 *
 * @see [RFC 9068, section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)
 * @see [RFC 8725, section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)
 */
export function kindOf(jwt: Jwt, rules: KindRules): TokenKind {
  const { strict } = rules;
  if ('events' in jwt.claims) return { reason: 'logout-token', claim: 'events' };
  const { typ }: { readonly typ?: unknown } = jwt.header;
  const type = typeof typ === 'string' ? typ.toLowerCase() : typ;
  if (ACCESS_TOKEN_TYPES.includes(type)) return 'access-token';
  if (strict || !UNTYPED.includes(type)) {
    const expected = strict ? 'at+jwt' : 'at+jwt, JWT';
    return { reason: 'wrong-type', ...evidenceOf(jwt, 'typ', { expected, found: typ }) };
  }
  return kindByClaims(jwt, rules);
}

function kindByClaims(jwt: Jwt, rules: KindRules): TokenKind {
  const { claims } = jwt;
  const { typ, token_use, tokenName = 'access_token', purpose } = claims;
  const wrong = (claim: string, expected?: string) => {
    const evidence = evidenceOf(jwt, claim, { expected, found: claims[claim] });
    return { reason: 'wrong-type', ...evidence } as const;
  };
  // Keycloak and Amazon Cognito have a claim for the kind.
  if (typeof typ === 'string') {
    return typ === 'Bearer' || isDpop(typ) ? 'access-token' : wrong('typ', 'Bearer');
  }
  if (typeof token_use === 'string') {
    return token_use === 'access' ? 'access-token' : wrong('token_use', 'access');
  }
  // PingAM and Curity
  if (tokenName !== 'access_token') return wrong('tokenName', 'access_token');
  if (purpose === 'id') return wrong('purpose');
  if (CLAIMS_OF_ID_TOKENS.some((claim) => claim in claims)) return 'unclear';
  const saysSo = CLAIMS_OF_ACCESS_TOKENS.some((claim) => claim in claims);
  return saysSo || !mayBeForClient(claims, rules) ? 'access-token' : 'unclear';
}

function mayBeForClient({ aud }: JoseObject, { clientIds }: KindRules): boolean {
  if (clientIds === undefined) return aud !== undefined;
  const audiences: unknown[] = [aud].flat();
  return clientIds.some((clientId) => audiences.includes(clientId));
}

const CLIENT_CLAIMS = ['client_id', 'azp', 'cid', 'appid'];

/** Many tokens tell of no client. */
export function clientOf(claims: JoseObject): unknown {
  const [client] = clientClaims(claims).map((name) => claims[name]);
  return client;
}

export function isOfAnotherClient(claims: JoseObject, clientIds: readonly unknown[]): boolean {
  const client = clientOf(claims);
  return client !== undefined && !clientIds.includes(client);
}

/** Every client that the token tells of is this one. */
export function isOfClient(claims: JoseObject, clientId: string): boolean {
  const names = clientClaims(claims);
  return names.length > 0 && names.every((name) => claims[name] === clientId);
}

export function evidenceOfOtherClient(
  token: Suspect,
  clientIds: readonly string[],
): Evidence | undefined {
  return isOfAnotherClient(token.claims, clientIds)
    ? evidenceOfClient(token, clientIds, clientClaims(token.claims)[0])
    : undefined;
}

/** As {@link evidenceOfOtherClient}, where each of the token's clients counts, and none is wrong. */
export function evidenceOfUnlistedClient(
  token: Suspect,
  clientIds: readonly string[],
): Evidence | undefined {
  const { claims } = token;
  const names = clientClaims(claims);
  const isListed = (name: string) => clientIds.some((clientId) => clientId === claims[name]);
  if (names.length > 0 && names.every(isListed)) return undefined;
  return evidenceOfClient(
    token,
    clientIds,
    names.find((name) => !isListed(name)),
  );
}

function evidenceOfClient(
  token: Suspect,
  clientIds: readonly string[],
  claim = 'client_id',
): Evidence {
  return evidenceOf(token, claim, { expected: clientIds, found: token.claims[claim] });
}

function clientClaims(claims: JoseObject): string[] {
  return CLIENT_CLAIMS.filter((name) => (claims[name] ?? undefined) !== undefined);
}
