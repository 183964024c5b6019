import { isSecureUrl, withScheme } from '../input/secure-url.ts';
import { parseArguments } from './parse-arguments.ts';
import { refuseArguments } from './usage.ts';

export interface Arguments {
  readonly issuer: string | undefined;
  readonly clientId: string | undefined;
  readonly audience: string | undefined;
  readonly baseUrl: string | undefined;
  readonly token: boolean;
  readonly options: string | undefined;
  readonly redis: string | undefined;
  readonly json: boolean;
  readonly insecure: boolean;
}

/** @throws {@link ArgumentError} */
export function readArguments(args: readonly string[]): Arguments | 'help' {
  const { positionals, values } = parseArguments(args);
  const { 'allow-insecure': insecure, 'base-url': baseUrl, 'client-id': clientId } = values;
  const { audience, help, json, options, redis, token } = values;
  if (help) return 'help';
  const [command, pasted, ...others] = positionals;
  const issuer = pasted?.replace(/\/\.well-known\/openid-configuration$/, '');
  const given = { issuer, clientId, audience, baseUrl, token, options, redis, json, insecure };
  const fault = command === 'doctor' ? faultOf(given, others) : 'The command is "doctor".';
  return fault === undefined ? given : refuseArguments(fault);
}

function faultOf(given: Arguments, others: readonly string[]): string | undefined {
  const { audience, clientId, issuer, options, redis, token } = given;
  if (isTokenAmong(given, others)) return 'A token is read from standard input, and no argument.';
  if (others.length > 0) return 'Only one issuer can be asked.';
  if (!isBaseUrl(given)) {
    return '"--base-url" must be an https: URL without query, fragment and user (http: on loopback, or with "--allow-insecure").';
  }
  if (options !== undefined) {
    return (clientId ?? audience) === undefined
      ? undefined
      : 'Beside "--options", "--client-id" and "--audience" must be left out.';
  }
  if ((issuer ?? (token ? undefined : redis)) === undefined) return 'The issuer is missing.';
  return token && clientId === undefined ? '"--token" needs "--client-id".' : undefined;
}

function isTokenAmong({ issuer = '', token }: Arguments, others: readonly string[]): boolean {
  const positionals = [issuer, ...others];
  if (positionals.some((text) => text.startsWith('eyJ'))) return true;
  return token && positionals.some((text) => text !== '' && !isLikeUrl(text));
}

// An issuer without its scheme is told as one.
function isLikeUrl(text: string): boolean {
  return URL.canParse(text) || withScheme(text) !== undefined;
}

function isBaseUrl({ baseUrl, insecure }: Arguments): boolean {
  return baseUrl === undefined || (isSecureUrl(baseUrl, insecure) && !baseUrl.includes('?'));
}
