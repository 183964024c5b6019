/** One sign-in at this app. Its parts are digests; they say nothing of the user. */
export interface Login {
  /** The key of its session: a digest of `iss` and `sid`; without a `sid`, `-` and a digest of `iss` and the ID Token. */
  readonly session: string;
  /** The key of its subject: a digest of `iss` and `sub`. */
  readonly subject: string;
  /**
   * The login time: `iat` of the login's ID Token, in whole seconds by the provider's clock. A refresh keeps
   * it.
   */
  readonly time: number;
  /** 64 bits of a digest of the login's ID Token. */
  readonly id: string;
}

/** Tells the key of a login whose provider named no `sid`. */
export function isWithoutSid(session: string): boolean {
  return session.startsWith('-');
}
