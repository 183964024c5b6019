/**
 * What a refusal is about. Every text is printable ASCII of at most 200 characters, and never has a
 * token, a `sub` or anything personal.
 */
export interface Evidence {
  /** The claim, the header member or the member of the answer concerned. */
  readonly claim?: string | undefined;
  /** What the configuration expects there. */
  readonly expected?: string | undefined;
  /**
   * What the token has there, for a time how far the time is off; absent where the token has
   * nothing. `(withheld)` stands for a text that may be a token or personal.
   */
  readonly found?: string | undefined;
  /** The configured issuer of the token's provider; absent where no provider was found. */
  readonly issuer?: string | undefined;
}

export interface Refusal<Reason extends string> extends Evidence {
  readonly reason: Reason;
}
