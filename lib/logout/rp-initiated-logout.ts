import { setTimeout } from 'node:timers/promises';
import type { AccessTokens } from '../access-token/access-tokens.ts';
import type { Events } from '../events.ts';
import {
  type EndSessionForm,
  type EndSessionRules,
  type PreparedEndSession,
  prepareEndSession,
} from '../provider/end-session-request.ts';
import type { Provider } from '../provider/provider.ts';
import { readOwner, type SessionOwner } from '../session/session-owner.ts';
import type { SessionSeal } from '../session/session-seal.ts';
import type { Operations } from '../store/operations.ts';
import { isOfClient } from '../token/token-kind.ts';
import type { LogoutEnd, LogoutEnds } from './logout-ends.ts';
import { readLogoutNote } from './logout-note.ts';
import type { BoundState, PostLogoutStates } from './post-logout-states.ts';
import {
  type TokensOfLogout,
  type PresentedTokens,
  readPresentedTokens,
} from './presented-tokens.ts';

export interface LogoutAnswer {
  readonly provider: Provider;
  /** `undefined` where the provider has no End Session endpoint. */
  readonly redirect?: string | undefined;
  /** `undefined` where the provider takes none. */
  readonly form?: (() => EndSessionForm) | undefined;
  readonly cookie: string | undefined;
}

export interface RpInitiatedLogoutParts extends EndSessionRules {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly accessTokens: AccessTokens;
  readonly operations: Operations;
  readonly logoutEnds: LogoutEnds;
  readonly states: PostLogoutStates;
  readonly seal: SessionSeal;
  readonly events: Events;
  /** Seconds. */
  readonly retryWindow: number;
  /** Seconds. */
  readonly revocationTimeout: number;
}

interface PreparedLogout {
  readonly presented: PresentedTokens;
  readonly owner: SessionOwner;
  /** `undefined` where the provider has no End Session endpoint. */
  readonly request: PreparedEndSession | undefined;
  /** A digest of the presented token, to distinguish this logout. */
  readonly call: string;
  /** The `state` of an earlier answer to the same unsaved token. */
  readonly before: string | undefined;
  readonly state: string;
}

interface InvalidatedLogout {
  readonly prepared: PreparedLogout;
  readonly end: LogoutEnd;
  readonly kept: BoundState;
}

/**
 * Ends a session: validate everything, read for the answer, invalidate, revoke, answer. A retry
 * completes the work, and within `retryWindow` gets the same answer.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
 */
export class RpInitiatedLogout {
  readonly #parts: RpInitiatedLogoutParts;

  constructor(parts: RpInitiatedLogoutParts) {
    this.#parts = parts;
  }

  /** `undefined` where the provider of the tokens is unknown. */
  async logOut(
    tokens: TokensOfLogout,
    returnTo: string | undefined,
  ): Promise<LogoutAnswer | undefined> {
    const presented = await readPresentedTokens(this.#parts, tokens);
    if (presented === undefined) return undefined;
    const prepared = await this.#prepare(presented);
    const invalidated = await this.#invalidate(prepared, returnTo);
    await this.#untilAsked(invalidated.end);
    return this.#answer(invalidated, await this.#bind(invalidated, returnTo));
  }

  /** A failing read fails here, before anything ends. */
  async #prepare(presented: PresentedTokens): Promise<PreparedLogout> {
    const owner = ownerOf(presented);
    const request = await prepareEndSession(presented.provider, owner, this.#parts);
    const call = presented.accessToken?.key ?? presented.refreshToken?.key ?? '';
    const before = await this.#stateBefore(presented, call);
    return { presented, owner, request, call, before, state: before ?? request?.state ?? '' };
  }

  async #invalidate(
    prepared: PreparedLogout,
    returnTo: string | undefined,
  ): Promise<InvalidatedLogout> {
    const { presented, owner, call, state } = prepared;
    const { logoutEnds, seal, states } = this.#parts;
    const sealed = await seal.sealState(call, state);
    const [end, kept] = await Promise.all([
      logoutEnds.end({ presented, owner, call, state: sealed }),
      states.keep(state, returnTo),
    ]);
    return { prepared, end, kept };
  }

