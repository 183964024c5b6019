import { afterAll, afterEach, beforeAll, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import request from 'supertest';
import type {
  OidcLogoutOptions,
  ProviderOptions,
  RevocationEvent,
  SessionEndedEvent,
} from '../../lib/index.ts';
import { type App, appWith, FRONT_CHANNEL_LOGOUT, optionsFor } from './app.ts';
import type { Claims } from './provider.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { REVOKE, type RevocationServer, startRevocationServer } from './revocation-server.ts';
import { until } from './until.ts';

/** What the token endpoint answers at a login. */
export interface Login {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
}

/** An app, and what it told of ends and revocations. */
export interface SessionApp extends App {
  readonly ended: SessionEndedEvent[];
  readonly revocations: RevocationEvent[];
}

export type SessionAppOptions = Omit<Partial<OidcLogoutOptions>, 'provider'> & {
  provider?: Partial<ProviderOptions>;
};

/** Apps on one Redis, with one provider that revokes tokens. */
export interface SessionWorld {
  readonly redis: RedisServer;
  /** Of the specs, not of the apps. */
  readonly admin: Redis;
  readonly op: RevocationServer;
  start(options?: SessionAppOptions): SessionApp;
  /** An app that hears the ends of all. */
  startListening(options?: SessionAppOptions): Promise<SessionApp>;
  /** What a login brings; nothing is saved. */
  issue(claims?: Claims): Promise<Login>;
  /** The keys in Redis that begin with this letter. */
  keys(letter: string): Promise<string[]>;
  /** Closes the apps, and forgets everything. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const PREFIX = 'oidc1:';
export const ENDS = `${PREFIX}session-ended`;
export const ALICE = { subject: 'alice', sid: 'sid-1' };
export const INVALIDATED = {
  error: 'invalid_token',
  error_description: 'The access token was invalidated by a logout',
};

/** The world of the specs of a file, once they call {@link useSessionWorld}. */
export let world: SessionWorld;

/** Starts a world for the specs of a file; after each of them it is as new, and so are the clocks. */
export function useSessionWorld(): void {
  beforeAll(async () => {
    world = await startSessionWorld();
  });

  afterAll(() => world.close());

  afterEach(async () => {
    jest.useRealTimers();
    await world.reset();
  });
}

async function startSessionWorld(): Promise<SessionWorld> {
  const [redis, op] = await Promise.all([startRedisServer(), startRevocationServer()]);
  const admin = redis.connect();
  const apps: SessionApp[] = [];
  let serial = 0;

  function start(options: SessionAppOptions = {}): SessionApp {
    const { issuer, signer } = op;
    const metadata = {
      end_session_endpoint: `${issuer}/logout`,
      revocation_endpoint: issuer + REVOKE,
    };
    const app = appWith(
      optionsFor(signer, {
        redis: redis.connect(),
        encryptionKey: new Uint8Array(32).fill(7),
        revocationDelay: 0,
        ...options,
        provider: { metadata, ...options.provider },
      }),
    );
    const ended: SessionEndedEvent[] = [];
    const revocations: RevocationEvent[] = [];
    app.oidc.on('session-ended', (event) => ended.push(event));
    app.oidc.on('revocation', (event) => revocations.push(event));
    const started = { ...app, ended, revocations };
    apps.push(started);
    return started;
  }

  return {
    redis,
    admin,
    op,
    start,
    async startListening(options) {
      const app = start(options);
      await untilListening(admin, apps.length);
      return app;
    },
    async issue(claims = {}) {
      const [access_token, id_token] = await Promise.all([
        op.signer.accessToken(claims),
        op.signer.idToken(claims),
      ]);
      return { access_token, id_token, refresh_token: `refresh-${++serial}-${Math.random()}` };
    },
    keys: (letter) => admin.keys(`${PREFIX}${letter}*`),
    async reset() {
      await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
      op.reset();
      await redis.flush();
    },
    async close() {
      await redis.close();
      await op.close();
    },
  };
}

async function untilListening(admin: Redis, count: number): Promise<void> {
  await until(async () => Number((await admin.pubsub('NUMSUB', ENDS))[1]) >= count);
}

export async function save({ oidc }: App, tokens: Login): Promise<Login> {
  await oidc.sessions.save(tokens);
  return tokens;
}

export function frame({ app }: Pick<App, 'app'>, sid = 'sid-1'): request.Test {
  return request(app).get(FRONT_CHANNEL_LOGOUT).query({ sid });
}

/** The refresh tokens that the provider was asked to revoke. */
export function revokedRefreshTokens({ requests }: RevocationServer): string[] {
  return requests
    .filter(({ form }) => form.token_type_hint === 'refresh_token')
    .map(({ form }) => form.token ?? '');
}

export function hintOf(redirect: unknown): string | null {
  return new URL(redirect as string).searchParams.get('id_token_hint');
}

/** This second, by the clock of the provider. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}
