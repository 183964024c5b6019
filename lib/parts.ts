import { AccessTokens } from './access-token/access-tokens.ts';
import { NearCache } from './access-token/near-cache.ts';
import { TokenStatuses } from './access-token/token-status.ts';
import { Events } from './events.ts';
import { BackChannelLogout } from './logout/back-channel-logout.ts';
import { LogoutEnds } from './logout/logout-ends.ts';
import { type TokensOfLogout, readPresentedTokens } from './logout/presented-tokens.ts';
import { PostLogoutStates } from './logout/post-logout-states.ts';
import { RpInitiatedLogout } from './logout/rp-initiated-logout.ts';
import { ReturningBrowser } from './http/returning-browser.ts';
import type { ResolvedOptions } from './options/oidc-logout-options.ts';
import { Providers } from './provider/providers.ts';
import { Revocations } from './provider/revocations.ts';
import { ActiveLogins } from './session/active-logins.ts';
import { Announcements } from './session/announcements.ts';
import { Encryption } from './session/encryption.ts';
import { EndRevocations } from './session/end-revocations.ts';
import { SessionEnds } from './session/ends.ts';
import { Epoch } from './store/epoch.ts';
import { Logins } from './session/logins.ts';
import { Repetitions } from './session/repetitions.ts';
import { SessionSeal } from './session/session-seal.ts';
import { createSessions } from './session/sessions.ts';
import { createOperations } from './store/create-operations.ts';

export function createParts(settings: ResolvedOptions) {
  const events = new Events();
  const providers = new Providers(settings.providers, events);
  const { operations, isShared, close } = createOperations(settings, events);
  const encryption = new Encryption(settings.encryptionKey);
  const seal = new SessionSeal(encryption);
  const epoch = new Epoch(operations, events, settings.onStoreLoss);
  const accessTokens = new AccessTokens(providers, operations, settings);
  const statuses = new TokenStatuses(operations, epoch);
  const nearCache = createNearCache(settings, isShared, statuses);
  const stopHearing = nearCache && operations.onChange(nearCache);
  const announcements = new Announcements(events, operations, providers.issuers);
  const revocations = new Revocations(events, settings);
  const repetitions = new Repetitions();
  // Anybody can send Logout Tokens: they leave the room of logouts alone.
  const waitingTokens = new Repetitions();
  const known = { ...settings, providers, operations, events, seal, accessTokens, repetitions };
  const endRevocations = new EndRevocations({ ...known, revocations });
  const ends = new SessionEnds({ ...known, announcements, endRevocations });
  const logins = new Logins({ ...known, ends, epoch });
  const states = new PostLogoutStates(operations, encryption);
  const logoutEnds = new LogoutEnds({ ...known, ends });
  const decisions = nearCache ?? statuses;
  const activeLogins = new ActiveLogins({ ...known, epoch, decisions });
  return {
    providers,
    accessTokens,
    announcements,
    ends,
    events,
    revocations,
    states,
    decisions,
    presentedTokens: (tokens: TokensOfLogout) => readPresentedTokens(known, tokens),
    sessions: createSessions({ ...known, logins, activeLogins, ends }),
    rpInitiatedLogout: new RpInitiatedLogout({ ...known, logoutEnds, states }),
    backChannelLogout: new BackChannelLogout({ ...known, ends, repetitions: waitingTokens }),
    browser: new ReturningBrowser(states, { secure: isSecure(settings) }),
    async ready() {
      const asked = Array.from(providers, (provider) => provider.ready());
      await Promise.all([operations.read([{ kind: 'epoch' }]), ...asked]);
    },
    closeStore() {
      repetitions.close();
      waitingTokens.close();
      stopHearing?.();
      nearCache?.lost();
      close();
    },
  };
}

function isSecure({ providers }: ResolvedOptions): boolean {
  const uris = providers.flatMap(({ postLogoutRedirectUri }) => postLogoutRedirectUri);
  const protocols = uris.map((uri) => new URL(uri).protocol);
  // One address for development does not weaken the cookie of the others.
  return !protocols.includes('http:') || protocols.includes('https:');
}

// The memory store needs no near-cache.
function createNearCache(
  { nearCache }: ResolvedOptions,
  isShared: boolean,
  statuses: TokenStatuses,
): NearCache | undefined {
  return nearCache === undefined || !isShared
    ? undefined
    : new NearCache(statuses, nearCache.maxStaleness);
}
