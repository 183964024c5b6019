/** An answer that was not right. */
export interface WrongAnswer {
  readonly kind: string;
  readonly outcome: string;
  readonly right: readonly string[];
  /** Seconds since the start of the load. */
  readonly at: number;
  readonly request: string;
  readonly isOutage: boolean;
}

const KEPT_OF_A_KIND = 3;

/** What was answered to each kind of request. */
export class Tally {
  readonly #counts = new Map<string, Map<string, { right: number; wrong: number }>>();
  readonly #kept = new Map<string, WrongAnswer[]>();
  total = 0;
  wrong = 0;

  addRight(kind: string, outcome: string): void {
    this.total += 1;
    this.#count(kind, outcome).right += 1;
  }

  addWrong(answer: WrongAnswer): void {
    const { kind, outcome } = answer;
    this.total += 1;
    this.wrong += 1;
    this.#count(kind, outcome).wrong += 1;
    const name = `${kind} ${outcome}`;
    const kept = this.#kept.get(name) ?? [];
    this.#kept.set(name, kept);
    if (kept.length < KEPT_OF_A_KIND) kept.push(answer);
  }

  /** A line of each kind: its answers and how many there were, of wrong ones after a `!`. */
  rows(): string[] {
    const kinds = [...this.#counts].sort(([one], [other]) => one.localeCompare(other));
    return kinds.map(([kind, outcomes]) => {
      const cells = [...outcomes].map(([outcome, { right, wrong }]) => {
        const told = [right > 0 && String(right), wrong > 0 && `!${wrong}`].filter(Boolean);
        return `${outcome}: ${told.join(' and ')}`;
      });
      return `${kind.padEnd(48)} ${cells.join(', ')}`;
    });
  }

  /** The first wrong answers of each kind and outcome. */
  wrongAnswers(): WrongAnswer[] {
    return [...this.#kept.values()].flat();
  }

  #count(kind: string, outcome: string): { right: number; wrong: number } {
    const outcomes = this.#counts.get(kind) ?? new Map<string, { right: number; wrong: number }>();
    this.#counts.set(kind, outcomes);
    const count = outcomes.get(outcome) ?? { right: 0, wrong: 0 };
    outcomes.set(outcome, count);
    return count;
  }
}
