import { InvalidTokenError } from '../errors.ts';
import type { Provider } from '../provider/provider.ts';
import type { InvalidTokenCause } from '../refusals/access-token.ts';
import type { Evidence } from '../refusals/evidence.ts';

export function refusal(
  { issuer }: Provider,
  reason: InvalidTokenCause,
  evidence: Evidence = {},
): InvalidTokenError {
  return new InvalidTokenError(reason, { ...evidence, issuer });
}

/** Both spans in seconds. */
export function livesTooLong(
  provider: Provider,
  maxTokenLifetime: number,
  lifetime = Infinity,
): InvalidTokenError {
  return refusal(provider, 'lives-too-long', {
    claim: 'exp',
    expected: `${maxTokenLifetime} s at most`,
    found: Number.isFinite(lifetime) ? `${lifetime} s` : undefined,
  });
}
