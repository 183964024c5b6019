import { median, quantile } from 'simple-statistics';
import { writeNumber } from '../write-number.ts';

/** A median with its quartiles. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** `undefined` of nothing. */
export function spreadOf(values: readonly number[] = []): Spread | undefined {
  if (values.length === 0) return undefined;
  const [low = NaN, high = NaN] = quantile([...values], [0.25, 0.75]);
  return { low, median: median([...values]), high };
}

/** With three digits, as far as they stand behind the point. */
export function writeSpread({ low, median, high }: Spread): string {
  const digits = median >= 100 ? 0 : median >= 10 ? 1 : 2;
  const write = (value: number) => writeNumber(value, digits);
  return low === high ? write(median) : `${write(median)} (${write(low)} to ${write(high)})`;
}
