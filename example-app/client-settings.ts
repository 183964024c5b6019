import { SettingError } from './setting-error.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const CLIENT_AUTHS = ['client_secret_basic', 'client_secret_post'] as const;

/** What the app itself sends in an authorization request, or has a variable for. */
const OWN_PARAMETERS = new Set([
  ...['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'resource'],
  ...['response_mode', 'response_type', 'scope', 'state'],
]);

export type Environment = Readonly<Record<string, string | undefined>>;

type ClientAuth = (typeof CLIENT_AUTHS)[number];

/** The app's registration at a provider. */
export interface ClientSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** Absent: what the provider's metadata say. */
  readonly clientAuth?: ClientAuth | undefined;
  readonly scope: string;
  readonly resource?: string | undefined;
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly audience: string;
  readonly algorithms?: readonly string[] | undefined;
  readonly allowHttp?: boolean;
}

export function readClient(env: Environment, issuer: string): ClientSettings {
  const allowHttp = readFlag(env.OIDC_ALLOW_HTTP);
  checkIssuer(issuer, allowHttp);
  const { OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = env;
  if (clientId === undefined) throw new SettingError('OIDC_CLIENT_ID must be set with OIDC_ISSUER');
  const resource = env.OIDC_RESOURCE;
  const parameters = readParameters(env.OIDC_AUTHORIZATION_PARAMETERS);
  return {
    ...{ issuer, clientId, clientSecret, resource, parameters, allowHttp },
    clientAuth: readClientAuth(env.OIDC_CLIENT_AUTH, clientSecret),
    scope: readScope(env.OIDC_SCOPE),
    // Providers that are asked for no API mostly name the client itself.
    audience: env.OIDC_AUDIENCE ?? resource ?? parameters.audience ?? clientId,
    algorithms: env.OIDC_ALGORITHMS?.split(/[ ,]+/),
  };
}

/** Without an issuer they would be ignored, which nobody means who sets them. */
export function refuseClientSettings(env: Environment): void {
  const name = Object.keys(env).find((key) => key.startsWith('OIDC_'));
  if (name !== undefined) throw new SettingError(`${name} is set, but OIDC_ISSUER is not`);
}

function readFlag(value = '0'): boolean {
  if (value === '0' || value === '1') return value === '1';
  throw new SettingError('OIDC_ALLOW_HTTP must be 1, or not set');
}

function checkIssuer(issuer: string, allowHttp: boolean): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isSecure =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && (allowHttp || LOOPBACK.test(url.hostname)));
  if (isSecure && !/[?#]/.test(issuer) && url.username === '' && url.password === '') return;
  throw new SettingError(
    'OIDC_ISSUER must be an https: URL without query and fragment (http: on loopback, or with OIDC_ALLOW_HTTP=1)',
  );
}

function readScope(scope = 'openid profile'): string {
  if (scope.split(' ').includes('openid')) return scope;
  throw new SettingError('OIDC_SCOPE must contain openid');
}

function readClientAuth(
  value: string | undefined,
  secret: string | undefined,
): ClientAuth | undefined {
  const method = CLIENT_AUTHS.find((known) => known === value);
  if (method !== value) {
    throw new SettingError(`OIDC_CLIENT_AUTH must be ${CLIENT_AUTHS.join(' or ')}`);
  }
  if (method !== undefined && secret === undefined) {
    throw new SettingError('OIDC_CLIENT_AUTH is set, but OIDC_CLIENT_SECRET is not');
  }
  return method;
}

function readParameters(query = ''): Record<string, string> {
  const parameters = [...new URLSearchParams(query)];
  const own = parameters.find(([name]) => OWN_PARAMETERS.has(name));
  if (own !== undefined) {
    throw new SettingError(`OIDC_AUTHORIZATION_PARAMETERS must leave ${own[0]} to the app`);
  }
  if (parameters.every(([name, value]) => name !== '' && value !== '')) {
    return Object.fromEntries(parameters);
  }
  throw new SettingError(
    'OIDC_AUTHORIZATION_PARAMETERS must be a query, such as audience=https://api.example.com',
  );
}
