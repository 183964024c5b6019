import { InvalidTokenError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { RegisteredToken, SessionRegistry } from '../session/session-registry.ts';
import { Batch } from '../store/batch.ts';
import { secondsUntil } from '../store/seconds-until.ts';
import type { AccessToken } from '../token/access-token.ts';
import type { InvalidationEntry, InvalidationList } from './invalidation-list.ts';

// Seconds: a refresh that is under way at logout mints a token that lives as long from then on.
const REFRESH_MARGIN = 60;

export interface InvalidationLifetimes {
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly expiredTokenGrace: number;
  /** Seconds. */
  readonly maxTokenLifetime: number;
  /** Seconds. */
  readonly maxSessionLifetime: number;
}

/** What is to be invalidated, and whose it is. */
export type Invalidation = {
  readonly key: string;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly sid?: string | undefined;
} & (
  | { readonly kind: 'access-token'; readonly expiresAt: number }
  | { readonly kind: 'refresh-token' }
  | { readonly kind: 'session'; readonly cutOff: number }
  | { readonly kind: 'subject'; readonly cutOff: number }
);

/** Which entries of the list hit a token. */
export interface Coverage {
  readonly token: boolean;
  readonly subject: boolean;
  readonly session: boolean;
  /** The ends of its session that are listed, whether or not they spare its login. */
  readonly ends: readonly SessionEnd[];
}

const NOT_COVERED: Coverage = { token: false, subject: false, session: false, ends: [] };

/** The end of a session, as it is listed. */
export interface SessionEnd {
  readonly key: string;
  readonly cutOff: number;
}

/**
 * The meaning of the invalidation list: what an entry hits, and how long it has to be kept. The tokens that one turn
 * of the event loop asks about are one call of the list.
 */
export class Invalidations {
  readonly #list: InvalidationList;
  readonly #registry: SessionRegistry;
  readonly #events: Events;
  readonly #lifetimes: InvalidationLifetimes;
  readonly #registered = new WeakMap<AccessToken, RegisteredToken>();
  readonly #coverages = new Batch((tokens: readonly AccessToken[]) => this.#cover(tokens));
  readonly #lookUps = new Batch((keys: readonly string[]) => this.#list.check(keys));

  constructor(
    list: InvalidationList,
    registry: SessionRegistry,
    events: Events,
    lifetimes: InvalidationLifetimes,
  ) {
    this.#list = list;
    this.#registry = registry;
    this.#events = events;
    this.#lifetimes = lifetimes;
  }

  /** Here the list is asked each time. */
  isKnownValid(): boolean {
    return false;
  }

  /** @throws {@link InvalidTokenError} when the record of the token, or that it has none, keeps it out. */
  async isInvalidated(token: AccessToken): Promise<boolean> {
    const { token: own, subject, session } = await this.coverage(token);
    checkRecord(token, this.#known(token));
    return own || subject || session;
  }

  /** The keys that decide about the token, as far as they are known. */
  keysOf(token: AccessToken): string[] {
    const { key, subjectKey, sessionKey } = token;
    const session = this.#known(token)?.session;
    const keys = [key];
    if (subjectKey !== undefined) keys.push(subjectKey);
    if (sessionKey !== undefined) keys.push(sessionKey);
    if (session !== undefined && session !== sessionKey) keys.push(session);
    return keys;
  }

  /**
   * Looks up what hits the token. A session's cut-off spares a login that was saved after it, a
   * subject's one that was issued after it.
   */
  async coverage(token: AccessToken): Promise<Coverage> {
    const coverage = await this.#coverages.runOne(token);
    if (coverage instanceof Error) throw coverage;
    return coverage;
  }

  /** What the registry knows of the token; once it knows something, it is not asked again. */
  async registered(token: AccessToken): Promise<RegisteredToken | undefined> {
    const known = this.#known(token);
    if (known !== undefined) return known;
    const found = await this.#registry.findToken(token.key);
    return found && this.#remember(token, found);
  }

  /** The cut-offs under these keys, in their order. */
  async lookUp(...keys: readonly (string | undefined)[]): Promise<(number | undefined)[]> {
    const known = [...new Set(keys)].filter((key) => key !== undefined);
    const found = known.length === 0 ? [] : await this.#lookUps.run(known);
    return keys.map((key) => (key === undefined ? undefined : found[known.indexOf(key)]));
  }

  /**
   * Puts all on the list in one round trip, and tells of it when all is stored. What was listed before is stored
   * again and not told: a try that failed may have left it where it gets lost.
   */
  async add(
    invalidations: readonly Invalidation[],
    listed: readonly Invalidation[] = [],
  ): Promise<void> {
    const all = [...invalidations, ...listed];
    if (all.length === 0) return;
    await this.#list.add(all.map((invalidation) => this.#entry(invalidation)));
    for (const { kind, issuer, subject, sid } of invalidations) {
      this.#events.emit('invalidated', { kind, issuer, subject, sid });
    }
  }

  /** Tells every process that a token was saved: whoever decided about it before knew no session of it. */
  async tellSaved(accessTokenKey: string): Promise<void> {
    await this.#list.tell?.([accessTokenKey]);
  }

  // What fails for some tokens of the turn is the failure of those alone.
  async #cover(tokens: readonly AccessToken[]): Promise<(Coverage | Error)[]> {
    const unknown = tokens.filter((token) => this.#known(token) === undefined);
    const failures = new Map<AccessToken, Error>();
    const [cutOffs, found] = await Promise.all([
      this.#listed(tokens.flatMap((token) => this.keysOf(token))),
      this.#registry
        .findTokens(unknown.map(({ key }) => key))
        .catch((error: unknown) => unknown.map(() => error as Error)),
    ]);
    const late = new Map<AccessToken, string>();
    unknown.forEach((token, index) => {
      const each = found[index] ?? undefined;
      if (each instanceof Error) failures.set(token, each);
      else if (each !== undefined) {
        const { session } = this.#remember(token, each) as Partial<RegisteredToken>;
        if (session !== undefined && session !== token.sessionKey) late.set(token, session);
      }
    });
    try {
      for (const [key, cutOff] of await this.#listed([...late.values()])) cutOffs.set(key, cutOff);
    } catch (error) {
      for (const token of late.keys()) failures.set(token, error as Error);
    }
    return tokens.map(
      (token) => failures.get(token) ?? coverageOf(token, this.#known(token), cutOffs),
    );
  }

  /** The cut-offs of those keys that are listed. */
  async #listed(keys: readonly string[]): Promise<Map<string, number>> {
    const listed = new Map<string, number>();
    if (keys.length === 0) return listed;
    const cutOffs = await this.#list.check(keys);
    keys.forEach((key, index) => {
      const cutOff = cutOffs[index];
      if (cutOff !== undefined) listed.set(key, cutOff);
    });
    return listed;
  }

  #known(token: AccessToken): RegisteredToken | undefined {
    return token.registered ?? this.#registered.get(token);
  }

  // A miss is not kept: the token may be saved after its first request.
  #remember(token: AccessToken, found: RegisteredToken): RegisteredToken {
    this.#registered.set(token, found);
    return found;
  }

  #entry(invalidation: Invalidation): InvalidationEntry {
    const { key, kind } = invalidation;
    const { maxTokenLifetime, maxSessionLifetime, clockTolerance } = this.#lifetimes;
    // A refresh token that the provider still honours goes on minting tokens of an ended session.
    const ttl = Math.max(maxTokenLifetime + clockTolerance + REFRESH_MARGIN, maxSessionLifetime);
    switch (kind) {
      case 'access-token':
        return { key, ttl: this.#tokenTtl(invalidation.expiresAt) };
      case 'refresh-token':
        return { key, ttl: maxSessionLifetime };
      case 'session':
      case 'subject':
        return { key, ttl, cutOff: invalidation.cutOff };
    }
  }

  #tokenTtl(expiresAt: number): number {
    const { clockTolerance, expiredTokenGrace } = this.#lifetimes;
    if (expiresAt > Date.now() / 1000) return secondsUntil(expiresAt + clockTolerance);
    return secondsUntil(expiresAt + Math.max(clockTolerance, expiredTokenGrace));
  }
}

