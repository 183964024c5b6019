import { Events } from './events.ts';
import { DeadlineInvalidationList } from './invalidation/deadline.ts';
import type { InvalidationList } from './invalidation/invalidation-list.ts';
import { Invalidations } from './invalidation/invalidations.ts';
import { MemoryInvalidationList } from './invalidation/memory.ts';
import { NearCache } from './invalidation/near-cache.ts';
import { RedisInvalidationList } from './invalidation/redis.ts';
import { PostLogoutStates } from './middleware/post-logout.ts';
import type { ResolvedOptions } from './options.ts';
import { Provider } from './provider/provider.ts';
import { Revocations } from './provider/revocations.ts';
import { Announcements } from './session/announcements.ts';
import { DeadlineSessionStore } from './session/deadline.ts';
import { Encryption } from './session/encryption.ts';
import { Logouts } from './session/logouts.ts';
import { MemorySessionStore } from './session/memory.ts';
import { Records } from './session/records.ts';
import { RedisSessionStore } from './session/redis.ts';
import { SessionEnds } from './session/session-ends.ts';
import { SessionRegistry } from './session/session-registry.ts';
import type { SessionStore } from './session/session-store.ts';
import { Sessions } from './session/sessions.ts';
import { warnOfMemory } from './store/memory-warning.ts';
import { ReadyRedis } from './store/ready-redis.ts';
import { RedisChannel } from './store/redis-channel.ts';
import { ReplicatedWrites } from './store/replicated-writes.ts';
import { ServerCheck } from './store/server-check.ts';
import { StoreCalls } from './store/store-calls.ts';
import { AccessTokens } from './token/access-token.ts';

/** What the middlewares are made of, each built once. */
export type Parts = ReturnType<typeof createParts>;

interface Stores {
  readonly calls: StoreCalls;
  readonly list: InvalidationList;
  readonly store: SessionStore;
  readonly sessionEnded?: RedisChannel;
  readonly replicated?: ReplicatedWrites | undefined;
}

export function createParts(settings: ResolvedOptions) {
  const events = new Events();
  const providers = new Map(
    settings.providers.map((provider) => [provider.issuer, new Provider(provider, events)]),
  );
  const { calls, list, store, sessionEnded, replicated } = createStores(settings, events);
  const records = new Records(
    new DeadlineSessionStore(store, calls),
    new Encryption(settings.encryptionKey),
  );
  const registry = new SessionRegistry(records, settings);
  const logouts = new Logouts(records);
  const timedList = new DeadlineInvalidationList(
    list,
    calls,
    additionsOf(settings, { calls, events, replicated }),
  );
  const invalidations = new Invalidations(timedList, registry, events, settings);
  const { decisions, watching } = createDecisions(settings, list, invalidations);
  const accessTokens = new AccessTokens(providers, registry, settings);
  const announcements = new Announcements(events, sessionEnded, providers.keys());
  const revocations = new Revocations(events, settings);
  const known = { providers, registry, invalidations, announcements, revocations };
  const ends = new SessionEnds(known);
  const { encryptionKey, maxTokenLifetime } = settings;
  const isEncrypted = encryptionKey !== undefined;
  const sessions = new Sessions({ ...known, ends, maxTokenLifetime, isEncrypted });
  const states = new PostLogoutStates(logouts, { secure: isSecure(settings) });
  const connections = [replicated, watching].filter((each) => each !== undefined);
  return {
    ...known,
    decisions,
    events,
    accessTokens,
    logouts,
    ends,
    sessions,
    states,
    connections,
  };
}

function isSecure({ providers }: ResolvedOptions): boolean {
  return providers.every(({ postLogoutRedirectUri: uri }) => uri?.startsWith('http:') !== true);
}

// They wait on a connection of their own, for the replicas, and for the addition before them.
function additionsOf(
  { durability, storeTimeout }: ResolvedOptions,
  known: { calls: StoreCalls; events: Events; replicated: ReplicatedWrites | undefined },
): StoreCalls {
  const { calls, events, replicated } = known;
  if (durability === undefined || replicated === undefined) return calls;
  const timeout = storeTimeout + 2 * durability.timeout;
  return new StoreCalls(events, timeout, () => replicated.isConnected);
}

function createDecisions(
  { maxStaleness }: ResolvedOptions,
  list: InvalidationList,
  invalidations: Invalidations,
) {
  // The list in memory pushes nothing, and nothing is nearer.
  if (maxStaleness === undefined || list.watch === undefined) return { decisions: invalidations };
  const decisions = new NearCache(invalidations, maxStaleness);
  const stop = list.watch(decisions);
  const watching = {
    close: () => {
      stop();
      decisions.lost();
    },
  };
  return { decisions, watching };
}

function createStores(settings: ResolvedOptions, events: Events): Stores {
  const { redis, keyPrefix, durability, storeTimeout } = settings;
  if (redis === undefined) return createOwnStores(settings, events);
  const check = new ServerCheck(redis, events);
  const ready = new ReadyRedis(redis, storeTimeout, () => {
    check.used();
  });
  const calls = new StoreCalls(events, storeTimeout, () => ready.isConnected);
  const invalidated = new RedisChannel(ready, `${keyPrefix}invalidated`, calls, events);
  const replicated = durability && new ReplicatedWrites(redis, durability, storeTimeout);
  return {
    calls,
    list: new RedisInvalidationList(ready, keyPrefix, invalidated, replicated),
    store: new RedisSessionStore(ready, keyPrefix),
    sessionEnded: new RedisChannel(ready, `${keyPrefix}session-ended`, calls, events),
    replicated,
  };
}

function createOwnStores(settings: ResolvedOptions, events: Events): Stores {
  const { invalidationList, sessionStore, storeTimeout } = settings;
  if (invalidationList === undefined) warnOfMemory();
  return {
    calls: new StoreCalls(events, storeTimeout),
    list: invalidationList ?? new MemoryInvalidationList(),
    store: sessionStore ?? new MemorySessionStore(),
  };
}
