import type { Redis } from 'ioredis';
import type { Signer } from '../../spec/support/provider.ts';
import type { Effort } from '../effort.ts';
import type { Load } from '../load-process.ts';
import { apiRequest, jsonRequest } from '../requests.ts';
import { mintLogins } from '../tokens.ts';
import { revoke } from './revoked.ts';

const TOKENS = 1000;

// Every hundredth: then one percent of any hundred requests in a row is refused.
const isInvalid = (_token: unknown, index: number) => index % 100 === 50;

/** Requests with a thousand access tokens, of which one percent was invalidated. */
export interface GuardWorkload {
  /** Invalidates by the logout of this package. */
  readonly logout: Load;
  /** Invalidates on the list of an app that keeps its own. */
  revoke(redis: Redis): Promise<void>;
  readonly warmUp: Load;
  readonly load: Load;
  /** The same two loads for who refuses nothing. */
  readonly unguarded: { readonly warmUp: Load; readonly load: Load };
}

export async function createGuardWorkload(
  signer: Signer,
  { walk, warmUpWalk }: Effort,
  connections = 64,
): Promise<GuardWorkload> {
  const logins = await mintLogins(signer, TOKENS);
  const invalid = logins.filter(isInvalid);
  const requests = logins.map(({ access_token }) => apiRequest(access_token));

  function loadOf(length: number, invalidShare: number): Load {
    const amount = length * connections;
    const refused = amount * invalidShare;
    const statuses = { 200: amount - refused, ...(refused > 0 && { 401: refused }) };
    return { requests, connections, amount, statuses };
  }

  const loads = (share: number) => ({
    warmUp: loadOf(warmUpWalk, share),
    load: loadOf(walk, share),
  });
  return {
    logout: {
      requests: invalid.map(({ access_token }) => jsonRequest('/logout', { access_token })),
      connections: 1,
      amount: invalid.length,
      statuses: { 200: invalid.length },
    },
    async revoke(redis) {
      for (const { jti } of invalid) await revoke(redis, jti);
    },
    ...loads(0.01),
    unguarded: loads(0),
  };
}
