const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The app cannot start as it is set up; the message tells which setting is wrong and what it must be. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** The app's registration at a provider. */
export interface ClientSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scope: string;
  readonly resource: string | undefined;
  readonly audience: string;
  readonly allowHttp: boolean;
}

export interface Settings {
  readonly port: number;
  readonly baseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Absent: the app starts a provider of its own. */
  readonly client: ClientSettings | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment; a variable that is empty counts as absent. */
export function readSettings(environment: Environment): Settings {
  const env: Environment = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value),
  );
  if (env.OIDC_ISSUER === undefined) refuseClientSettings(env);
  return {
    port: readPort(env.PORT),
    baseUrl: readBaseUrl(env.BASE_URL),
    redisUrl: readRedisUrl(env.REDIS_URL),
    client: env.OIDC_ISSUER === undefined ? undefined : readClient(env, env.OIDC_ISSUER),
  };
}

function readPort(value = '3000'): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= 65_535) return port;
  throw new SettingError('PORT must be a number from 0 to 65535; 0 = any free one');
}

function readBaseUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.href === `${url?.origin ?? ''}/` && /^https?:$/.test(url.protocol)) return url.origin;
  throw new SettingError('BASE_URL must be an http: or https: URL without a path');
}

function readRedisUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (/^rediss?:\/\/./.test(value) || value.startsWith('/')) return value;
  throw new SettingError('REDIS_URL must be a redis: or rediss: URL, or the path of a socket');
}

function readClient(env: Environment, issuer: string): ClientSettings {
  const allowHttp = readFlag(env.OIDC_ALLOW_HTTP);
  checkIssuer(issuer, allowHttp);
  if (env.OIDC_CLIENT_ID === undefined) {
    throw new SettingError('OIDC_CLIENT_ID must be set with OIDC_ISSUER');
  }
  const scope = env.OIDC_SCOPE ?? 'openid profile';
  if (!scope.split(' ').includes('openid')) {
    throw new SettingError('OIDC_SCOPE must contain openid');
  }
  const resource = env.OIDC_RESOURCE;
  // Without a resource, providers that issue JWTs name the client itself.
  const audience = env.OIDC_AUDIENCE ?? resource ?? env.OIDC_CLIENT_ID;
  const clientSecret = env.OIDC_CLIENT_SECRET;
  return {
    ...{ issuer, clientId: env.OIDC_CLIENT_ID, clientSecret },
    ...{ scope, resource, audience, allowHttp },
  };
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

/** Without an issuer they would be ignored, which nobody means who sets them. */
function refuseClientSettings(env: Environment): void {
  const name = Object.keys(env).find((key) => key.startsWith('OIDC_'));
  if (name !== undefined) throw new SettingError(`${name} is set, but OIDC_ISSUER is not`);
}
