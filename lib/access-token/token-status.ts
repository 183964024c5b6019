import { type RefusingEntry, refusingEntry } from '../invalidation/judgement.ts';
import type { Login } from '../invalidation/login.ts';
import type { TokenEntry } from '../invalidation/token-entry.ts';
import { decodeCutOff } from '../store/codecs/cut-off.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import { decodeVerdict } from '../store/codecs/verdict.ts';
import type { Epoch } from '../store/epoch.ts';
import type { Key, Operations } from '../store/operations.ts';
import { readTokenClaims } from '../token/token-claims.ts';
import type { AccessToken } from './access-token.ts';
import { type NamedKey, type StatusKeys, statusKeys, type TokenDigests } from './status-keys.ts';

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

export type AskedToken = TokenDigests & Pick<AccessToken, 'authTime' | 'issuedAt' | 'saved'>;

interface Question {
  readonly token: AskedToken;
  readonly keys: StatusKeys;
  readonly resolve: (status: TokenStatus) => void;
  readonly reject: (failure: unknown) => void;
}

const EPOCH = { kind: 'epoch' } as const;

/** By the names of the keys. */
type Texts = Map<string, string | undefined>;

/**
 * All look-ups of one turn of the event loop share one round trip; a token whose login is not yet
 * known needs a second one. A corrupt entry fails for its own token alone.
 */
export class TokenStatuses {
  readonly #operations: Operations;
  readonly #epoch: Epoch;
  /** The login of each token at its last look-up: the next one is one round trip. */
  readonly #logins = new WeakMap<AskedToken, Login>();
  #questions: Question[] = [];

  constructor(operations: Operations, epoch: Epoch) {
    this.#operations = operations;
    this.#epoch = epoch;
  }

  /** @throws {@link StoreUnavailableError} */
  statusOf(token: AskedToken): Promise<TokenStatus> {
    const keys = statusKeys(token, this.#logins.get(token) ?? token.saved?.login);
    return new Promise((resolve, reject) => {
      const asked = this.#questions.push({ token, keys, resolve, reject });
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
      open = open.flatMap((question) => this.#answer(question, texts) ?? []);
    }
  }

  /** Only the missing keys, each once. */
  async #read(questions: readonly Question[], texts: Texts): Promise<void> {
    const missing = new Map<string, Key>();
    if (!texts.has(EPOCH.kind)) missing.set(EPOCH.kind, EPOCH);
    for (const { keys } of questions) {
      for (const key of keys.all) if (!texts.has(key.name)) missing.set(key.name, key);
    }
    const found = await this.#operations.read([...missing.values()]);
    [...missing.keys()].forEach((name, index) => texts.set(name, found[index]));
  }

  /** The question itself where the token turns out to have a login whose keys were not read. */
  #answer(question: Question, texts: Texts): Question | undefined {
    const { token, resolve, reject } = question;
    try {
      const entry = decodeTokenEntry(textOf(question.keys.entry, texts));
      const login = entry?.login;
      const keys = login === undefined ? question.keys : statusKeys(token, login);
      if (login !== undefined) this.#logins.set(token, login);
      if (!keys.all.every(({ name }) => texts.has(name))) return { ...question, keys };
      resolve(this.#judge(token, entry, { keys, texts }));
    } catch (error) {
      reject(error);
    }
    return undefined;
  }

  #judge(
    { sessionKey: session, authTime, issuedAt }: AskedToken,
    entry: TokenEntry | undefined,
    { keys, texts }: { readonly keys: StatusKeys; readonly texts: Texts },
  ): TokenStatus {
    const isSaved = entry?.login !== undefined;
    const owner = isSaved ? keys.login : keys.own;
    const readings = {
      entry,
      entryVerdict: isSaved ? decodeVerdict(textOf(owner.verdict, texts)) : undefined,
      ownVerdict: decodeVerdict(textOf(keys.own.verdict, texts)),
      cutOff: decodeCutOff(textOf(owner.cutOff, texts)),
      epoch: this.#epoch.refusedUntil(texts.get(EPOCH.kind)),
    };
    return {
      refusedBy: refusingEntry({ session, authTime, issuedAt }, readings),
      isSaved,
      isSenderConstrained: isSaved && readTokenClaims(entry.claims)?.bound === true,
      digests: keys.all.map(({ of }) => of),
    };
  }
}

function textOf(key: NamedKey | undefined, texts: Texts): string | undefined {
  return key === undefined ? undefined : texts.get(key.name);
}
