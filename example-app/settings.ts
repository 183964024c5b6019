import {
  type ClientSettings,
  type Environment,
  readClient,
  refuseClientSettings,
} from './client-settings.ts';
import { SettingError } from './setting-error.ts';

export interface Settings {
  readonly port: number;
  readonly baseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Absent: the app starts a provider of its own. */
  readonly client: ClientSettings | undefined;
}

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
