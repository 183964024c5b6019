import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { guard, resolveGuardOptions } from '../http/guard.ts';
import { type OidcLogoutOptions, resolveOptions } from '../options/oidc-logout-options.ts';
import { createParts } from '../parts.ts';
import { MemoryStore } from '../store/memory.ts';
import type { RedisClient } from '../store/redis/redis-client.ts';

/** Each rejects as the middleware or method does. */
export interface TokenChecks {
  accessToken(token: string): Promise<unknown>;
  idToken(token: string): Promise<unknown>;
  logoutToken(token: string): Promise<unknown>;
  close(): void;
}

/** Of an app with these options. The guard alone asks Redis: the others would change what is there. */
export function createTokenChecks(
  options: OidcLogoutOptions,
  redis: RedisClient | undefined,
): TokenChecks {
  const settings = resolveOptions({ ...options, nearCache: undefined, onStoreError: 'deny' });
  const inMemory = { ...settings, redis: undefined, store: new MemoryStore() };
  const parts = createParts({ ...inMemory, onStoreLoss: 'accept' });
  const asked = redis === undefined ? parts : createParts({ ...settings, redis, store: undefined });
  return {
    async accessToken(token) {
      const guardOptions = resolveGuardOptions({ token: () => token, errors: 'next' }, settings);
      await pass(guard({ ...settings, ...asked, ...guardOptions }));
    },
    idToken: (token) => parts.sessions.save({ access_token: randomUUID(), id_token: token }),
    logoutToken: (token) => parts.backChannelLogout.accept(token),
    close() {
      parts.closeStore();
      asked.closeStore();
    },
  };
}

function pass(handler: ReturnType<typeof guard>): Promise<void> {
  const req = new IncomingMessage(new Socket());
  return new Promise((resolve, reject) => {
    void handler(req, new ServerResponse(req), (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}
