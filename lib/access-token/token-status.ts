import { type Readings, type RefusingEntry, refusingEntry } from '../invalidation/judgement.ts';
import type { LinkedToken, TokenEntry } from '../invalidation/token-entry.ts';
import type { Epoch } from '../store/epoch.ts';
import { readTokenClaims } from '../token/token-claims.ts';
import { Batch } from '../store/batch.ts';
import { decodeCutOff } from '../store/codecs/cut-off.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import { decodeVerdict } from '../store/codecs/verdict.ts';
import type { Key, Operations } from '../store/operations.ts';
import type { AccessToken } from './access-token.ts';

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

/** By kind and digest. */
type Texts = ReadonlyMap<string, string | undefined>;

const EPOCH = { kind: 'epoch' } as const;

/**
 * All look-ups of one turn of the event loop share one round trip; a token whose login is not yet
 * known needs a second one. A corrupt entry fails for its own token alone.
 */
export class TokenStatuses {
  readonly #operations: Operations;
  readonly #epoch: Epoch;
  /** The entry of each token at its last look-up. */
  readonly #linked = new WeakMap<AskedToken, LinkedToken>();
  readonly #lookUps = new Batch((tokens: readonly AskedToken[]) => this.#lookUp(tokens));

  constructor(operations: Operations, epoch: Epoch) {
    this.#operations = operations;
    this.#epoch = epoch;
  }

  /** @throws {@link StoreUnavailableError} */
  async statusOf(token: AskedToken): Promise<TokenStatus> {
    const status = await this.#lookUps.runOne(token);
    if (status instanceof Error) throw status;
    return status;
  }

  async #lookUp(tokens: readonly AskedToken[]): Promise<(TokenStatus | Error)[]> {
    const texts = new Map<string, string | undefined>();
    const keysOfAll = () => tokens.flatMap((token) => this.#keysOf(token));
    await this.#read(texts, keysOfAll());
    for (const token of tokens) this.#remember(token, texts);
    const failure = await this.#read(texts, keysOfAll()).catch((error: unknown) => error as Error);
    return tokens.map((token) => {
      const isWhole = this.#keysOf(token).every((key) => texts.has(nameOf(key)));
      return isWhole ? this.#judge(token, texts) : (failure as Error);
    });
  }

  /** With the login remembered, the next look-up is one round trip. */
  #remember(token: AskedToken, texts: Texts): void {
    try {
      const entry = entryOf(token, texts);
      if (entry?.login !== undefined) this.#linked.set(token, entry);
    } catch {
      // The judgement of this token fails.
    }
  }

  #judge(token: AskedToken, texts: Texts): TokenStatus | Error {
    try {
      const readings = this.#readingsOf(token, texts);
      const { sessionKey: session, authTime, issuedAt } = token;
      return {
        refusedBy: refusingEntry({ session, authTime, issuedAt }, readings),
        isSaved: readings.entry?.login !== undefined,
        isSenderConstrained: isBound(readings.entry),
        digests: this.#keysOf(token).flatMap((key) => (key.kind === 'epoch' ? [] : [key.of])),
      };
    } catch (error) {
      return error as Error;
    }
  }

  #readingsOf(token: AskedToken, texts: Texts): Readings {
    const textOf = (key: Key) => texts.get(nameOf(key));
    const verdictOf = (of: string | undefined) =>
      of === undefined ? undefined : decodeVerdict(textOf({ kind: 'verdict', of }));
    const entry = entryOf(token, texts);
    const subject = entry?.login?.subject ?? token.subjectKey;
    return {
      entry,
      entryVerdict: verdictOf(entry?.login?.session),
      ownVerdict: verdictOf(token.sessionKey),
      cutOff:
        subject === undefined ? undefined : decodeCutOff(textOf({ kind: 'cut-off', of: subject })),
      epoch: this.#epoch.refusedUntil(textOf(EPOCH)),
    };
  }

  #keysOf(token: AskedToken): Key[] {
    const { key, subjectKey, sessionKey } = token;
    const login = (this.#linked.get(token) ?? token.saved)?.login;
    const verdicts = new Set([sessionKey, login?.session]);
    const subjects = new Set([subjectKey, login?.subject]);
    const keys: Key[] = [EPOCH];
    if (key !== undefined) keys.push({ kind: 'access-token', of: key });
    for (const of of verdicts) if (of !== undefined) keys.push({ kind: 'verdict', of });
    for (const of of subjects) if (of !== undefined) keys.push({ kind: 'cut-off', of });
    return keys;
  }

  async #read(texts: Map<string, string | undefined>, keys: readonly Key[]): Promise<void> {
    const missing = new Map(keys.map((key) => [nameOf(key), key]));
    for (const name of texts.keys()) missing.delete(name);
    if (missing.size === 0) return;
    const found = await this.#operations.read([...missing.values()]);
    [...missing.keys()].forEach((name, index) => texts.set(name, found[index]));
  }
}

function nameOf(key: Key): string {
  return key.kind === 'epoch' ? key.kind : `${key.kind} ${key.of}`;
}

function entryOf({ key }: AskedToken, texts: Texts): TokenEntry | undefined {
  return key === undefined
    ? undefined
    : decodeTokenEntry(texts.get(nameOf({ kind: 'access-token', of: key })));
}

function isBound(entry: TokenEntry | undefined): boolean {
  return entry?.login !== undefined && readTokenClaims(entry.claims)?.bound === true;
}
