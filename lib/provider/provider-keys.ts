import { errors, type FlattenedJWSInput, type JWTVerifyGetKey } from 'jose';
import { readMembers } from '../input/json-object.ts';
import type { KeySet } from './keys.ts';
import { type Copy, LastGood, type LastGoodParts } from './last-good.ts';

export interface ProviderKeysParts extends LastGoodParts<KeySet> {
  /** Given by the app, and so never fetched anew. */
  readonly areGiven: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Makes the error where the keys would be fetched too often; called once until the next fetch. */
  readonly refuse: () => Error;
}

/** The keys of a provider, fetched anew for a JWT whose key may be younger than they are. */
export class ProviderKeys {
  readonly #keys: LastGood<KeySet>;
  readonly #areGiven: boolean;
  readonly #clockTolerance: number;
  readonly #refuse: () => Error;

  constructor({ areGiven, clockTolerance, refuse, ...parts }: ProviderKeysParts) {
    this.#keys = new LastGood(parts);
    this.#areGiven = areGiven;
    this.#clockTolerance = clockTolerance;
    this.#refuse = refuse;
  }

  /**
   * Finds the key that a JWT names, for jose.
   *
   * @throws jose's `JWKSNoMatchingKey` when the provider has no such key; what the fetch throws when the
   * provider could not be asked.
   */
  readonly find: JWTVerifyGetKey = async (header, jws) => {
    const arrivedAt = performance.now();
    let keys = await this.#keys.get();
    for (;;) {
      try {
        return await keys.value(header, jws);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        if (this.#areGiven || keys.askedAt >= arrivedAt || this.#isOlder(jws, keys)) throw error;
      }
      // A fetch that was under way before the JWT came may have missed its key: then once more.
      keys = await this.#keys.renew(this.#refuse);
    }
  };

  /** Whether the JWT was issued before the keys were fetched, so that they would have its key. */
  #isOlder(jws: FlattenedJWSInput, { askedAt }: Copy<KeySet>): boolean {
    const now = Date.now() / 1000;
    const ageOfJwt = now - Math.min(issuedAt(jws) ?? now, now);
    return (performance.now() - askedAt) / 1000 <= ageOfJwt - this.#clockTolerance;
  }
}

// Not verified: whoever makes it up gets a refusal, or a fetch of the few that there are.
function issuedAt({ payload }: FlattenedJWSInput): number | undefined {
  const { iat } = readMembers(Buffer.from(payload as string, 'base64url').toString());
  return typeof iat === 'number' ? iat : undefined;
}