  async #untilAsked({ asked }: LogoutEnd): Promise<void> {
    const timeout = new AbortController();
    const { signal } = timeout;
    const milliseconds = this.#parts.revocationTimeout * 1000;
    const over = setTimeout(milliseconds, undefined, { signal, ref: false });
    await Promise.race([asked, over.catch(() => undefined)]);
    timeout.abort();
  }

  async #answer(
    { prepared, end }: InvalidatedLogout,
    { state, cookie }: BoundState,
  ): Promise<LogoutAnswer> {
    const { presented, owner, request } = prepared;
    const { provider } = presented;
    const idToken = await this.#idTokenFor(presented, end);
    this.#parts.events.emit('logout', { ...owner, repeated: end.isRepeated });
    const { sid } = readOwner(end.record?.owner ?? '') ?? owner;
    return { provider, ...request?.with(idToken, state, sid), cookie };
  }

  async withoutSession(
    named: Provider | undefined,
    returnTo: string | undefined,
  ): Promise<LogoutAnswer> {
    const [first] = this.#parts.providers.values();
    const provider = named ?? first;
    if (provider === undefined) throw new TypeError('There is no provider');
    const owner = { issuer: provider.issuer, subject: undefined, sid: undefined };
    const request = await prepareEndSession(provider, owner, this.#parts);
    const { state, cookie } = await this.#parts.states.unkept(request?.state ?? '', returnTo);
    return { provider, ...request?.with(undefined, state, undefined), cookie };
  }

  // Only a login whose own token was presented gets a hint. A token bound to a sender gets none.
  async #idTokenFor(presented: PresentedTokens, end: LogoutEnd): Promise<string | undefined> {
    const { provider, isSenderConstrained } = presented;
    if (end.record === undefined || !this.#isFirstOrRetry(end)) return undefined;
    if (isSenderConstrained || !isOfOwnLogin(presented)) return undefined;
    const { clientId } = provider.settings;
    const sealed = end.record.tokens[clientId];
    return sealed && this.#parts.seal.openIdToken(end.session, clientId, sealed);
  }

  async #stateBefore({ entry }: PresentedTokens, call: string): Promise<string | undefined> {
    const note = readLogoutNote(entry);
    const isRecent = note !== undefined && note.at >= Date.now() / 1000 - this.#parts.retryWindow;
    return isRecent ? this.#parts.seal.openState(call, note.state) : undefined;
  }

  /**
   * A retry within `retryWindow` gets the first answer's `state`; a later one gets a `state` kept
   * by the browser alone.
   */
  async #bind(
    { prepared, end, kept }: InvalidatedLogout,
    returnTo: string | undefined,
  ): Promise<BoundState> {
    if (!end.isRepeated) return kept;
    const { call, state, before } = prepared;
    const { seal, states } = this.#parts;
    const sealed = this.#isFirstOrRetry(end) ? end.record?.end?.state : undefined;
    const first = (sealed && (await seal.openState(call, sealed))) ?? before;
    if (first !== state) await states.drop(state);
    return first ? states.keep(first, returnTo) : states.unkept(state, returnTo);
  }

  // A session ended by another cause has no earlier answer, even if this logout finished the end.
  #isFirstOrRetry({ isRepeated, age, record }: LogoutEnd): boolean {
    if (!isRepeated) return true;
    const { retryWindow } = this.#parts;
    const { claimedAt, endedAt, state = '' } = record?.end ?? {};
    const isEndOfLogout = state !== '' && claimedAt === endedAt;
    return isEndOfLogout && retryWindow > 0 && age <= retryWindow;
  }
}

function ownerOf({ provider, accessToken, claims }: PresentedTokens): SessionOwner {
  const { sub, sid }: { sub?: unknown; sid?: unknown } = accessToken?.payload ?? {};
  return {
    issuer: provider.issuer,
    subject: typeof sub === 'string' ? sub : claims?.sub,
    sid: typeof sid === 'string' ? sid : claims?.sid,
  };
}

// Saved for the login, or issued to this client by its own claims.
function isOfOwnLogin({ login, accessToken, provider }: PresentedTokens): boolean {
  if (login !== undefined || accessToken === undefined) return true;
  return isOfClient(accessToken.payload, provider.settings.clientId);
}
