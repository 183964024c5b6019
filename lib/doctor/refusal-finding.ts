import {
  InvalidIdTokenError,
  InvalidLogoutTokenError,
  InvalidTokenError,
  ProviderUnavailableError,
  StoreUnavailableError,
} from '../errors.ts';
import { isUsable } from './algorithms.ts';
import { type Finding, unknown, wrong } from './finding.ts';
import { REMEDIES } from './remedies.ts';

type Refusal = InvalidTokenError | InvalidIdTokenError | InvalidLogoutTokenError;

export function refusalFinding(feature: string, error: unknown): Finding {
  if (error instanceof ProviderUnavailableError) {
    return unknown(feature, `The provider's keys cannot be had: ${error.reason}.`);
  }
  if (error instanceof StoreUnavailableError) {
    return unknown(feature, `Redis cannot be asked: ${error.reason}.`);
  }
  if (error instanceof TypeError) return wrong(feature, `${error.message}.`);
  if (!isRefusal(error)) throw error;
  const { reason, claim, expected, found } = error;
  const evidence = [
    reason,
    ...(claim === undefined ? [] : [`claim: ${claim}`]),
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(found === undefined ? [] : [`found: ${found || 'nothing'}`]),
  ];
  return wrong(feature, `Refused: ${evidence.join(', ')}. ${remedyFor(error)}`);
}

export function isRefusal(error: unknown): error is Refusal {
  return (
    error instanceof InvalidTokenError ||
    error instanceof InvalidIdTokenError ||
    error instanceof InvalidLogoutTokenError
  );
}

function remedyFor(error: Refusal): string {
  const { found = '', reason } = error;
  if (reason !== 'algorithm-not-allowed' || isUsable(found)) return REMEDIES[reason];
  const isBySecret = /^HS(?:256|384|512)$/.test(found);
  if (isBySecret && !(error instanceof InvalidTokenError)) return REMEDIES[reason];
  return 'No option allows it: let the provider sign by a key, with another algorithm.';
}
