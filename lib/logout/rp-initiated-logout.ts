import type { AccessTokens } from '../access-token/access-tokens.ts';
import type { Events } from '../events.ts';
import {
  checkPostLogoutRedirectUri,
  type EndSessionForm,
  type EndSessionRules,
  type PreparedEndSession,
  prepareEndSession,
  type SessionAtProvider,
} from '../provider/end-session-request.ts';
import type { Provider } from '../provider/provider.ts';
import type { Providers } from '../provider/providers.ts';
import { readOwner, type SessionOwner } from '../session/session-owner.ts';
import type { Operations } from '../store/operations.ts';
import { isOfClient } from '../token/token-kind.ts';
import { type KeptAnswer, KeptAnswers, type KeptAnswersParts } from './kept-answers.ts';
import type { ForeseenEnd, ForeseenLogout, LogoutEnd, LogoutEnds } from './logout-ends.ts';
import type { BoundState, PostLogoutStates } from './post-logout-states.ts';
import {
  type TokensOfLogout,
  type PresentedTokens,
  readPresentedTokens,
} from './presented-tokens.ts';
import { within } from './within.ts';

/** What the app wants of one logout. */
export interface LogoutWishes {
  readonly returnTo: string | undefined;
  /** One of the provider's; `undefined` for the default. */
  readonly postLogoutRedirectUri: string | undefined;
  /** The provider's session goes on. */
  readonly isLocal: boolean;
}

export interface LogoutAnswer {
  readonly provider: Provider;
  readonly postLogoutRedirectUri: string | undefined;
  /** `undefined` where the provider has no End Session endpoint, or its session goes on. */
  readonly redirect?: string | undefined;
  /** `undefined` where the provider takes none. */
  readonly form?: (() => EndSessionForm) | undefined;
  readonly cookie: string | undefined;
}

export interface RpInitiatedLogoutParts extends EndSessionRules, KeptAnswersParts {
  readonly providers: Providers;
  readonly accessTokens: AccessTokens;
  readonly operations: Operations;
  readonly logoutEnds: LogoutEnds;
  readonly states: PostLogoutStates;
  readonly events: Events;
  /** Seconds. */
  readonly revocationTimeout: number;
}

interface PreparedLogout {
  readonly presented: PresentedTokens;
  readonly owner: SessionOwner;
  /** `undefined` where the browser is not sent to the provider. */
  readonly request: PreparedEndSession | undefined;
  /** A digest of the presented token, to distinguish this logout. */
  readonly call: string;
  /** The earlier answer to the same unsaved token. */
  readonly before: KeptAnswer | undefined;
  readonly answer: KeptAnswer;
  readonly returnTo: string | undefined;
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
  readonly #answers: KeptAnswers;

  constructor(parts: RpInitiatedLogoutParts) {
    this.#parts = parts;
    this.#answers = new KeptAnswers(parts);
  }

  /** `undefined` where the provider of the tokens is unknown. */
  async logOut(tokens: TokensOfLogout, wishes: LogoutWishes): Promise<LogoutAnswer | undefined> {
    const presented = await readPresentedTokens(this.#parts, tokens);
    if (presented === undefined) return undefined;
    const prepared = await this.#prepare(presented, wishes);
    const invalidated = await this.#invalidate(prepared);
    await this.#untilAsked(invalidated.end);
    return this.#answer(invalidated);
  }

  /** A failing read fails here, before anything ends. */
  async #prepare(
    presented: PresentedTokens,
    { returnTo, postLogoutRedirectUri, isLocal }: LogoutWishes,
  ): Promise<PreparedLogout> {
    const { provider } = presented;
    checkPostLogoutRedirectUri(provider, postLogoutRedirectUri);
    const owner = ownerOf(presented);
    const call = presented.accessToken?.key ?? presented.refreshToken?.key ?? '';
    const readIdToken = () => this.#idTokenBefore({ presented, owner, call });
    const request = isLocal
      ? undefined
      : await prepareEndSession(provider, { ...owner, readIdToken }, this.#parts);
    const before = this.#answers.ofUnsaved(presented, call);
    const state = request === undefined ? '' : ownState(request, before);
    const answer = { state, postLogoutRedirectUri };
    return { presented, owner, request, call, before, answer, returnTo };
  }

  async #invalidate(prepared: PreparedLogout): Promise<InvalidatedLogout> {
    const { presented, owner, call, answer, returnTo } = prepared;
    const { logoutEnds, states } = this.#parts;
    const sealed = this.#answers.seal(call, answer);
    const [end, kept] = await Promise.all([
      logoutEnds.end({ presented, owner, call, answer: sealed }),
      states.keep(answer.state, returnTo),
    ]);
    return { prepared, end, kept };
  }