/** Tells whether the token is known to be an access token: by itself, or since it was saved as one. */
export function isKnownKind(
  { isUnclear, provider }: AccessToken,
  record: RegisteredToken | undefined,
): boolean {
  return !isUnclear || record?.issuer === provider.issuer;
}

function checkRecord(token: AccessToken, record: RegisteredToken | undefined): void {
  if (!isKnownKind(token, record)) throw new InvalidTokenError('wrong-kind');
  if (record?.isSenderConstrained === true) throw new InvalidTokenError('sender-constrained');
}

function coverageOf(
  { key, subjectKey, sessionKey, authTime }: AccessToken,
  login: RegisteredToken | undefined,
  cutOffs: ReadonlyMap<string, number>,
): Coverage {
  if (cutOffs.size === 0) return NOT_COVERED;
  const sessions = new Set([sessionKey, login?.session]);
  const ends = [...sessions].flatMap((session = '') => {
    const cutOff = cutOffs.get(session);
    return cutOff === undefined ? [] : [{ key: session, cutOff }];
  });
  const subjectCutOff = cutOffs.get(subjectKey ?? '') ?? -Infinity;
  return {
    token: cutOffs.has(key),
    subject: (login?.loginTime ?? authTime) <= subjectCutOff,
    session: ends.some(({ cutOff }) => cutOff > (login?.generation ?? 0)),
    ends,
  };
}
