import { Events } from './events.ts';
import { DeadlineInvalidationList } from './invalidation/deadline.ts';
import { Invalidations } from './invalidation/invalidations.ts';
import { MemoryInvalidationList } from './invalidation/memory.ts';
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
import { Sessions } from './session/sessions.ts';
import { RedisChannel } from './store/redis-channel.ts';
import { StoreCalls } from './store/store-calls.ts';
import { AccessTokens } from './token/access-token.ts';

/** What the middlewares are made of, each built once. */
export type Parts = ReturnType<typeof createParts>;

export function createParts(settings: ResolvedOptions) {
  const events = new Events();
  const providers = new Map(
    settings.providers.map((provider) => [provider.issuer, new Provider(provider, events)]),
  );
  const { list, store, channel } = createStores(settings, events);
  const records = new Records(store, new Encryption(settings.encryptionKey));
  const registry = new SessionRegistry(records, settings);
  const logouts = new Logouts(records);
  const invalidations = new Invalidations(list, registry, events, settings);
  const accessTokens = new AccessTokens(providers, registry, settings);
  const announcements = new Announcements(events, channel, providers.keys());
  const revocations = new Revocations(events, settings);
  const known = { providers, registry, invalidations, announcements, revocations };
  const ends = new SessionEnds(known);
  const { encryptionKey, maxTokenLifetime } = settings;
  const isEncrypted = encryptionKey !== undefined;
  const sessions = new Sessions({ ...known, ends, maxTokenLifetime, isEncrypted });
  const states = new PostLogoutStates(logouts, { secure: isSecure(settings) });
  return { ...known, events, accessTokens, logouts, ends, sessions, states };
}

function isSecure({ providers }: ResolvedOptions): boolean {
  return providers.every(({ postLogoutRedirectUri: uri }) => uri?.startsWith('http:') !== true);
}

function createStores({ redis, keyPrefix, ...own }: ResolvedOptions, events: Events) {
  const calls = new StoreCalls(events, own.storeTimeout);
  const { list, store, channel } =
    redis === undefined
      ? {
          list: own.invalidationList ?? new MemoryInvalidationList(),
          store: own.sessionStore ?? new MemorySessionStore(),
          channel: undefined,
        }
      : {
          list: new RedisInvalidationList(redis, keyPrefix),
          store: new RedisSessionStore(redis, keyPrefix),
          channel: new RedisChannel(redis, `${keyPrefix}session-ended`, calls, events),
        };
  return {
    list: new DeadlineInvalidationList(list, calls),
    store: new DeadlineSessionStore(store, calls),
    channel,
  };
}
