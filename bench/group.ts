import type { Workbench } from './workbench.ts';

/** What a group has found. */
export interface Findings {
  /** Markdown. */
  readonly text: string;
  /** SVG. */
  readonly chart?: string;
}

/** Measures what belongs together. */
export type Group = (bench: Workbench) => Promise<Findings>;
