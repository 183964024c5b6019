import { setTimeout } from 'node:timers/promises';
import type { AccessTokens } from '../access-token/access-token.ts';
import type { Events } from '../events.ts';
import {
  type EndSessionForm,
  type EndSessionRules,
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
  type LogoutTokens,
  type PresentedTokens,
  readPresentedTokens,
} from './presented-tokens.ts';

/** Where a logout sends the browser. */
export interface LogoutAnswer {
  readonly provider: Provider;
  /** The End Session URL; `undefined` where the provider has none. */
  readonly redirect?: string | undefined;
  /** Makes the same request as a form; `undefined` where the provider takes none. */
  readonly form?: (() => EndSessionForm) | undefined;
  /** Binds the browser to the `state`, where there is one. */
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

/**
 * Ends the session that tokens belong to: validate everything, read what the answer needs, invalidate, revoke, answer.
 * The same logout again completes what the first one left, and within `retryWindow` its answer is the same.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
 */
export class RpInitiatedLogout {
  readonly #parts: RpInitiatedLogoutParts;

  constructor(parts: RpInitiatedLogoutParts) {
    this.#parts = parts;
  }

  /** Answers `undefined` where nobody knows of which provider the tokens are. */
  async logOut(
    tokens: LogoutTokens,
    returnTo: string | undefined,
  ): Promise<LogoutAnswer | undefined> {
    const presented = await readPresentedTokens(this.#parts, tokens);
    if (presented === undefined) return undefined;
    const { provider } = presented;
    const owner = ownerOf(presented);
    const request = await prepareEndSession(provider, owner, this.#parts);
    const call = presented.accessToken?.key ?? presented.refreshToken?.key ?? '';
    const before = await this.#stateBefore(presented, call);
    const state = before ?? request?.state ?? '';
    const { logoutEnds, seal, states } = this.#parts;
    const sealed = await seal.sealState(call, state);
    const [end, kept] = await Promise.all([
      logoutEnds.end({ presented, owner, call, state: sealed }),
      states.keep(state, returnTo),
    ]);
    await this.#untilAsked(end);
    const idToken = await this.#idTokenFor(presented, end);
    const answered = end.isRepeated
      ? await this.#stateOfRepeat({ end, call, state, before }, returnTo)
      : kept;
    this.#parts.events.emit('logout', { ...owner, repeated: end.isRepeated });
    const { sid } = readOwner(end.record?.owner ?? '') ?? owner;
    return { provider, ...request?.with(idToken, answered.state, sid), cookie: answered.cookie };
  }

  /** Sends a browser to the provider that has no session here. */
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

  // A hint goes to the login alone whose own token was presented, and not to whoever has a token bound to its sender.
  async #idTokenFor(presented: PresentedTokens, end: LogoutEnd): Promise<string | undefined> {
    const { provider, isSenderConstrained } = presented;
    if (end.record === undefined || !this.#isAnsweredAsBefore(end)) return undefined;
    if (isSenderConstrained || !isOfOwnLogin(presented)) return undefined;
    const { clientId } = provider.settings;
    const sealed = end.record.tokens[clientId];
    return sealed && this.#parts.seal.openIdToken(end.session, clientId, sealed);
  }

  /** The `state` that a token nobody had saved was answered before. */
  async #stateBefore({ entry }: PresentedTokens, call: string): Promise<string | undefined> {
    const note = readLogoutNote(entry);
    const isRecent = note !== undefined && note.at >= Date.now() / 1000 - this.#parts.retryWindow;
    return isRecent ? this.#parts.seal.openState(call, note.state) : undefined;
  }

  /** Within `retryWindow` the `state` of the first answer; later one that only the browser keeps. */
  async #stateOfRepeat(repeat: Repeat, returnTo: string | undefined): Promise<BoundState> {
    const { end, call, state, before } = repeat;
    const { seal, states } = this.#parts;
    const sealed = this.#isAnsweredAsBefore(end) ? end.record?.end?.state : undefined;
    const first = (sealed && (await seal.openState(call, sealed))) ?? before;
    if (first !== state) await states.drop(state);
    return first ? states.keep(first, returnTo) : states.unkept(state, returnTo);
  }

  async #untilAsked({ asked }: LogoutEnd): Promise<void> {
    const timeout = new AbortController();
    const { signal } = timeout;
    const over = setTimeout(this.#parts.revocationTimeout * 1000, undefined, {
      signal,
      ref: false,
    });
    await Promise.race([asked, over.catch(() => undefined)]);
    timeout.abort();
  }

  // A session that something else ended, and whose rest this logout took over, was answered by no logout.
  #isAnsweredAsBefore({ isRepeated, age, record }: LogoutEnd): boolean {
    if (!isRepeated) return true;
    const { retryWindow } = this.#parts;
    const { claimedAt, endedAt, state = '' } = record?.end ?? {};
    const isEndOfLogout = state !== '' && claimedAt === endedAt;
    return isEndOfLogout && retryWindow > 0 && age <= retryWindow;
  }
}

interface Repeat {
  readonly end: LogoutEnd;
  readonly call: string;
  /** The `state` that was kept with this request. */
  readonly state: string;
  /** The `state` that a token nobody had saved was answered before. */
  readonly before: string | undefined;
}

function ownerOf({ provider, accessToken, claims }: PresentedTokens): SessionOwner {
  const { sub, sid }: { sub?: unknown; sid?: unknown } = accessToken?.payload ?? {};
  return {
    issuer: provider.issuer,
    subject: typeof sub === 'string' ? sub : claims?.sub,
    sid: typeof sid === 'string' ? sid : claims?.sid,
  };
}

// The login's own token: one that was saved for it, or one that says that it was issued to this client.
function isOfOwnLogin({ login, accessToken, provider }: PresentedTokens): boolean {
  if (login !== undefined || accessToken === undefined) return true;
  return isOfClient(accessToken.payload, provider.settings.clientId);
}
