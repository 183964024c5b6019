import { isObject } from '../input/json-object.ts';
import type { ProviderMetadata } from './metadata.ts';

type Aliases = ProviderMetadata['mtls_endpoint_aliases'];

/** A given member replaces a found one; `null` takes the member away. */
export function mergedMetadata(
  found: ProviderMetadata,
  given: ProviderMetadata = {},
): ProviderMetadata {
  return { ...over(found, given), mtls_endpoint_aliases: mergedAliases(found, given) };
}

// A given endpoint is meant for every client, and replaces the alias that was found.
function mergedAliases(found: ProviderMetadata, given: ProviderMetadata): Aliases {
  const { mtls_endpoint_aliases: aliases } = given;
  const { mtls_endpoint_aliases: others } = found;
  if (aliases === null) return undefined;
  if (!isObject(others)) return aliases ?? others;
  const isKept = ([name]: [string, unknown]) => given[name as keyof ProviderMetadata] === undefined;
  return over(Object.fromEntries(Object.entries(others).filter(isKept)), aliases ?? {});
}

function over<Members extends object>(found: Members, given: Members): Members {
  const isGiven = ([, value]: [string, unknown]) => value !== undefined;
  return { ...found, ...Object.fromEntries(Object.entries(given).filter(isGiven)) };
}
