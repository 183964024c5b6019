import type { Step } from '../../invalidation/step.ts';
import { corrupt } from '../codecs/corrupt.ts';
import type { StoreChange, StoreWrite } from '../store.ts';
import { encodeMessage } from './messages.ts';

/** How a state is stored under its keys. */
export interface Stored<State> {
  readonly keys: readonly string[];
  decode(texts: readonly (string | undefined)[]): State;
  writes(before: State, after: State, now: number): readonly StoreWrite[];
}

export function changeBy<State, Reply>(
  stored: Stored<State>,
  operation: (state: State, now: number) => Step<State, Reply>,
): StoreChange<Reply> {
  return (values, exactNow) => {
    const now = Math.floor(exactNow);
    const before = stored.decode(textsOf(values, stored.keys.length));
    const { state, reply, published } = operation(before, now);
    return {
      result: reply,
      writes: stored.writes(before, state, now),
      messages: published.map(encodeMessage),
    };
  };
}

export function textsOf(values: readonly unknown[], count: number): (string | undefined)[] {
  if (!Array.isArray(values) || values.length !== count) throw corrupt();
  return values.map((value: unknown) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw corrupt();
    return value;
  });
}
