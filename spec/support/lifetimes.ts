import type { Lifetimes } from '../../lib/store/lifetimes.ts';

export const LIFETIMES: Lifetimes = {
  verdict: 600,
  session: 500,
  ended: 400,
  settled: 60,
  lease: 120,
};
