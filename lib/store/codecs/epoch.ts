import { corrupt } from './corrupt.ts';

/** Seconds. */
export function decodeEpoch(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw corrupt();
  return Number(text);
}
