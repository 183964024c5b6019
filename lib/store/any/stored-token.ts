import type { TokenEntry } from '../../invalidation/token-entry.ts';
import { decodeTokenEntry, encodeTokenEntry } from '../codecs/token-entry.ts';
import { LETTERS } from '../key-letters.ts';
import type { TokenKey } from '../operations.ts';
import type { Stored } from './stored-step.ts';

export function storedToken({ kind, of }: TokenKey, ttl: number): Stored<TokenEntry | undefined> {
  const key = LETTERS[kind] + of;
  return {
    keys: [key],
    decode: ([text]) => decodeTokenEntry(text),
    writes: (before, after) =>
      after === undefined || after === before ? [] : [{ key, value: encodeTokenEntry(after), ttl }],
  };
}
