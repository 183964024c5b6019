import type { Events } from '../events.ts';
import type {
  LoginReference,
  RegisteredToken,
  SessionRegistry,
} from '../session/session-registry.ts';
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
  | { readonly kind: 'session'; readonly generation: number }
  | { readonly kind: 'subject'; readonly until: number }
);

/** The meaning of the invalidation list: what an entry hits, and how long it has to be kept. */
export class Invalidations {
  readonly #list: InvalidationList;
  readonly #registry: SessionRegistry;
  readonly #events: Events;
  readonly #lifetimes: InvalidationLifetimes;

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

  /** Tells whether the token itself, its subject or its session is on the list. */
  async cover(token: AccessToken): Promise<boolean> {
    const [[own, subject, session], registered] = await Promise.all([
      this.#lookUp(token.key, token.subjectKey, token.sessionKey),
      token.sessionKey === undefined ? this.registered(token) : undefined,
    ]);
    if (own !== undefined) return true;
    if (subject !== undefined && token.authTime <= subject) return true;
    if (session !== undefined) return isBefore(await this.registered(token), session);
    if (registered === undefined) return false;
    const [cutOff = 0] = await this.sessionCutOffs([registered.session]);
    return isBefore(registered, cutOff);
  }

  /** What the registry knows of the token; once it knows something, it is not asked again. */
  async registered(token: AccessToken): Promise<RegisteredToken | undefined> {
    token.registered ??= await this.#registry.findToken(token.key);
    return token.registered;
  }

  /** The cut-off of each session's logins; 0 where none has ended. */
  async sessionCutOffs(keys: readonly string[]): Promise<number[]> {
    return (await this.#lookUp(...keys)).map((cutOff) => cutOff ?? 0);
  }

  async isListed(key: string): Promise<boolean> {
    const [entry] = await this.#lookUp(key);
    return entry !== undefined;
  }

  /** Puts all on the list in one round trip, and tells of it when all is stored. */
  async add(invalidations: readonly Invalidation[]): Promise<void> {
    await this.#list.add(invalidations.map((invalidation) => this.#entry(invalidation)));
    for (const { kind, issuer, subject, sid } of invalidations) {
      this.#events.emit('invalidated', { kind, issuer, subject, sid });
    }
  }

  async #lookUp(...keys: readonly (string | undefined)[]): Promise<(number | undefined)[]> {
    const known = keys.filter((key) => key !== undefined);
    const found = await this.#list.check(known);
    return keys.map((key) => (key === undefined ? undefined : found[known.indexOf(key)]));
  }

  #entry(invalidation: Invalidation): InvalidationEntry {
    const { key, kind } = invalidation;
    const { maxTokenLifetime, maxSessionLifetime, clockTolerance } = this.#lifetimes;
    // A refresh token that the provider still honours goes on minting tokens of an ended session.
    const ttl = Math.max(maxTokenLifetime + clockTolerance + REFRESH_MARGIN, maxSessionLifetime);
    switch (kind) {
      case 'access-token':
        return { key, ttl: this.#secondsLeft(invalidation.expiresAt) };
      case 'refresh-token':
        return { key, ttl: maxSessionLifetime };
      case 'session':
        return { key, ttl, cutOff: Math.max(Date.now(), invalidation.generation + 1) };
      case 'subject':
        return { key, ttl, cutOff: invalidation.until };
    }
  }

  #secondsLeft(expiresAt: number): number {
    const { clockTolerance, expiredTokenGrace } = this.#lifetimes;
    const left = Math.ceil(expiresAt - Date.now() / 1000);
    return Math.max(1, left + (left > 0 ? clockTolerance : expiredTokenGrace));
  }
}

/** Tells whether a login, or one nobody registered, came before the cut-off of its session. */
function isBefore(login: LoginReference | undefined, cutOff: number): boolean {
  return login === undefined || login.generation < cutOff;
}
