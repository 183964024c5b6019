import type { Algorithm, Issuer } from './issuer.ts';
import { AUDIENCE, CLIENT_ID } from '../spec/support/provider.ts';

interface Host {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is; several hosts are a cluster. */
export type RedisAddress = { readonly path: string } | Host | Host[];

/** What every variant is told, as plain data for another process. */
export interface Settings {
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly algorithm: Algorithm;
  readonly redis: RedisAddress;
}

export function settingsFor(issuer: Issuer, algorithm: Algorithm, redis: RedisAddress): Settings {
  return { issuer: issuer.url, audience: AUDIENCE, clientId: CLIENT_ID, algorithm, redis };
}
