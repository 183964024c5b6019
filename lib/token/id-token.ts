import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { InvalidIdTokenError } from '../errors.ts';
import type { Evidence } from '../refusals/evidence.ts';
import type { InvalidIdTokenCause } from '../refusals/id-token.ts';
import {
  decryptJwt,
  InvalidJweError,
  isEncryptedJwt,
  type TokenEncryption,
} from './encrypted-jwt.ts';
import { evidenceOf } from './evidence.ts';
import { InvalidJwtError, type Jwt, readJwt, type ReadToken, verifyJwt } from './jwt.ts';
import { isNumericDate } from './numeric-date.ts';
import { sidOf } from './sid.ts';
import { idTokenKey } from './token-keys.ts';

export interface IdToken {
  /** For an encrypted ID Token, the signed token inside. */
  readonly token: string;
  readonly key: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

export interface IdTokenRules {
  readonly issuer: string;
  readonly clientId: string;
  readonly algorithms: readonly string[];
  readonly idTokenEncryption: TokenEncryption | undefined;
}

/**
 * The ID Token may have expired: `exp` does not limit the session.
 *
 * @throws {@link InvalidIdTokenError}
 *
 * @see [OpenID Connect Core 1.0, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export async function verifyIdToken(
  token: ReadToken,
  findKey: JWTVerifyGetKey,
  rules: IdTokenRules,
): Promise<IdToken> {
  const { issuer } = rules;
  const jwt = await signedJwt(token, rules);
  if (jwt === undefined) throw refusal(rules, 'malformed');
  const claims = await verifyClaims(jwt, findKey, rules);
  const { sub, iat } = claims;
  if ('events' in claims) throw refusal(rules, 'logout-token', { claim: 'events' });
  if (typeof sub !== 'string' || sub === '') throw refusal(rules, MALFORMED, { claim: 'sub' });
  if (!isNumericDate(iat)) throw refusal(rules, MALFORMED, { claim: 'iat' });
  const named = { issuer, subject: sub, sid: sidOf(claims), issuedAt: iat };
  return { token: jwt.text, key: idTokenKey(jwt), ...named };
}

const MALFORMED = 'claim-malformed';

function refusal({ issuer }: IdTokenRules, reason: InvalidIdTokenCause, evidence?: Evidence) {
  return new InvalidIdTokenError(reason, { ...evidence, issuer });
}

// The app's own client may have decrypted the token.
async function signedJwt({ text, jwt }: ReadToken, rules: IdTokenRules): Promise<Jwt | undefined> {
  const { idTokenEncryption } = rules;
  if (idTokenEncryption === undefined || !isEncryptedJwt(text)) return jwt;
  try {
    return readJwt(await decryptJwt(text, idTokenEncryption));
  } catch (error) {
    if (!(error instanceof InvalidJweError)) throw error;
    throw refusal(rules, 'not-encrypted-as-agreed', error.evidence);
  }
}

async function verifyClaims(
  jwt: Jwt,
  findKey: JWTVerifyGetKey,
  rules: IdTokenRules,
): Promise<JWTPayload> {
  const { typ = 'JWT' } = jwt.header as { readonly typ?: unknown };
  if (typeof typ !== 'string' || typ.toLowerCase() !== 'jwt') {
    throw refusal(rules, 'wrong-type', evidenceOf(jwt, 'typ', { expected: 'JWT', found: typ }));
  }
  const { issuer, clientId, algorithms } = rules;
  try {
    const claims = { issuer, audience: clientId, requiredClaims: ['sub', 'iat'] };
    return await verifyJwt(jwt, findKey, { ...claims, algorithms: [...algorithms] });
  } catch (error) {
    if (!(error instanceof InvalidJwtError)) throw error;
    const { reason, ...evidence } = error.refusal;
    throw refusal(rules, reason, evidence);
  }
}
