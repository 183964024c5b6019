/** Whose session it is, to be published when it ends: JSON of `issuer`, `subject` and `sid`. */
export type Owner = string;

/** What is published when a session, or a subject without sessions, ends. */
export interface EndMessage {
  /** The name of this end: each process tells of it once. */
  readonly event: string;
  /** The call that tells of it first; empty where there is none. */
  readonly claimant: string;
  readonly owner: Owner;
}
