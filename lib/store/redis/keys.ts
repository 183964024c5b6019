import { LETTERS } from '../key-letters.ts';
import type { Key } from '../operations.ts';

/** All keys of one script have one hash tag, and so one slot. */
export class RedisKeys {
  readonly changes: string;
  readonly ends: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.changes = `${prefix}changed`;
    this.ends = `${prefix}session-ended`;
  }

  ofSession(session: string): [verdict: string, record: string] {
    return [this.#tagged(LETTERS.verdict, session), this.#tagged(LETTERS.record, session)];
  }

  ofSubject(subject: string): [cutOff: string, members: string] {
    return [this.#tagged(LETTERS['cut-off'], subject), this.#tagged(LETTERS.members, subject)];
  }

  ofState(digest: string): string {
    return this.#prefix + LETTERS.state + digest;
  }

  of(key: Key): string {
    switch (key.kind) {
      case 'epoch':
        return this.#prefix + LETTERS.epoch;
      case 'verdict':
      case 'cut-off':
        return this.#tagged(LETTERS[key.kind], key.of);
      case 'access-token':
      case 'refresh-token':
        return this.#prefix + LETTERS[key.kind] + key.of;
    }
  }

  /** One for each part of a Cluster's slots, so that a master started anew is noticed. */
  epochs(): string[] {
    return Array.from({ length: 64 }, (_, part) => this.#tagged(LETTERS.epoch, String(part)));
  }

  #tagged(letter: string, digest: string): string {
    return `${this.#prefix}${letter}{${digest}}`;
  }
}
