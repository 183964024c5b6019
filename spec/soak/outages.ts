interface Span {
  readonly from: number;
  until: number;
}

/** When something was made to fail, and the short span after, in which 503 is right. */
export class Outages {
  readonly #spans: Span[] = [];

  /** Begins one, and answers how to end it, so many milliseconds from then on. */
  begin(from = performance.now()): (afterMs: number) => void {
    const span = { from, until: Infinity };
    this.#spans.push(span);
    return (afterMs) => {
      span.until = performance.now() + afterMs;
    };
  }

  /** Whether there was one at any time between. */
  touch(from: number, until: number): boolean {
    return this.#spans.some((span) => span.from <= until && from <= span.until);
  }
}
