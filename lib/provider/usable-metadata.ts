import { isObject } from '../input/json-object.ts';
import type { ProviderMetadata } from './metadata.ts';
import { isSecureUrl } from '../input/secure-url.ts';

type Member = keyof ProviderMetadata;
type List = Extract<Member, `${string}_supported`>;
type Url = Exclude<Member, List | 'mtls_endpoint_aliases'>;
type Aliases = Readonly<Partial<Record<'revocation_endpoint' | 'introspection_endpoint', string>>>;

export interface UsableMetadata
  extends
    Readonly<Partial<Record<Url, string>>>,
    Readonly<Partial<Record<List, readonly string[]>>> {
  readonly mtls_endpoint_aliases: Aliases;
  /** Members present but unusable. */
  readonly unusable: ReadonlySet<Member>;
}

const URLS = [
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
] as const;
const LISTS = [
  'subject_types_supported',
  'token_endpoint_auth_methods_supported',
  'revocation_endpoint_auth_methods_supported',
  'introspection_endpoint_auth_methods_supported',
] as const;
const ALIASES = ['revocation_endpoint', 'introspection_endpoint'] as const;

export class UnusableMemberError extends Error {
  readonly code: string;

  constructor(member: Member) {
    super();
    this.code = `UNUSABLE_${member.toUpperCase()}`;
  }
}

export function usableMetadata(document: ProviderMetadata, allowInsecure: boolean): UsableMetadata {
  const unusable = new Set<Member>();
  const isUrl = (value: unknown): value is string => isSecureUrl(value, allowInsecure);

  function take<T>(member: Member, isUsable: (value: unknown) => value is T): T | undefined {
    const value: unknown = document[member];
    if (value === undefined || value === null || isUsable(value)) return value ?? undefined;
    unusable.add(member);
    return undefined;
  }

  function takeAliases(): Aliases {
    const aliases = take('mtls_endpoint_aliases', isObject) ?? {};
    const named = ALIASES.filter((alias) => (aliases[alias] ?? undefined) !== undefined);
    const usable = named.filter((alias) => isUrl(aliases[alias]));
    if (usable.length < named.length) unusable.add('mtls_endpoint_aliases');
    return Object.fromEntries(usable.map((alias) => [alias, aliases[alias]]));
  }

  return {
    ...Object.fromEntries(URLS.map((member) => [member, take(member, isUrl)])),
    ...Object.fromEntries(LISTS.map((member) => [member, take(member, isListOfTexts)])),
    mtls_endpoint_aliases: takeAliases(),
    unusable,
  };
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
