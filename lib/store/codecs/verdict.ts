import type { Verdict } from '../../invalidation/verdict.ts';
import { corrupt } from './corrupt.ts';

/** The text `before id…`. */
export function encodeVerdict({ before, named }: Verdict): string {
  return [before, ...named].join(' ');
}

export function decodeVerdict(text: string | undefined): Verdict | undefined {
  if (text === undefined) return undefined;
  const [, before, named] = /^(-?\d{1,15})((?: \S+)*)$/.exec(text) ?? [];
  if (before === undefined || named === undefined) throw corrupt();
  return { before: Number(before), named: named === '' ? [] : named.slice(1).split(' ') };
}
