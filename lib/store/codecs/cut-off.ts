import type { CutOff } from '../../invalidation/cut-off.ts';
import { corrupt } from './corrupt.ts';

/** The text `all withoutSid`. */
export function encodeCutOff({ all, withoutSid }: CutOff): string {
  return `${all} ${withoutSid}`;
}

export function decodeCutOff(text: string | undefined): CutOff | undefined {
  if (text === undefined) return undefined;
  const [, all, withoutSid] = /^(-?\d{1,15}) (-?\d{1,15})$/.exec(text) ?? [];
  if (all === undefined || withoutSid === undefined) throw corrupt();
  return { all: Number(all), withoutSid: Number(withoutSid) };
}
