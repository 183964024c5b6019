/** JSON of `issuer`, `subject` and `sid`. */
export type Owner = string;

export interface EndMessage {
  /** The name of this end: each process announces the end once. */
  readonly event: string;
  /** The call that announces first; empty for none. */
  readonly claimant: string;
  readonly owner: Owner;
}
