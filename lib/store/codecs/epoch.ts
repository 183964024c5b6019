import { corrupt } from './corrupt.ts';

/** Since when the memory of the store is complete, in seconds. */
export function decodeEpoch(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw corrupt();
  return Number(text);
}
