import { checkJwks, checkObject, checkUrl } from '../input/checks.ts';
import type { ProviderMetadata } from '../provider/metadata.ts';
import type { Option } from '../input/option.ts';

const URL_MEMBERS = [
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
] as const;

export function providerMetadata(): Option<ProviderMetadata, ProviderMetadata> {
  return {
    takes: 'object',
    read(given, { name, allowInsecureRequests }) {
      checkObject(given, name);
      const metadata = given as ProviderMetadata;
      for (const member of URL_MEMBERS) {
        if (!metadata[member]) continue;
        checkUrl(metadata[member], `${name}.${member}`, allowInsecureRequests);
      }
      return metadata;
    },
  };
}

/** @inline */
export interface JwkSet {
  /** The keys, as JWKs. */
  readonly keys: readonly object[];
}

export function jwkSet(): Option<JwkSet, JwkSet> {
  return {
    takes: 'JWK Set',
    read(given, { name }) {
      checkJwks(given, name);
      return given as JwkSet;
    },
  };
}
