import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { oidcLogout } from '../../dist/index.js';
import { AUDIENCE, CLIENT_ID } from '../support/provider.ts';
import { createApp } from './app.ts';

/** What this process is started with, as JSON. */
export interface ServerSettings {
  readonly express: 4 | 5;
  readonly issuer: string;
  readonly redisPath: string;
}

/** What this process tells of itself, after a collection of garbage; memory in bytes. */
export interface ServerState {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** Milliseconds since the last time that was told. */
  readonly longestTurn: number;
  /** What keeps the event loop alive, by type. */
  readonly resources: Readonly<Record<string, number>>;
  /** Commands of the Redis client that wait for a reply or for a connection. */
  readonly redisQueue: number;
  /** How often each event was told. */
  readonly events: Readonly<Record<string, number>>;
  /** What must never be: errors that nobody handled, or that came to the app's error handler. */
  readonly failures: readonly string[];
}

const FAILURES_KEPT = 50;
const settings = JSON.parse(process.argv[2] ?? '') as ServerSettings;
const events: Record<string, number> = {};
const failures = new Set<string>();

function count(name: string): void {
  events[name] = (events[name] ?? 0) + 1;
}

function fail(kind: string, error: unknown): void {
  count(kind);
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (failures.size < FAILURES_KEPT) {
    failures.add(`${kind}: ${told.split('\n').slice(0, 5).join('\n')}`);
  }
}

for (const kind of ['unhandledRejection', 'uncaughtException']) {
  process.on(kind, (error) => {
    fail(kind, error);
  });
}

const redis = new Redis({ path: settings.redisPath });
redis.on('error', () => undefined);
const oidc = oidcLogout({
  provider: {
    issuer: settings.issuer,
    clientId: CLIENT_ID,
    clientSecret: 'a-secret-that-only-this-test-knows',
    postLogoutRedirectUri: 'https://app.example.com/logged-out',
    algorithms: ['ES256'],
    introspection: 'opaque',
  },
  audience: AUDIENCE,
  redis,
  nearCache: {},
  encryptionKey: Buffer.alloc(32, 'soak').toString('base64url'),
});
for (const name of ['logout', 'invalidated', 'session-ended'] as const) {
  oidc.on(name, () => {
    count(name);
  });
}
oidc.on('revocation', ({ outcome, reason = '' }) => {
  count(`revocation ${outcome} ${reason}`);
});
oidc.on('store-error', ({ reason }) => {
  count(`store-error ${reason}`);
});
oidc.on('logout-token-delayed', ({ outcome }) => {
  count(`logout-token-delayed ${outcome}`);
});
oidc.on('provider-error', ({ operation, reason }) => {
  count(`provider-error ${operation} ${reason}`);
});
oidc.on('listener-error', ({ event, error }) => {
  fail(`listener-error of ${event}`, error);
});

const app = createApp(settings.express, oidc, (error) => {
  fail('app error', error);
});
const server = createServer(app);
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const turns = monitorEventLoopDelay();
turns.enable();

async function describe(): Promise<ServerState> {
  const longestTurn = turns.max / 1e6;
  // What only weak references hold is let go of a turn after it was collected.
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    await wait(20);
  }
  const resources: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  const { heapUsed, external, rss } = process.memoryUsage();
  const queues = redis as unknown as Record<string, { readonly length: number }>;
  const redisQueue = (queues.commandQueue?.length ?? 0) + (queues.offlineQueue?.length ?? 0);
  turns.reset();
  const memory = { heapUsed, external, rss };
  return { ...memory, longestTurn, resources, redisQueue, events, failures: [...failures] };
}

process.on('message', () => void describe().then((state) => process.send?.(state)));
process.once('disconnect', () => process.exit());
process.send?.((server.address() as AddressInfo).port);
