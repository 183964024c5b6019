import { errors, type FlattenedJWSInput, type JWTVerifyGetKey } from 'jose';
import { readMembers } from '../input/json-object.ts';
import type { KeySet } from './keys.ts';
import { type Copy, LastGood, type LastGoodParts } from './last-good.ts';

export interface ProviderKeysParts extends LastGoodParts<KeySet> {
  /** Keys given by the app are never fetched. */
  readonly areGiven: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
  /** For too many fetches; called once until the next fetch. */
  readonly refuse: () => Error;
}

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

  async ready(): Promise<void> {
    this.#keys.hasten();
    await this.#keys.get();
  }

  /**
   * @throws jose's `JWKSNoMatchingKey` when the provider has no such key; the error of the fetch
   * when the provider could not be asked.
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
      // A fetch under way before the JWT came may have missed its key: fetch once more.
      keys = await this.#keys.renew(this.#refuse);
    }
  };

  /** Keys fetched after the JWT was issued would include its key. */
  #isOlder(jws: FlattenedJWSInput, { askedAt }: Copy<KeySet>): boolean {
    const now = Date.now() / 1000;
    const ageOfJwt = now - Math.min(issuedAt(jws) ?? now, now);
    return (performance.now() - askedAt) / 1000 <= ageOfJwt - this.#clockTolerance;
  }
}

// Unverified: a forged `iat` gains a refusal, or one of a few fetches.
function issuedAt({ payload }: FlattenedJWSInput): number | undefined {
  const { iat } = readMembers(Buffer.from(payload as string, 'base64url').toString());
  return typeof iat === 'number' ? iat : undefined;
}
