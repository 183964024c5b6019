import type { Login } from '../invalidation/login.ts';
import type { Key } from '../store/operations.ts';
import type { AccessToken } from './access-token.ts';

type Kind = 'access-token' | 'verdict' | 'cut-off';

/** A key, with a name of its own among all keys. */
export type NamedKey = Extract<Key, { readonly kind: Kind }> & { readonly name: string };

/** The keys of a session and of its subject. */
interface OwnerKeys {
  readonly verdict: NamedKey | undefined;
  readonly cutOff: NamedKey | undefined;
}

/** The keys that the status of one token depends on, beside the epoch. */
export interface StatusKeys {
  readonly entry: NamedKey | undefined;
  /** By the token's own `sid` and `sub`. */
  readonly own: OwnerKeys;
  /** By the login that has the token, as far as known. */
  readonly login: OwnerKeys;
  /** Each once. */
  readonly all: readonly NamedKey[];
}

/** An access token; or a login known by the claims of its ID Token, which has no key. */
export interface TokenDigests extends Pick<AccessToken, 'subjectKey' | 'sessionKey'> {
  readonly key: string | undefined;
}

export function statusKeys(
  { key, sessionKey, subjectKey }: TokenDigests,
  login: Login | undefined,
): StatusKeys {
  const entry = named('access-token', key);
  const own = { verdict: named('verdict', sessionKey), cutOff: named('cut-off', subjectKey) };
  const ofLogin = {
    verdict: login?.session === sessionKey ? own.verdict : named('verdict', login?.session),
    cutOff: login?.subject === subjectKey ? own.cutOff : named('cut-off', login?.subject),
  };
  const keys = new Set([entry, own.verdict, ofLogin.verdict, own.cutOff, ofLogin.cutOff]);
  const all = [...keys].filter((each) => each !== undefined);
  return { entry, own, login: ofLogin, all };
}

function named(kind: Kind, of: string | undefined): NamedKey | undefined {
  return of === undefined ? undefined : { name: `${kind} ${of}`, kind, of };
}
