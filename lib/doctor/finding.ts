/** `unknown`: not to be seen from outside. */
export type Level = 'fine' | 'risky' | 'wrong' | 'unknown';

export interface Finding {
  readonly feature: string;
  readonly level: Level;
  readonly detail: string;
}

export const fine = ofLevel('fine');
export const risky = ofLevel('risky');
export const wrong = ofLevel('wrong');
export const unknown = ofLevel('unknown');

function ofLevel(level: Level) {
  return (feature: string, detail: string): Finding => ({ feature, level, detail });
}
