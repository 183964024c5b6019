/** One sign-in at this app. The keys are digests and reveal no user. */
export interface Login {
  /** A digest of `iss` and `sid`; without a `sid`, `~` and a digest of `iss` and ID Token. */
  readonly session: string;
  /** A digest of `iss` and `sub`. */
  readonly subject: string;
  /**
   * `iat` of the login's ID Token, in whole seconds by the provider's clock. A refresh keeps the
   * time.
   */
  readonly time: number;
  /** 66 bits of a digest of the login's ID Token. */
  readonly id: string;
}

/** The first letter of a session without a `sid`; no digest contains this letter. */
export const WITHOUT_SID = '~';

export function isWithoutSid(session: string): boolean {
  return session.startsWith(WITHOUT_SID);
}