  async #untilAsked({ asked }: LogoutEnd): Promise<void> {
    await within(this.#parts.revocationTimeout * 1000, asked, () => undefined);
  }

  async #answer(invalidated: InvalidatedLogout): Promise<LogoutAnswer> {
    const { prepared, end } = invalidated;
    const { presented, owner, request, call, before } = prepared;
    const { provider } = presented;
    const idToken = this.#idTokenFor(presented, end);
    const first = end.isRepeated ? (this.#answers.ofEnd(end, call) ?? before) : undefined;
    const { state, cookie } =
      request?.returnsWith(idToken) === false
        ? await this.#unbind(prepared)
        : await this.#bind(invalidated, first?.state);
    this.#parts.events.emit('logout', { ...owner, repeated: end.isRepeated });
    const { sid } = readOwner(end.record?.owner) ?? owner;
    const { postLogoutRedirectUri } = first ?? prepared.answer;
    const sent = request?.with({ idToken, postLogoutRedirectUri, state, sid });
    return { provider, postLogoutRedirectUri, ...sent, cookie };
  }

  async withoutSession(
    named: Provider | undefined,
    { returnTo, postLogoutRedirectUri, isLocal }: LogoutWishes,
  ): Promise<LogoutAnswer> {
    const provider = named ?? this.#parts.providers.first;
    checkPostLogoutRedirectUri(provider, postLogoutRedirectUri);
    const request = isLocal
      ? undefined
      : await prepareEndSession(provider, NO_SESSION, this.#parts);
    const sentState = request?.returnsWith(undefined) === true ? request.state : '';
    const { state, cookie } = this.#parts.states.unkept(sentState, returnTo);
    const none = { idToken: undefined, sid: undefined };
    const sent = request?.with({ ...none, postLogoutRedirectUri, state });
    return { provider, postLogoutRedirectUri, ...sent, cookie };
  }

  async #idTokenBefore(logout: ForeseenLogout): Promise<string | undefined> {
    const end = await this.#parts.logoutEnds.foresee(logout);
    return end && this.#idTokenFor(logout.presented, end);
  }

  // Only a login whose own token was presented gets a hint. A token bound to a sender gets none.
  #idTokenFor(presented: PresentedTokens, end: ForeseenEnd): string | undefined {
    const { provider, isSenderConstrained } = presented;
    if (end.record === undefined || !this.#answers.isFirstOrRetry(end)) return undefined;
    if (isSenderConstrained || !isOfOwnLogin(presented)) return undefined;
    const { clientId } = provider.settings;
    const sealed = end.record.tokens[clientId];
    return sealed && this.#parts.seal.openIdToken(end.session, clientId, sealed);
  }

  /**
   * A retry within `retryWindow` gets the first answer's `state`; a later one gets a `state` kept
   * by the browser alone.
   */
  async #bind(
    { prepared, end, kept }: InvalidatedLogout,
    first: string | undefined,
  ): Promise<BoundState> {
    if (!end.isRepeated) return kept;
    const { returnTo, answer } = prepared;
    const { state } = answer;
    const { states } = this.#parts;
    if (first !== state) await states.drop(state);
    return first && state ? states.keep(first, returnTo) : states.unkept(state, returnTo);
  }

  /** No browser comes back to this `state`. */
  async #unbind({ answer }: PreparedLogout): Promise<BoundState> {
    await this.#parts.states.drop(answer.state);
    return this.#parts.states.unkept('', undefined);
  }
}

const NO_SESSION: SessionAtProvider = {
  subject: undefined,
  sid: undefined,
  readIdToken: () => Promise.resolve(undefined),
};

// An earlier answer without a `state` sent no browser to the provider.
function ownState(request: PreparedEndSession, before: KeptAnswer | undefined): string {
  return before === undefined || before.state === '' ? request.state : before.state;
}

function ownerOf({ provider, accessToken, claims }: PresentedTokens): SessionOwner {
  const { sub, sid }: { sub?: unknown; sid?: unknown } = claims ?? accessToken?.auth.payload ?? {};
  return {
    issuer: provider.issuer,
    subject: typeof sub === 'string' ? sub : undefined,
    sid: typeof sid === 'string' ? sid : undefined,
  };
}

// Saved for a login of this client, or issued to this client by its own claims.
function isOfOwnLogin({ claims, accessToken, provider }: PresentedTokens): boolean {
  const { clientId } = provider.settings;
  if (claims !== undefined) return claims.client_id === clientId;
  return accessToken !== undefined && isOfClient(accessToken.auth.payload, clientId);
}
