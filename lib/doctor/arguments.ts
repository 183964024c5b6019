import { parseArgs } from 'node:util';
import { isSecureUrl } from '../input/secure-url.ts';

export const USAGE = `Usage: express-oidc-logout doctor <issuer> [options]

Reads the provider's metadata and keys, and tells what of express-oidc-logout
works there, what to register, and the options to copy.

  --client-id <id>   of this app: for the options, and to ask the provider
                     whether it takes a logout without ID Token
  --audience <aud>   what "aud" of the access tokens contains
  --base-url <url>   where the app is found, an https: URL without query
                     (default: https://app.example.com)
  --token            read an access token, ID Token or Logout Token from
                     standard input: does this configuration take it?
  --options <file>   the options of oidcLogout() as JSON, instead of issuer,
                     client id and audience
  --redis <url>      ask a Redis too
  --json             print JSON
  --allow-insecure   allow http: elsewhere than on loopback
  --help             print this

Exit status: 0 nothing is wrong, 1 something is, 2 wrong arguments.
`;

export interface Arguments {
  readonly issuer: string | undefined;
  readonly clientId: string | undefined;
  readonly audience: string | undefined;
  readonly baseUrl: string;
  readonly token: boolean;
  readonly options: string | undefined;
  readonly redis: string | undefined;
  readonly json: boolean;
  readonly insecure: boolean;
}

const OPTIONS = {
  'client-id': { type: 'string' },
  audience: { type: 'string' },
  'base-url': { type: 'string', default: 'https://app.example.com' },
  token: { type: 'boolean', default: false },
  options: { type: 'string' },
  redis: { type: 'string' },
  json: { type: 'boolean', default: false },
  'allow-insecure': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `undefined` for wrong arguments. */
export function readArguments(args: readonly string[]): Arguments | 'help' | undefined {
  const parsed = parse(args);
  if (parsed === undefined) return undefined;
  const { 'allow-insecure': insecure, 'base-url': baseUrl, 'client-id': clientId } = parsed.values;
  const { audience, help, json, options, redis, token } = parsed.values;
  if (help) return 'help';
  const [command, pasted, ...others] = parsed.positionals;
  if (command !== 'doctor' || others.length > 0) return undefined;
  const issuer = pasted?.replace(/\/\.well-known\/openid-configuration$/, '');
  const given = { issuer, clientId, audience, baseUrl, token, options, redis, json, insecure };
  return isComplete(given) && isBaseUrl(given) ? given : undefined;
}

function isComplete({ audience, clientId, issuer, options, redis, token }: Arguments): boolean {
  if (options !== undefined) return (clientId ?? audience) === undefined;
  if (token) return issuer !== undefined && clientId !== undefined;
  return (issuer ?? redis) !== undefined;
}

function isBaseUrl({ baseUrl, insecure }: Arguments): boolean {
  return isSecureUrl(baseUrl, insecure) && !baseUrl.includes('?');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch {
    return undefined;
  }
}
