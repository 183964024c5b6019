import { checkJwks, checkObject, checkUrl } from '../input/checks.ts';
import type { Option } from '../input/option.ts';
import type { ProviderMetadata } from '../provider/metadata.ts';
import { needsKeys, type ProviderSettings } from '../provider/provider-settings.ts';

const ENDPOINTS = ['revocation_endpoint', 'introspection_endpoint'] as const;
const URL_MEMBERS = ['jwks_uri', 'end_session_endpoint', ...ENDPOINTS] as const;

export function providerMetadata(): Option<ProviderMetadata, ProviderMetadata> {
  return {
    takes: 'object',
    read(given, { name, allowInsecureRequests }) {
      checkObject(given, name);
      const metadata = given as ProviderMetadata;
      const { mtls_endpoint_aliases: aliases = null } = metadata;
      for (const member of URL_MEMBERS) {
        checkUrlMember(metadata[member], `${name}.${member}`, allowInsecureRequests);
      }
      if (aliases === null) return metadata;
      checkObject(aliases, `${name}.mtls_endpoint_aliases`);
      for (const member of ENDPOINTS) {
        const alias = `${name}.mtls_endpoint_aliases.${member}`;
        checkUrlMember(aliases[member], alias, allowInsecureRequests);
      }
      return metadata;
    },
  };
}

function checkUrlMember(value: unknown, name: string, allowInsecure: boolean): void {
  if (value) checkUrl(value, name, allowInsecure);
}

type Known = Pick<
  ProviderSettings,
  'discovery' | 'endSession' | 'introspection' | 'jwks' | 'metadata' | 'ofIssuer'
>;

/** What no look at the provider will mend is told at once. */
export function checkKnownMetadata(settings: Known): void {
  const { discovery, metadata, jwks, endSession, introspection } = settings;
  if (isMissing('jwks_uri', settings) && jwks === undefined && needsKeys(settings.ofIssuer)) {
    throw new TypeError('"provider.metadata.jwks_uri" must be set, or "provider.jwks"');
  }
  if (introspection !== 'never' && hasNoIntrospection(settings)) {
    throw new TypeError(
      `"provider.metadata.introspection_endpoint" must be set for "introspection": '${introspection}'`,
    );
  }
  if (discovery || endSession === 'auth0' || metadata?.end_session_endpoint !== undefined) return;
  throw new TypeError(
    '"provider.metadata.end_session_endpoint" must be set without "discovery"; null where there is none',
  );
}

function hasNoIntrospection(settings: Known): boolean {
  const alias = settings.metadata?.mtls_endpoint_aliases?.introspection_endpoint ?? undefined;
  return isMissing('introspection_endpoint', settings) && alias === undefined;
}

function isMissing(member: keyof ProviderMetadata, { discovery, metadata }: Known): boolean {
  const given = metadata?.[member];
  return given === null || (!discovery && given === undefined);
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
