import type { Events } from '../events.ts';
import type { RegisteredToken, SessionRegistry } from '../session/session-registry.ts';
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

/** The end of a session, as it is listed. */
export interface SessionEnd {
  readonly key: string;
  readonly cutOff: number;
}

/** The meaning of the invalidation list: what an entry hits, and how long it has to be kept. */
export class Invalidations {
  readonly #list: InvalidationList;
  readonly #registry: SessionRegistry;
  readonly #events: Events;
  readonly #lifetimes: InvalidationLifetimes;
  readonly #registered = new WeakMap<AccessToken, RegisteredToken>();

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

  async isInvalidated(token: AccessToken): Promise<boolean> {
    const { token: own, subject, session } = await this.coverage(token);
    return own || subject || session;
  }

  /** The keys that decide about the token, as far as they are known. */
  keysOf(token: AccessToken): string[] {
    const keys = [token.key, token.subjectKey, token.sessionKey, this.#known(token)?.session];
    return [...new Set(keys)].filter((key) => key !== undefined);
  }

  /**
   * Looks up what hits the token. A session's cut-off spares a login that was saved after it, a
   * subject's one that was issued after it.
   */
  async coverage(token: AccessToken): Promise<Coverage> {
    const known = this.#known(token);
    const sessions = [...new Set([token.sessionKey, known?.session])];
    const [[own, subject, ...cutOffs], found = known] = await Promise.all([
      this.lookUp(token.key, token.subjectKey, ...sessions),
      known === undefined ? this.registered(token) : undefined,
    ]);
    if (!sessions.includes(found?.session)) {
      sessions.push(found?.session);
      cutOffs.push(...(await this.lookUp(found?.session)));
    }
    const ends = endsOf(sessions, cutOffs);
    const cutOff = ends.reduce((latest, end) => Math.max(latest, end.cutOff), 0);
    const isHit = subject !== undefined || cutOff > 0;
    const login = isHit ? await this.registered(token) : undefined;
    return {
      token: own !== undefined,
      subject: subject !== undefined && (login?.loginTime ?? token.authTime) <= subject,
      session: cutOff > (login?.generation ?? 0),
      ends,
    };
  }

  /** What the registry knows of the token; once it knows something, it is not asked again. */
  async registered(token: AccessToken): Promise<RegisteredToken | undefined> {
    const known = this.#known(token);
    if (known !== undefined) return known;
    const found = await this.#registry.findToken(token.key);
    // A miss is not kept: the token may be saved after its first request.
    if (found !== undefined) this.#registered.set(token, found);
    return found;
  }

  /** The cut-offs under these keys, in their order. */
  async lookUp(...keys: readonly (string | undefined)[]): Promise<(number | undefined)[]> {
    const known = [...new Set(keys)].filter((key) => key !== undefined);
    const found = known.length === 0 ? [] : await this.#list.check(known);
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

  #known(token: AccessToken): RegisteredToken | undefined {
    return token.registered ?? this.#registered.get(token);
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

function endsOf(
  keys: readonly (string | undefined)[],
  cutOffs: readonly (number | undefined)[],
): SessionEnd[] {
  const ends: SessionEnd[] = [];
  keys.forEach((key, index) => {
    const cutOff = cutOffs[index];
    if (key !== undefined && cutOff !== undefined) ends.push({ key, cutOff });
  });
  return ends;
}
