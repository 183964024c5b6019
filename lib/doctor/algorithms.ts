import { type Document, listOf } from './document.ts';
import { type Finding, fine, unknown, wrong } from './finding.ts';

/** By a key of the provider. */
const USABLE_ALGORITHMS = [
  ...['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519', 'RS384', 'PS384', 'ES384'],
  ...['RS512', 'PS512', 'ES512', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
];

export function isUsable(algorithm: string): boolean {
  return USABLE_ALGORITHMS.includes(algorithm);
}

export function usableAlgorithms(metadata: Document): string[] {
  const offered = listOf(metadata.id_token_signing_alg_values_supported);
  return USABLE_ALGORITHMS.filter((algorithm) => offered.includes(algorithm));
}

export function examineAlgorithms(metadata: Document): Finding {
  const feature = 'Signatures';
  const [algorithm] = usableAlgorithms(metadata);
  if (algorithm === 'RS256') return fine(feature, 'RS256, as by default.');
  if (algorithm !== undefined) {
    return fine(feature, `No RS256: set "algorithms" to ['${algorithm}'].`);
  }
  if (metadata.id_token_signing_alg_values_supported === undefined) {
    return unknown(feature, 'The provider does not tell; RS256 is the default.');
  }
  return wrong(feature, 'None by a key of the provider that this package takes.');
}
