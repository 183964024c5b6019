import { errors, type JWTVerifyOptions } from 'jose';
import type { Refusal } from '../refusals/evidence.ts';
import type { JwtFault } from '../refusals/jwt.ts';
import { evidenceOf, evidenceOfTime, type Suspect } from './evidence.ts';
import type { JoseObject } from './jose-object.ts';

interface Unverified extends Suspect {
  readonly header: JoseObject;
}

/** The fault that jose found. */
export function faultOf(
  error: unknown,
  jwt: Unverified,
  options: JWTVerifyOptions,
): Refusal<JwtFault> {
  if (error instanceof errors.JWTClaimValidationFailed) return faultOfClaim(error, jwt, options);
  const { alg, crit, kid } = jwt.header;
  if (error instanceof errors.JOSEAlgNotAllowed) {
    const { algorithms: expected } = options;
    return { reason: 'algorithm-not-allowed', ...evidenceOf(jwt, 'alg', { expected, found: alg }) };
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return { reason: 'unknown-key', ...evidenceOf(jwt, 'kid', { found: kid }) };
  }
  // jose tells by the same errors of a malformed signature.
  return crit === undefined
    ? { reason: 'wrong-signature', ...evidenceOf(jwt, 'kid', { found: kid }) }
    : { reason: 'unsupported-header', claim: 'crit' };
}

function faultOfClaim(
  { claim, reason }: errors.JWTClaimValidationFailed,
  jwt: Unverified,
  { issuer, audience, clockTolerance }: JWTVerifyOptions,
): Refusal<JwtFault> {
  const { iss, aud, nbf } = jwt.claims;
  if (claim === 'iss') {
    const evidence = evidenceOf(jwt, claim, { expected: issuer, found: iss });
    return { reason: 'unknown-issuer', ...evidence };
  }
  if (claim === 'aud') {
    const evidence = evidenceOf(jwt, claim, { expected: audience, found: aud });
    return { reason: 'wrong-audience', ...evidence };
  }
  if (claim === 'nbf' && reason === 'check_failed') {
    const expected = `in ${clockTolerance ?? 0} s at most`;
    return { reason: 'not-yet-valid', ...evidenceOfTime(claim, nbf as number, expected) };
  }
  return { reason: reason === 'missing' ? 'claim-missing' : 'claim-malformed', claim };
}
