import { readFile } from 'node:fs/promises';
import { type OidcLogoutOptions, resolveOptions } from '../options/oidc-logout-options.ts';
import { optionsOfOption, readOptions } from '../input/option.ts';
import {
  DURABILITY_OPTIONS,
  type DurabilityOptions,
  KEY_PREFIX,
} from '../options/store-options.ts';
import type { ReplicationRules } from '../store/redis/replicated-writes.ts';
import type { Arguments } from './arguments.ts';
import type { Patient } from './examination.ts';
import { addressOfReturn } from './prescription.ts';
import { ArgumentError } from './usage.ts';

const EXAMPLE_BASE_URL = 'https://app.example.com';

/** What the app has, as far as it was told. */
export interface Configuration {
  /** Of `--options`, but for `durability`. */
  readonly options: OidcLogoutOptions | undefined;
  readonly keyPrefix: string;
  readonly durability: ReplicationRules | undefined;
  /** `undefined` where a Redis alone is asked. */
  readonly patient: Patient | undefined;
}

/** @throws {@link ArgumentError} when the file has no such options. */
export async function readConfiguration(given: Arguments): Promise<Configuration> {
  const { issuer, options: path } = given;
  if (path === undefined) {
    const patient = issuer === undefined ? undefined : givenPatient(given, issuer);
    return { options: undefined, patient, keyPrefix: KEY_PREFIX, durability: undefined };
  }
  try {
    const file = JSON.parse(await readFile(path, 'utf8')) as OidcLogoutOptions;
    // A file has no `redis`, without which `durability` is refused.
    const { durability, ...options } = file;
    const { keyPrefix } = resolveOptions(options);
    const patient = patientOf(options, given);
    return { options, patient, keyPrefix, durability: rulesOf(durability) };
  } catch (error) {
    // The message of a SyntaxError quotes the file, which may have a secret.
    const reason = error instanceof SyntaxError ? 'It is no JSON' : (error as Error).message;
    throw new ArgumentError(`${path}: ${reason}\n`);
  }
}

function rulesOf(durability: DurabilityOptions | undefined): ReplicationRules | undefined {
  if (durability === undefined) return undefined;
  const place = optionsOfOption({ name: 'durability', allowInsecureRequests: false });
  return readOptions(DURABILITY_OPTIONS, durability, place);
}

function givenPatient({ baseUrl, clientId, insecure }: Arguments, issuer: string): Patient {
  return {
    issuer,
    clientId,
    allowInsecure: insecure,
    idTokenHint: undefined,
    baseUrl: baseUrl ?? EXAMPLE_BASE_URL,
    postLogoutRedirectUri: baseUrl && addressOfReturn(baseUrl),
  };
}

function patientOf(options: OidcLogoutOptions, { baseUrl, issuer, insecure }: Arguments): Patient {
  const entries = [options.provider].flat();
  const entry = issuer === undefined ? entries[0] : entries.find((one) => one.issuer === issuer);
  if (entry === undefined) throw new TypeError('"provider" has no such issuer');
  const { clientId, idTokenHint = 'auto', postLogoutRedirectUri = [] } = entry;
  const uris = [postLogoutRedirectUri].flat();
  return {
    issuer: entry.issuer,
    clientId,
    idTokenHint,
    allowInsecure: insecure || options.allowInsecureRequests === true,
    baseUrl: baseUrl ?? originAmong(uris) ?? EXAMPLE_BASE_URL,
    postLogoutRedirectUri: uris[0] ?? (baseUrl && addressOfReturn(baseUrl)),
  };
}

/** An address in an app of a phone has none. */
function originAmong(uris: readonly string[]): string | undefined {
  return uris.map((uri) => new URL(uri).origin).find((origin) => origin !== 'null');
}
