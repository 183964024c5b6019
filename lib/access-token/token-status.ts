import { type RefusingEntry, refusingEntry } from '../invalidation/judgement.ts';
import type { TokenEntry } from '../invalidation/token-entry.ts';
import { decodeCutOff } from '../store/codecs/cut-off.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import { decodeVerdict } from '../store/codecs/verdict.ts';
import type { Epoch } from '../store/epoch.ts';
import type { Key, Operations } from '../store/operations.ts';
import { readTokenClaims } from '../token/token-claims.ts';
import type { AccessToken } from './access-token.ts';
import { EPOCH, ownStatusKeys, type StatusKeys, withLogin } from './status-keys.ts';

export interface TokenStatus {
  /** `undefined` for a valid token. */
  readonly refusedBy: RefusingEntry | undefined;
  /** A login has the token. */
  readonly isSaved: boolean;
  /** Saved as bound to its sender. */
  readonly isSenderConstrained: boolean;
  /** Of all keys read. */
  readonly digests: readonly string[];
}

/** An access token; or a login known by the claims of its ID Token, which has no key. */
export interface AskedToken extends Pick<
  AccessToken,
  'subjectKey' | 'sessionKey' | 'authTime' | 'issuedAt' | 'saved'
> {
  readonly key: string | undefined;
}

interface Question {
  readonly token: AskedToken;
  readonly resolve: (status: TokenStatus) => void;
  readonly reject: (failure: unknown) => void;
}

type Texts = Map<Key, string | undefined>;

/**
 * All look-ups of one turn of the event loop share one round trip; a token whose login is not yet
 * known needs a second one. A corrupt entry fails for its own token alone.
 */
export class TokenStatuses {
  readonly #operations: Operations;
  readonly #epoch: Epoch;
  /** With the login of the last look-up: the next one is one round trip. */
  readonly #keys = new WeakMap<AskedToken, StatusKeys>();
  #questions: Question[] = [];

  constructor(operations: Operations, epoch: Epoch) {
    this.#operations = operations;
    this.#epoch = epoch;
  }

  /** @throws {@link StoreUnavailableError} */
  statusOf(token: AskedToken): Promise<TokenStatus> {
    return new Promise((resolve, reject) => {
      const asked = this.#questions.push({ token, resolve, reject });
      if (asked === 1) setImmediate(() => void this.#answerAll());
    });
  }

  async #answerAll(): Promise<void> {
    const texts: Texts = new Map();
    let open = this.#questions;
    this.#questions = [];
    while (open.length > 0) {
      try {
        await this.#read(open, texts);
      } catch (error) {
        for (const { reject } of open) reject(error);
        return;
      }
      open = open.filter((question) => !this.#answer(question, texts));
    }
  }

  /** Only the missing keys. */
  async #read(questions: readonly Question[], texts: Texts): Promise<void> {
    const missing: Key[] = [];
    for (const { token } of questions) {
      for (const key of this.#keysOf(token).all) {
        if (texts.has(key)) continue;
        texts.set(key, undefined);
        missing.push(key);
      }
    }
    const found = await this.#operations.read(missing);
    missing.forEach((key, index) => texts.set(key, found[index]));
  }

  /** `false` where the token turns out to have a login whose keys were not read. */
  #answer({ token, resolve, reject }: Question, texts: Texts): boolean {
    try {
      const known = this.#keysOf(token);
      const entry = decodeTokenEntry(textOf(known.entry, texts));
      const keys = entry?.login === undefined ? known : withLogin(known, entry.login);
      if (keys !== known) this.#keys.set(token, keys);
      if (!keys.all.every((key) => texts.has(key))) return false;
      resolve(this.#judge(token, entry, { keys, texts }));
    } catch (error) {
      reject(error);
    }
    return true;
  }

  #judge(
    { sessionKey: session, authTime, issuedAt }: AskedToken,
    entry: TokenEntry | undefined,
    { keys: { own, login, digests }, texts }: { keys: StatusKeys; texts: Texts },
  ): TokenStatus {
    const isSaved = entry?.login !== undefined;
    const readings = {
      entry,
      entryVerdict: isSaved ? decodeVerdict(textOf(login?.verdict, texts)) : undefined,
      ownVerdict: decodeVerdict(textOf(own.verdict, texts)),
      cutOff: decodeCutOff(textOf((isSaved ? login : own)?.cutOff, texts)),
      epoch: this.#epoch.refusedUntil(textOf(EPOCH, texts)),
    };
    return {
      refusedBy: refusingEntry({ session, authTime, issuedAt }, readings),
      isSaved,
      isSenderConstrained: isSaved && readTokenClaims(entry.claims)?.bound === true,
      digests,
    };
  }

  #keysOf(token: AskedToken): StatusKeys {
    const known = this.#keys.get(token);
    if (known !== undefined) return known;
    const own = ownStatusKeys(token);
    const keys = token.saved === undefined ? own : withLogin(own, token.saved.login);
    this.#keys.set(token, keys);
    return keys;
  }
}

function textOf(key: Key | undefined, texts: Texts): string | undefined {
  return key === undefined ? undefined : texts.get(key);
}
